"""A projector killed at any instant leaves what was published whole, and the next one puts everything right."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from projections.engines.duck import PUBLISHED
from projections.engines.duck_reader import DuckReader, NoAnswersYet
from tests.projections.dying import FIRST, POINTS, SECOND
from tests.projections.making_answers import TABLES, Store, answers, asked, seen

pytestmark = pytest.mark.on_disk

NAMES = [*answers(), "entry", "line"]


def _published(folder: Path) -> tuple[int, dict[str, list[tuple[object, ...]]]]:
    reader = DuckReader(folder / PUBLISHED, answers(), TABLES)
    try:
        position = reader.state().position
        reader.current(asked(position))
        return position, seen(reader, NAMES)
    finally:
        reader.close()


def _built(folder: Path, *steps: list[tuple[int, tuple[str, dict[str, object]]]]) -> None:
    store = Store(folder)
    for step in steps:
        store.take(step, step[-1][0])
        store.engine.publish()
    store.close()


@pytest.mark.parametrize("point", POINTS)
def test_a_projector_killed_at_any_instant_leaves_the_published_answers_whole(point: str, tmp_path: Path) -> None:
    _built(tmp_path / "killed", FIRST)
    before = _published(tmp_path / "killed")
    _built(tmp_path / "whole", FIRST, SECOND)
    after = _published(tmp_path / "whole")
    died = subprocess.run([sys.executable, "-m", "tests.projections.dying", tmp_path / "killed", point], check=False)
    assert died.returncode == -signal.SIGKILL
    assert _published(tmp_path / "killed") == (after if point == "after the renaming" else before)
    store = Store(tmp_path / "killed")
    loaded = store.runner.loaded()
    store.take([fact for fact in SECOND if fact[0] > loaded], SECOND[-1][0])
    store.engine.publish()
    store.close()
    assert _published(tmp_path / "killed") == after


def test_a_reader_keeps_the_answers_that_it_opened_while_new_ones_are_published(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.take(FIRST, 100)
    reader = store.publish()
    reader.current(asked(100))
    before = seen(reader, NAMES)
    store.take(SECOND, 103)
    store.publish().close()
    assert seen(reader, NAMES) == before
    assert _published(tmp_path)[0] == 103
    reader.close()
    store.close()


def test_nothing_is_copied_where_nothing_was_committed(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.take(FIRST, 100)
    store.publish().close()
    before = (tmp_path / PUBLISHED).stat().st_ino
    store.engine.publish()
    assert (tmp_path / PUBLISHED).stat().st_ino == before
    store.close()


def test_a_second_projector_in_a_folder_is_told_to_wait(tmp_path: Path) -> None:
    _built(tmp_path, FIRST)
    store = Store(tmp_path)
    script = (
        "import sys; from pathlib import Path; from projections.engines.duck import AnswersInUse\n"
        "from tests.projections.making_answers import Store\n"
        "try: Store(Path(sys.argv[1]))\n"
        "except AnswersInUse as error: print(error)"
    )
    said = subprocess.run([sys.executable, "-c", script, tmp_path], capture_output=True, text=True, check=True).stdout
    assert said == f"Another process works on the answers in {tmp_path}: let it end first, or stop it\n"
    store.close()


def test_where_nothing_was_published_a_reader_is_told_how_to_begin(tmp_path: Path) -> None:
    with pytest.raises(NoAnswersYet, match="run rollbook project first"):
        DuckReader(tmp_path / PUBLISHED, answers(), TABLES)


def test_a_view_of_today_fails_where_nobody_said_for_which_moment_it_is_asked(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.take(FIRST, 100)
    reader = store.publish()
    with pytest.raises(Exception, match="nobody said for which moment is asked"):
        reader.ask("select * from overdue")
    reader.close()
    store.close()


@pytest.mark.parametrize(
    "statement",
    [
        "select * from read_csv('/etc/hostname')",
        "copy (select 1 as a) to '/tmp/out.csv'",
        "attach '/tmp/other.duckdb' as other",
        "install httpfs",
        "load '/tmp/other.duckdb_extension'",
        "set enable_external_access = true",
        "create table answers.ans.mine as select 1 as a",
        "delete from answers.fact.entry",
    ],
)
def test_a_reader_that_is_locked_down_touches_nothing_but_the_answers(statement: str, tmp_path: Path) -> None:
    _built(tmp_path, FIRST)
    reader = DuckReader(tmp_path / PUBLISHED, answers(), TABLES)
    reader.current(asked(100))
    reader.lock_down()
    with pytest.raises(duckdb.Error):
        reader.connection.execute(statement).fetchall()
    reader.as_at(asked(50))
    assert len(reader.ask("select * from entry")) == 42
    reader.close()
