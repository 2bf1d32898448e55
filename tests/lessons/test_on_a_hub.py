"""On a JupyterHub a server asks for a key; who asks by hand is served in lesson 03."""

import pytest

from tests.lessons.kernel import Kernel
from tests.lessons.lesson import Lesson

BY_HAND = "httpx.get(server.url + '/generate?prompt=hi', trust_env=False).status_code"
SERVED = f"""
import httpx
from lab_utils import BackgroundServer, create_app
from lab_utils.engine import FakeEngine
with BackgroundServer(create_app(FakeEngine())) as server:
    assert {BY_HAND} == 200
"""


@pytest.mark.program
def test_lesson_03_asks_by_hand_from_its_beginning_and_from_its_middle() -> None:
    with Kernel(JUPYTERHUB_SERVICE_PREFIX="/user/ada/") as kernel:
        assert kernel.run(SERVED).error == "AssertionError", "a Hub asks for a key"
        first, second = [cell.source for cell in Lesson("03").cells if cell.is_run][:2]
        for source in (first, second, 'assert " 200 " in head.decode()', SERVED):
            assert not (reply := kernel.run(source)).trace, reply.trace
        kernel.run("import os; del os.environ['LAB_API_KEY']")
        middle = "from lab_utils.lessons import n03_so_far"
        for source in (middle, SERVED):
            assert not (reply := kernel.run(source)).trace, reply.trace
