"""What the lab is measured against: the tutorial's own two servers, on our engine."""

from lab_utils.baselines.flask_server import create_flask_app
from lab_utils.baselines.tutorial_server import create_tutorial_app

__all__ = ["create_flask_app", "create_tutorial_app"]
