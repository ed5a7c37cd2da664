"""The runner, on made-up answers: whatever the steps, the answers are those of a rebuild, now and as at any moment."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from projections.facts.tables import Column, Table
from projections.runner import FactsOutdated, Runner, Window
from tests.examples import examples
from tests.projections.making_answers import RULES, TABLES, TEXTS, Fact, Store, asked, frames, head, seen

ENTRIES = st.builds(
    lambda place, line, day, code: ("entry", {"place": place, "line": line, "day": day, "code": code}),
    st.integers(1, 2),
    st.integers(1, 4),
    st.integers(1, 7),
    st.sampled_from(["A", "B", "W", None]),
)
LINES = st.builds(
    lambda line, place, pupil: ("line", {"line": line, "place": place, "pupil": pupil}),
    st.integers(1, 4),
    st.integers(1, 3),
    st.integers(1, 2),
)
SHOPS = st.builds(
    lambda place, open_: ("shop", {"place": place, "open": open_}),
    st.integers(1, 3),
    st.one_of(st.none(), st.integers(0, 1)),
)
ONE = st.one_of(ENTRIES, LINES, ENTRIES, SHOPS)
HISTORIES = st.lists(ONE, max_size=30)
BEGUN: list[Fact] = [
    *(("line", {"line": line, "place": 1 + line % 2, "pupil": (line + 1) // 2}) for line in range(1, 5)),
    *(
        ("entry", {"place": 1 + line % 2, "line": line, "day": day, "code": "A"})
        for _ in range(5)
        for line in range(1, 5)
        for day in (1, 3, 4, 6)
    ),
]
"""Enough for whatever follows to be a refresh and no rebuild, and for every answer to hold something."""


def _steps(history: list[Fact], stops: list[int]) -> list[tuple[int, list[tuple[int, Fact]]]]:
    """A history cut at some positions."""
    numbered = list(enumerate(history, start=1))
    ends = sorted({min(stop, len(numbered)) for stop in stops} | {len(numbered)})
    found, first = [], 0
    for end in ends:
        if end > first:
            found.append((end, numbered[first:end]))
        first = end
    return found or [(0, [])]


@settings(max_examples=examples(10), deadline=None)
@given(st.lists(ONE, min_size=2, max_size=20), st.lists(st.integers(1, 20), max_size=5))
def test_answers_refreshed_in_whatever_steps_are_those_of_a_rebuild(history: list[Fact], stops: list[int]) -> None:
    with TemporaryDirectory() as folder:
        store = Store(Path(folder))
        try:
            begun = len(BEGUN)
            for end, step in _steps([*BEGUN, *history], [begun, *(begun + stop for stop in stops)]):
                done = store.take(step, end)
                assert bool(done.rebuilt) == (end == begun)
            refreshed = store.told()
            store.runner.rebuild()
            assert store.told() == refreshed
        finally:
            store.close()


@settings(max_examples=examples(6), deadline=None)
@given(HISTORIES, st.integers(0, 30))
def test_as_at_a_moment_is_what_a_store_that_stops_there_says(history: list[Fact], stop: int) -> None:
    stop = min(stop, len(history))
    with TemporaryDirectory() as one, TemporaryDirectory() as other:
        whole, stopped = Store(Path(one)), Store(Path(other))
        try:
            numbered = list(enumerate(history, start=1))
            whole.take(numbered, len(numbered))
            stopped.take(numbered[:stop], stop)
            now, then = whole.publish(), stopped.publish()
            now.as_at(asked(stop))
            then.current(asked(stop))
            names = [*whole.answers, "entry", "line", "shop"]
            assert seen(now, names) == seen(then, names)
            now.as_at(asked(stop), place=1)
            # What stands in no line's register is of no pupil of the place, so only what goes through lines is compared.
            through_lines = ["placed", "numbered", "later", "total"]
            expected = {name: [row for row in rows if row[0] == 1] for name, rows in seen(then, through_lines).items()}
            assert seen(now, through_lines) == expected
            now.close()
            then.close()
        finally:
            whole.close()
            stopped.close()


def test_an_answer_whose_file_changed_is_made_anew_and_so_is_what_stands_on_it_and_nothing_else(tmp_path: Path) -> None:
    numbered = list(enumerate(BEGUN, start=1))
    before = Store(tmp_path)
    before.take(numbered, len(numbered))
    kept = before.told()
    before.close()
    changed = {**TEXTS, "twice": TEXTS["twice"].replace("count(*) as places", "count(*) + 1 as places")}
    after = Store(tmp_path, changed)
    done = after.take([], len(numbered))
    assert (set(done.rebuilt), done.changed) == ({"twice", "mixed"}, ())
    assert [name for name, rows in after.told().items() if rows != kept[name]] == [
        name for name in ("twice",) if kept[name]
    ]
    assert after.take([], len(numbered)).anything is False
    after.close()


def test_an_answer_that_is_asked_no_more_is_removed(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.take(list(enumerate(BEGUN, start=1)), len(BEGUN))
    store.close()
    fewer = Store(tmp_path, {name: text for name, text in TEXTS.items() if name not in ("overdue", "rank")})
    assert set(fewer.take([], len(BEGUN)).dropped) == {"overdue", "rank"}
    assert fewer.engine.rows("select count(*) from duckdb_views() where view_name = 'overdue'") == [(0,)]
    assert fewer.engine.rows("select count(*) from duckdb_tables() where table_name = 'rank'") == [(0,)]
    fewer.close()


def test_a_repeated_word_changes_the_facts_and_no_answer(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.take(list(enumerate(BEGUN, start=1)), len(BEGUN))
    done = store.take([(len(BEGUN) + 1, BEGUN[-1])], len(BEGUN) + 1)
    assert (done.position, done.anything) == (len(BEGUN) + 1, False)
    store.close()


def test_facts_that_another_ledger_or_another_version_gave_are_not_mixed(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.take(list(enumerate(BEGUN, start=1)), len(BEGUN))
    with pytest.raises(FactsOutdated, match="another ledger, or an older copy"):
        store.take([], len(BEGUN) - 1)
    wider = {**TABLES, "shop": Table("shop", "Made up.", (*TABLES["shop"].columns, Column("name", "text", "Said.")))}
    with pytest.raises(FactsOutdated, match="by another version of Rollbook"):
        Runner(store.engine, store.answers, RULES, wider).loaded()
    store.close()


def test_a_catch_up_of_many_windows_that_stops_midway_goes_on_where_it_was(tmp_path: Path) -> None:
    def windows(upto: int) -> Iterator[Window]:
        for n, fact in enumerate(BEGUN, start=1):
            if n > upto:
                raise KeyboardInterrupt
            if n > store.runner.loaded():
                yield n, frames([(n, fact)])

    store = Store(tmp_path / "stopped")
    with pytest.raises(KeyboardInterrupt):
        store.runner.catch_up(windows(30), head(len(BEGUN)))
    assert (store.runner.loaded(), store.engine.state().position) == (29, 0)
    store.runner.catch_up(windows(len(BEGUN)), head(len(BEGUN)))
    whole = Store(tmp_path / "whole")
    whole.take(list(enumerate(BEGUN, start=1)), len(BEGUN))
    assert store.told() == whole.told()
    store.close()
    whole.close()
