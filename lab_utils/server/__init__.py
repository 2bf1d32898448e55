"""Tokens in, HTTP out. Nothing here knows torch."""

from lab_utils.server.app import create_app
from lab_utils.server.background import BackgroundServer

__all__ = ["BackgroundServer", "create_app"]
