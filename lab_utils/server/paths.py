"""Which route a request means, where the app itself stands below a path."""

from starlette.types import Scope

OPENAI_PATHS = "/v1/"
"""Whoever asks under it expects OpenAI's format for schema errors, too: 400, not 422.
"""


def route_path(scope: Scope) -> str:
    """The path of `scope` without the app's own prefix (ASGI's `root_path`).

    A proxy may have cut the prefix off already; then the path is what it is.
    """
    path, root = str(scope["path"]), str(scope.get("root_path", "")).rstrip("/")
    below = bool(root) and f"{path}/".startswith(f"{root}/")
    return (path[len(root):] or "/") if below else path
