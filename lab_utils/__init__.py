"""The engine, server and client that the lessons build by hand, ready to import."""

from lab_utils.checkup import doctor
from lab_utils.client import LabClient
from lab_utils.model.loading import load_engine
from lab_utils.panel import Lane, LivePanel, predict, race, scrub
from lab_utils.recording import record
from lab_utils.server import BackgroundServer, create_app
from lab_utils.server.registry import stop_all

__all__ = [
    "BackgroundServer",
    "LabClient",
    "Lane",
    "LivePanel",
    "create_app",
    "doctor",
    "load_engine",
    "predict",
    "race",
    "record",
    "scrub",
    "stop_all",
]
