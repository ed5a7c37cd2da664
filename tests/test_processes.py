"""A run in several processes is as good as one in one: what a file's tests share is made once, in one process."""

from __future__ import annotations

import os

import pytest

RAN: list[str] = []


@pytest.mark.parametrize("which", ["first", "second", "third", "fourth", "fifth", "last"])
def test_a_file_s_tests_run_in_one_process_one_after_another(request: pytest.FixtureRequest, which: str) -> None:
    RAN.append(request.node.nodeid)
    here = [item.nodeid for item in request.session.items if item.path == request.node.path]
    assert here[: here.index(request.node.nodeid) + 1] == RAN, os.environ.get("PYTEST_XDIST_WORKER", "one process")
