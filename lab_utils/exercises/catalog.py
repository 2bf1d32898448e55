"""All exercises, by number."""

from lab_utils.exercises import n01, n02, n03, n04, n05, n06, n07, n08
from lab_utils.exercises.exercise import Exercise

EXERCISES: dict[str, Exercise] = {
    exercise.number: exercise
    for notebook in (n01, n02, n03, n04, n05, n06, n07, n08)
    for exercise in notebook.EXERCISES
}
"""In the order of the lessons; the first digit is the lesson's."""
