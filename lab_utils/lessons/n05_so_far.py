"""What notebook 05 has made so far, for who starts in its middle."""

from socket import create_server
from threading import Thread
from time import perf_counter, sleep

import uvicorn

from lab_utils import BackgroundServer, predict
from lab_utils.lessons.n05_lives import Life, lives
from lab_utils.lessons.n05_plain_server import app_that_says, ask, start

__all__ = [
    "BackgroundServer", "Life", "Thread", "app_that_says", "ask", "create_server",
    "lives", "perf_counter", "predict", "sleep", "start", "uvicorn",
]
