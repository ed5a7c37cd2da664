"""Answers of a test's ledger, made in a folder that goes away: as the command would, by way of facts and SQL."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from domain.ledger.ledger import Ledger
from projections import answers
from projections.engines.duck import WORK, DuckEngine
from projections.engines.duck_reader import DuckReader
from projections.projector import Projector, asked_at
from projections.totals import Totals, totals


class UncommentedEngine(DuckEngine):
    """An engine that does not say of each of a thousand columns what it is: a sixth of the time of a small ledger's
    answers. What the command makes says so (tests/projections/test_contract.py)."""

    def _run(self, statement: str) -> None:
        if not statement.startswith("comment on "):
            super()._run(statement)


@cache
def _empty() -> Path:
    """A folder with a file that has the layout and nothing in it: made once a process."""
    folder = Path(tempfile.mkdtemp(prefix="rollbook-empty-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    DuckEngine(folder, threads=1).close()
    return folder


def new_engine(folder: Path) -> DuckEngine:
    """An engine on a new file, which holds the layout that it makes itself."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(_empty() / WORK, folder / WORK)
    return UncommentedEngine(folder, threads=1)


@contextmanager
def answers_of(ledger: Ledger, as_at: int | None = None) -> Iterator[DuckReader]:
    """Every answer of a ledger, as they stand or as at a moment."""
    with tempfile.TemporaryDirectory() as folder:
        engine = new_engine(Path(folder))
        try:
            Projector(ledger, engine).catch_up()
            published = engine.published
        finally:
            engine.close()
        reader = DuckReader(published, answers.every(), config={"threads": 1})
        try:
            if as_at is None:
                reader.current(asked_at(ledger, None))
            else:
                reader.as_at(asked_at(ledger, as_at))
            yield reader
        finally:
            reader.close()


def totals_of(ledger: Ledger, as_at: int | None = None) -> Totals:
    """What `rollbook totals` says."""
    with answers_of(ledger, as_at) as reader:
        return totals(reader, ledger.founding.la_code)
