"""A projector that is killed at a chosen instant of a catch-up: `python -m tests.projections.dying FOLDER POINT`.

It is the real one; only at the point named it sends itself SIGKILL, which nothing can catch.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from projections.engines import duck_files
from projections.engines.duck import DuckEngine
from tests.projections.making_answers import Fact, Store

FIRST: list[tuple[int, Fact]] = [
    *((n, ("line", {"line": n, "place": 1 + n % 2, "pupil": (n + 1) // 2})) for n in range(1, 9)),
    *((n, ("entry", {"place": 1, "line": 1 + n % 8, "day": n // 8, "code": "A"})) for n in range(9, 101)),
]
SECOND: list[tuple[int, Fact]] = [
    (101, ("entry", {"place": 1, "line": 1, "day": 2, "code": "B"})),
    (102, ("entry", {"place": 2, "line": 2, "day": 40, "code": "A"})),
    (103, ("line", {"line": 3, "place": 2, "pupil": 1})),
]


def _die(*_: Any, **__: Any) -> Any:
    os.kill(os.getpid(), signal.SIGKILL)


def _at_call(owner: Any, name: str, number: int, then: Callable[..., Any] = _die) -> None:
    real, calls = getattr(owner, name), 0

    def counted(*arguments: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        return (then if calls == number else real)(*arguments, **named)

    setattr(owner, name, counted)


def _half_copied(source: int, target: int, length: int) -> int:
    os.sendfile(target, source, 0, length // 2)
    _die()
    return 0


def _renamed(beside: Path, published: Path) -> None:
    os.rename(beside, published)
    _die()


POINTS: Mapping[str, Callable[[], None]] = {
    "before the facts": lambda: _at_call(DuckEngine, "append", 1),
    "between facts and answers": lambda: _at_call(DuckEngine, "new_rows", 1),
    "amid the answers": lambda: _at_call(DuckEngine, "refresh", 4),
    "before the state": lambda: _at_call(DuckEngine, "save", 1),
    "before the commit": lambda: _at_call(DuckEngine, "forget", 1),
    "before publishing": lambda: _at_call(DuckEngine, "publish", 1),
    "before the copy": lambda: _at_call(duck_files, "publish", 1),
    "amid the copy": lambda: _at_call(os, "copy_file_range", 1, _half_copied),
    "before the renaming": lambda: _at_call(Path, "replace", 1),
    "after the renaming": lambda: _at_call(Path, "replace", 1, _renamed),
}
"""How to be killed where."""


def main(folder: str, point: str) -> None:
    """Bring a folder that knows of `FIRST` up to `SECOND`, and be killed at the point."""
    store = Store(Path(folder))
    POINTS[point]()
    store.take(SECOND, SECOND[-1][0])
    store.engine.publish()


if __name__ == "__main__":
    main(*sys.argv[1:])
