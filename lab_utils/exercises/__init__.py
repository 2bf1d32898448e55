"""Exercises: functions that a learner writes, and checks that explain what is wrong."""

from lab_utils.exercises.check import check

__all__ = ["check"]
