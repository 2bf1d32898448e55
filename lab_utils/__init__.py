"""The engine, server and client that the lessons build by hand, ready to import."""

from lab_utils.client import LabClient
from lab_utils.model.loading import load_engine
from lab_utils.server import BackgroundServer, create_app

__all__ = ["BackgroundServer", "LabClient", "create_app", "load_engine"]
