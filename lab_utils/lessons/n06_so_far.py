"""What notebook 06 has made so far, for who starts in its middle."""

from statistics import median

from lab_utils import BackgroundServer, LivePanel, create_app, load_engine, predict
from lab_utils.engine import Engine
from lab_utils.lessons.so_far import made
from lab_utils.plots import lanes
from lab_utils.timeline import Timeline, load

__all__ = [
    "BackgroundServer", "create_app", "lanes", "load_engine", "median", "predict",
]

RECORDING = "recordings/tinyllama-1.1b.json"


@made
def engine() -> Engine:
    """The real model, slowed down."""
    return load_engine("tutor", pace_ms=40)


@made
def server(engine: Engine) -> BackgroundServer:
    """It serves that engine."""
    return BackgroundServer(create_app(engine)).start()


@made
def panel(server: BackgroundServer) -> LivePanel:
    """A panel for that server."""
    return LivePanel(server)


@made
def blocked() -> Timeline:
    """The recording of Flask with one thread."""
    return load(RECORDING)[0]


@made
def streamed() -> Timeline:
    """The recording of FastAPI, streaming."""
    return load(RECORDING)[1]
