"""Timelines in, pictures out: no widgets, no server, no clock."""

from lab_utils.plots.lanes import lanes
from lab_utils.plots.picture import Picture

__all__ = ["Picture", "lanes"]
