"""A verb that runs until it is told to stop, and stops then between two pieces of work."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any


@contextmanager
def until_told() -> Iterator[Callable[[], bool]]:
    """Whether somebody said stop: by SIGTERM or Ctrl-C. Said twice, it ends at once, and nothing is lost by that."""
    stop = False
    before: dict[int, Any] = {}

    def heard(number: int, _: FrameType | None) -> None:
        nonlocal stop
        stop = True
        signal.signal(number, before[number] or signal.SIG_DFL)

    for number in (signal.SIGTERM, signal.SIGINT):
        before[number] = signal.signal(number, heard)
    try:
        yield lambda: stop
    finally:
        for which, handler in before.items():
            signal.signal(which, handler or signal.SIG_DFL)
