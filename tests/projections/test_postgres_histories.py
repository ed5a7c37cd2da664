"""The runner on PostgreSQL, on made-up answers and random histories: whatever the steps, what a rebuild gives.

The same histories as DuckDB's (test_runner): keys that are null, keys that inputs do not share, views between answers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from projections.engines.postgres import PostgresEngine
from projections.engines.postgres_reader import PostgresReader
from projections.runner import Runner
from tests.postgres import Server
from tests.projections import postgres_county
from tests.projections.making_answers import RULES, TABLES, Fact, answers, asked, frames, head, ordered
from tests.projections.postgres_county import PROJECTOR, Place
from tests.projections.test_runner import HISTORIES

ANSWERS = answers()
STORED = [name for name, answer in ANSWERS.items() if answer.kind == "table"]
BEGINNING: list[Fact] = [("entry", {"place": 1, "line": 1, "day": 1, "code": "A"})] * 80
"""A long first step, so that those that follow are refreshes and no rebuilds."""


@pytest.fixture(scope="module")
def place(postgres_server: Server) -> Iterator[Place]:
    with postgres_county.set_up_place(postgres_server) as made:
        yield made


def take(engine: PostgresEngine, facts: Sequence[tuple[int, Fact]], position: int) -> None:
    Runner(engine, ANSWERS, RULES, TABLES).catch_up([(position, frames(facts))], head(position))


def told(engine: PostgresEngine) -> dict[str, list[tuple[Any, ...]]]:
    return {name: ordered(engine.rows(f"select * from ans.{name}")) for name in STORED}


def cut(history: list[Fact], stops: list[int]) -> Iterator[tuple[int, list[tuple[int, Fact]]]]:
    """A history in steps that end at some positions."""
    numbered, first = list(enumerate(history, start=1)), 0
    for end in sorted({80, *(min(80 + stop, len(numbered)) for stop in stops), len(numbered)}):
        if end > first:
            yield end, numbered[first:end]
        first = end


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(HISTORIES, st.lists(st.integers(1, 30), max_size=4))
def test_answers_refreshed_in_whatever_steps_are_those_of_a_rebuild_and_as_at_finds_each_step_again(
    place: Place, history: list[Fact], stops: list[int]
) -> None:
    # The first step beside whatever stood, the others on what was put in its place.
    engine = PostgresEngine(place.conninfo, ANSWERS, tables=TABLES, user=PROJECTOR, anew=True)
    try:
        then = {}
        for end, step in cut([*BEGINNING, *history], stops):
            take(engine, step, end)
            engine.publish()
            then[end] = told(engine)
        Runner(engine, ANSWERS, RULES, TABLES).rebuild()
        assert told(engine) == then[max(then)]
    finally:
        engine.close()
    reader = PostgresReader(place.conninfo, answers=ANSWERS, tables=TABLES, user=PROJECTOR)
    try:
        for end, stood in then.items():
            reader.as_at(asked(end))
            assert {name: ordered(reader.ask(f"select * from {name}").rows()) for name in STORED} == stood
    finally:
        reader.close()
