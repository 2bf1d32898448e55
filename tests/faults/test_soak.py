"""A short soak of each runner; `python -m tests.faults.soak` is the long one."""

import psutil
import pytest

from lab_utils.engine import FakeEngine
from tests.faults.soak import TOKENS, Held, soak
from tests.support import KINDS, Figure, Serve


@pytest.mark.parametrize("kind", KINDS)
def test_row_63_a_short_soak_leaves_everything_flat(
    serve: Serve, kind: str, caplog: pytest.LogCaptureFixture,
    record_property: Figure,
) -> None:
    served = serve(FakeEngine(["x "] * TOKENS, step_ms=0.1), kind=kind, max_queue=300)
    soaked = soak(served.url, 200, 63, psutil.Process())
    assert soaked.held, soaked
    left = soaked.endings["left"] / soaked.endings.total()
    assert 0.2 < left < 0.4
    assert not [record for record in caplog.records if record.levelname == "ERROR"]
    record_property("figure", f"{soaked.endings.total()} requests, {left:.0%} left, "
                    f"{soaked.late.memory_mb / soaked.early.memory_mb - 1:+.1%} memory")


def test_what_grows_is_not_flat() -> None:
    before = Held(memory_mb=100, threads=5, files=9)
    assert before.is_flat(before)
    for leaky in (Held(110, 5, 9), Held(100, 50, 9), Held(100, 5, 10)):
        assert not leaky.is_flat(before)
