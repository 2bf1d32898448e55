"""The engine, server and client that the lessons build by hand, ready to import.

A name is loaded when it is first used (PEP 562), so that a program that only needs the
client does not wait for torch and for widgets.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lab_utils.client import LabClient as LabClient
    from lab_utils.engine.loading import load_engine as load_engine
    from lab_utils.installation import doctor as doctor
    from lab_utils.panel import Lane as Lane
    from lab_utils.panel import LivePanel as LivePanel
    from lab_utils.panel import predict as predict
    from lab_utils.panel import race as race
    from lab_utils.panel import scrub as scrub
    from lab_utils.recording import record as record
    from lab_utils.registry import stop_all as stop_all
    from lab_utils.server import BackgroundServer as BackgroundServer
    from lab_utils.server import create_app as create_app

_HOMES = {
    "BackgroundServer": "lab_utils.server",
    "LabClient": "lab_utils.client",
    "Lane": "lab_utils.panel",
    "LivePanel": "lab_utils.panel",
    "create_app": "lab_utils.server",
    "doctor": "lab_utils.installation",
    "load_engine": "lab_utils.engine.loading",
    "predict": "lab_utils.panel",
    "race": "lab_utils.panel",
    "record": "lab_utils.recording",
    "scrub": "lab_utils.panel",
    "stop_all": "lab_utils.registry",
}

__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    """Load the module that holds `name`."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """What completion offers."""
    return sorted([*globals(), *_HOMES])
