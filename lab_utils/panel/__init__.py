"""What a person sees and clicks: widgets over timelines that grow."""

from lab_utils.panel.live import LivePanel
from lab_utils.panel.prediction import predict
from lab_utils.panel.racing import Lane, race
from lab_utils.panel.scrubber import scrub

__all__ = ["Lane", "LivePanel", "predict", "race", "scrub"]
