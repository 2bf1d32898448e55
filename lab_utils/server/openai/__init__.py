"""OpenAI's format: the routes under /v1 that every client library knows."""

from lab_utils.server.openai.routes import add_openai

__all__ = ["add_openai"]
