"""What a person sees and clicks: widgets over timelines that grow."""

from lab_utils.panel.predict import predict

__all__ = ["predict"]
