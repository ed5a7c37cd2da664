"""Absence over conversions, settings, joined identities and calendars put right: brought up to date is made anew.

The random weeks of an office (test_random_histories) have few of these; here every step has some.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from projections.answers import arranged, parse
from projections.engines.duck import DuckEngine
from projections.facts.columns import schema_of
from projections.facts.rules import rules
from projections.facts.tables import TABLES
from projections.runner import Head, Runner
from tests.answering import new_engine
from tests.examples import examples
from tests.projections.facts_by_hand import FIRST_MOMENT, Facts, in_order, text_of
from tests.projections.test_absence_by_model import World, told, worlds

ASKED_OF = ("absence_run", "penalty_threshold", "penalty_known", "unresolved_n", "n_resolved_late", "register_gap")
ANSWERS = arranged(parse(name, text_of(name)) for name in in_order(*ASKED_OF))
USED = ("place", "school_session", "succession", "setting", "line", "same_child", "mark")

Row = dict[str, Any]


@pytest.fixture(scope="module")
def facts() -> Iterator[Facts]:
    """One database for all examples."""
    made = Facts()
    yield made
    made.close()


def second_thoughts(facts: Facts, world: World, random: Random) -> list[tuple[str, Row]]:
    """What offices say again: another day held or not, a line that ends, a conversion undone, children parted."""
    found: list[tuple[str, Row]] = []
    for _ in range(random.randrange(12)):
        table = random.choice(
            ("school_session", "school_session", "line", "line", "succession", "setting", "same_child")
        )
        rows = pl.DataFrame(facts.database.sql(f"select * from {table}")).to_dicts()
        row = random.choice(rows) if rows else None
        if row is None:
            continue
        match table:
            case "school_session":
                change: Row = {"status": random.choice(("held", "cancelled", "planned_closure", "not_known"))}
            case "line":
                ends = row["to_date"] - timedelta(days=random.randrange(40))
                change = random.choice(({"to_date": ends}, {"on_roll": 0}, {"csa_from": None}, {"csa_until": ends}))
            case "succession":
                earlier = row["on_date"] - timedelta(days=random.randrange(30))
                change = random.choice(({"stands": 0}, {"registers_move": 0}, {"on_date": earlier}))
            case "setting":
                change = {"value_int": 1 - row["value_int"]}
            case _:
                change = {"child": random.choice((row["pupil"], 1))}
        found.append((table, {**row, **change}))
    return found


def history(facts: Facts, world: World, random: Random) -> list[tuple[str, Row]]:
    """All of it in some order; marks in their own, and most of the second thoughts late."""
    told(world, facts)
    placed: list[tuple[float, str, Row]] = []
    for table in USED:
        rows = pl.DataFrame(facts.database.sql(f"select * from {table} order by position")).to_dicts()
        turns = sorted(random.random() for _ in rows)
        placed += [(turn, table, row) for turn, row in zip(turns, rows, strict=True)]
    placed += [(0.8 + random.random() / 4, table, row) for table, row in second_thoughts(facts, world, random)]
    return [(table, row) for _, table, row in sorted(placed, key=lambda one: one[0])]


def frames(rows: list[tuple[str, Row]], first: int) -> dict[str, pl.DataFrame]:
    """Rows with their positions, as the loader hands them over."""
    found: dict[str, list[Row]] = {}
    for position, (table, row) in enumerate(rows, first):
        at = FIRST_MOMENT + timedelta(minutes=position)
        beside = {"position": position, "recorded_at": at, "recorded_on": at.date()}
        found.setdefault(table, []).append({**row, **beside})
    return {name: pl.DataFrame(those, schema=schema_of(TABLES[name])) for name, those in found.items()}


def stored(engine: DuckEngine) -> dict[str, list[tuple[Any, ...]]]:
    """Every stored answer, sorted."""
    names = [name for name, answer in ANSWERS.items() if answer.kind == "table"]
    return {name: sorted(engine.rows(f"select * from {name}"), key=repr) for name in names}


@settings(
    max_examples=examples(2),
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)
@given(worlds(), st.randoms(use_true_random=False))
def test_absence_brought_up_to_date_is_absence_made_anew(facts: Facts, world: World, random: Random) -> None:
    rows = history(facts, world, random)
    with TemporaryDirectory(prefix="rollbook-absence-") as folder:
        engine = new_engine(Path(folder))
        runner = Runner(engine, ANSWERS, rules())
        first, end = 0, len(rows) * 3 // 5
        while first < len(rows):
            head = Head(end, FIRST_MOMENT + timedelta(minutes=end))
            runner.catch_up([(end, frames(rows[first:end], first + 1))], head)
            first, end = end, min(len(rows), end + 1 + random.randrange(max(2, len(rows) // 8)))
        refreshed = stored(engine)
        runner.rebuild()
        anew = stored(engine)
        engine.close()
    assert [name for name in anew if refreshed[name] != anew[name]] == []
