"""What the lab is measured against: the tutorial's own two servers, on our engine.

`tutorial_server` is also a program of its own, so it is imported from its module.
"""

from lab_utils.baselines.flask_server import create_flask_app

__all__ = ["create_flask_app"]
