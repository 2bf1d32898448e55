"""Every section of a lesson runs alone, from its catch-up cell, and leaves nothing."""

import pytest

from tests.lessons.kernel import BEGIN, LEFT_BEHIND, RESET, Kernel
from tests.lessons.lesson import LESSONS, Lesson, Section

RUN_S = 60


def run(kernel: Kernel, section: Section) -> None:
    """Run it in a namespace that knows nothing of the others."""
    assert not kernel.run(RESET).error
    for cell in section.code:
        where = f"section {section.name}, {cell}"
        try:
            reply = kernel.run(cell.source, timeout_s=RUN_S)
        except TimeoutError as error:
            raise AssertionError(f"{where}: {error}") from None
        assert not reply.error, f"{where}:\n{reply.trace}"


@pytest.mark.timeout(5 * RUN_S)
@pytest.mark.parametrize("number", LESSONS)
def test_every_section_runs_alone(number: str) -> None:
    lesson = Lesson(number)
    with Kernel() as kernel:
        assert not kernel.run(BEGIN).error
        for section in lesson.sections:
            run(kernel, section)
        left = kernel.run(LEFT_BEHIND)
        assert not left.error, left.message
