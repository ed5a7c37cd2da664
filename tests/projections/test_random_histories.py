"""Whatever an office keys, in whatever order and steps: answers brought up to date are those made anew, and an answer
as at a moment is the one that a ledger gives which stops there. Row for row, every answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings

from projections.answers import read
from projections.engines.duck_reader import DuckReader
from projections.engines.engine import Asked, Engine
from projections.projector import Projector, instant
from tests.answering import new_engine
from tests.examples import examples
from tests.making import School
from tests.projections.stories import Act, Office, acts

ANSWERS = read()
Rows = Mapping[str, list[tuple[Any, ...]]]
ASKED = Asked(1 << 40, instant(0), instant(0).date())
"""What views with a "today" are asked by: one day for all, so that they can be compared."""
CHECKED = settings(
    max_examples=examples(3),
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)
"""A history takes seconds, so a failing one is shown as it is: to look for a shorter one takes minutes."""


def stored(engine: Engine) -> dict[str, list[tuple[Any, ...]]]:
    """Every stored answer."""
    return {
        name: sorted(engine.rows(f"select * from {name}"), key=repr)
        for name, answer in ANSWERS.items()
        if answer.kind == "table"
    }


def differing(one: Rows, other: Rows) -> list[str]:
    """The answers that differ, each with a row that only one of them has."""
    return [
        f"{name}: {next(iter({*rows} ^ {*other[name]}), 'a row twice')}"
        for name, rows in one.items()
        if rows != other[name]
    ]


@CHECKED
@given(acts, acts)
def test_answers_brought_up_to_date_step_by_step_are_those_made_anew(story: list[Act], more: list[Act]) -> None:
    with TemporaryDirectory(prefix="rollbook-story-") as folder:
        school = School.ready(Path(folder))
        engine, whole = new_engine(Path(folder) / "steps"), new_engine(Path(folder) / "whole")
        projector, office = Projector(school.ledger, engine), Office(school)
        projector.catch_up(window=40)
        for n, act in enumerate([*story, *more]):
            office.does(act)
            if n % 3 == 2:  # a new process, which knows only what the store of answers has
                projector = Projector(school.ledger, engine)
            projector.catch_up(window=40)
        Projector(school.ledger, whole).catch_up()
        try:
            assert differing(stored(engine), stored(whole)) == []
        finally:
            engine.close()
            whole.close()
            school.close()


@CHECKED
@given(acts, acts)
def test_an_answer_as_at_a_moment_is_that_of_a_ledger_which_stops_there(story: list[Act], more: list[Act]) -> None:
    with TemporaryDirectory(prefix="rollbook-story-") as folder:
        school = School.ready(Path(folder))
        engine, office = new_engine(Path(folder) / "answers"), Office(school)
        office.does(*story)
        Projector(school.ledger, engine).catch_up()
        then, stopped = school.head, stored(engine)
        office.does(*more)
        Projector(school.ledger, engine).catch_up()
        reader = DuckReader(engine.published, ANSWERS)
        reader.as_at(Asked(then, instant(0), instant(0).date()))
        asked = {
            name: sorted(reader.connection.execute(f"select * from {name}").fetchall(), key=repr) for name in stopped
        }
        reader.close()
        try:
            assert differing(stopped, asked) == []
        finally:
            engine.close()
            school.close()
