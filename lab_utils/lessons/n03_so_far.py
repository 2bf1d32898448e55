"""What notebook 03 has made so far, for who starts in its middle."""

import json
import os
import socket

import httpx

from lab_utils import BackgroundServer, create_app, predict
from lab_utils.engine import FakeEngine
from lab_utils.lessons.n03_ruler import read_events as parse
from lab_utils.lessons.n03_ruler import ruler
from lab_utils.sse import Decoder
from lab_utils.sse import encode as encode_event

__all__ = [
    "BackgroundServer", "Decoder", "FakeEngine", "create_app", "encode_event", "httpx",
    "json", "parse", "predict", "ruler", "socket",
]

os.environ["LAB_API_KEY"] = ""  # requests by hand carry no key, on a Hub either
