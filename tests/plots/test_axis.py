"""From values to places."""

import pytest

from lab_utils.plots.axis import Axis, round_up


def test_an_axis_maps_ends_to_ends_and_has_round_ticks() -> None:
    axis = Axis((0, 8), 100, 500)
    assert (axis.at(0), axis.at(8), axis.at(99)) == (100, 500, 500)
    assert axis.ticks(4) == [0, 2, 4, 6, 8]


def test_a_logarithmic_axis_has_powers_of_ten() -> None:
    log = Axis((0.1, 1000), 0, 400, log=True)
    assert log.at(10) == pytest.approx(200)
    assert log.ticks() == pytest.approx([0.1, 1, 10, 100, 1000])


def test_an_axis_ends_at_a_round_number() -> None:
    assert round_up(0.13) == 0.15 and round_up(7.5) == 8
