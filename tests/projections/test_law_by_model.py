"""The answers against the law walked day by day (law_model): random counties now, as at a past position, and refreshed.

Then each rule of the answers is taken out of its SQL, one after another, and must be missed: a property that would not
see a rule go has not tested it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st

from projections.answers import Answer, arranged, parse
from projections.engines.duck_reader import DuckReader
from projections.engines.engine import Asked, Engine, Reader
from projections.engines.postgres import PostgresEngine
from projections.engines.postgres_reader import PostgresReader
from projections.facts.columns import schema_of
from projections.facts.rules import rules
from projections.facts.tables import TABLES
from projections.runner import Head, Runner, Window
from tests.answering import new_engine
from tests.examples import examples
from tests.postgres import Server
from tests.projections import law_model as law
from tests.projections.facts_by_hand import FIRST_MOMENT, Facts, in_order, text_of
from tests.projections.law_by_hand import CASES, Case
from tests.projections.law_rules import RULES, Rule
from tests.projections.law_worlds import SETTINGS, World, counties, together, world_of
from tests.projections.postgres_county import PROJECTOR, Place, set_up_place

Found = tuple[Any, ...]
Asking = Callable[[str], list[Found]]


@dataclass(frozen=True)
class Check:
    """A question to the answers, and the same to the model."""

    name: str
    answers: tuple[str, ...]
    query: str
    of_model: Callable[[World], Iterable[Found]]

    def faults(self, ask: Asking, expected: frozenset[Found]) -> dict[str, Any]:
        """What the answers say and the model does not, and the other way round; what they say twice."""
        rows = ask(self.query)
        found = frozenset(rows)
        twice = len(rows) - len(found)
        differs = {"too much": found - expected, "missing": expected - found, "said twice": twice}
        return {kind: rows for kind, rows in differs.items() if rows}


def _known(of_model: Callable[[law.Known], Iterable[Found]]) -> Callable[[World], Iterable[Found]]:
    return lambda world: of_model(world.known)


def _weeks(k: law.Known) -> Iterator[Found]:
    return ((*key, *sums) for key, sums in law.model_weeks(k).items())


def _first_known(world: World) -> Iterator[Found]:
    return ((*key, position) for key, position in law.model_first_known(world.facts).items())


CHECKS = (
    Check(
        "which entries count, and why not",
        ("counted_entry",),
        "select line, session_date, session, code, class, why, child, told, csa from counted_entry",
        _known(law.model_counted),
    ),
    Check(
        "weekly sums",
        ("attendance_week",),
        "select line, week_start, half_term, why, code, cast(sessions as bigint), cast(possible as bigint),"
        " cast(present as bigint), cast(absent as bigint), cast(late as bigint) from attendance_week",
        _known(_weeks),
    ),
    Check(
        "persistent and severe absence, and since when",
        ("persistent_absence",),
        "select line, cohort, possible, absent, authorised, persistent, severe, persistent_since, severe_since"
        " from persistent_absence",
        _known(law.model_persistent),
    ),
    Check(
        "sums of the year",
        ("absence_year",),
        "select line, cohort, possible, absent, authorised from absence_year",
        _known(lambda k: {row[:5] for row in law.model_persistent(k)}),
    ),
    Check(
        "who is in published figures",
        ("published_line", "roll"),
        "select p.line, p.weeks_before, p.age_known from published_line p join roll r on r.line = p.line"
        " where p.left_out = '' and r.on_roll = 1",
        _known(law.model_published),
    ),
    Check(
        "entries that thresholds and runs look at",
        ("relevant_entry",),
        "select line, session_date, session, code, child, told from relevant_entry",
        _known(law.model_relevant),
    ),
    Check(
        "runs of absence",
        ("absence_run",),
        "select limb, chain, child, from_date, to_date, school_days, cancelled_days, tenth_on, twentieth_on, csa_days,"
        " csa_unknown_days, csa_from_date, csa_to_date, csa_tenth_on, place from absence_run",
        _known(law.model_runs),
    ),
    Check(
        "the attendance return for unauthorised absence",
        ("return_attendance",),
        "select line, run_from, run_to, school_days, sessions, period_from, period_to from return_attendance"
        " where limb = 'p7a' and needed = 1",
        _known(law.model_irregular),
    ),
    Check(
        "the attendance return for ten days",
        ("return_attendance",),
        "select child, place, run_from, run_to, school_days, period_from, period_to from return_attendance"
        " where limb = 'p7b' and needed = 1",
        _known(law.model_ten_days),
    ),
    Check(
        "ten sessions in ten school weeks",
        ("penalty_threshold",),
        "select chain, child, first_met_on, last_met_on, most_in_window, sessions from penalty_threshold",
        _known(law.model_threshold),
    ),
    Check(
        "when ten sessions could first be known",
        ("penalty_known",),
        "select chain, child, known_position from penalty_known",
        _first_known,
    ),
    Check(
        "N that stands",
        ("unresolved_n",),
        "select line, session_date, session, due_on, told from unresolved_n",
        _known(law.model_unresolved),
    ),
    Check(
        "N amended late",
        ("n_resolved_late",),
        "select position, due_on, late_at_school from n_resolved_late",
        _known(law.model_resolved_late),
    ),
    Check(
        "prompts for the sickness return",
        ("return_sickness",),
        "select place, child, school_year, limb, run_from, run_to, run_days, cast(sessions as bigint), school_days,"
        " prompted_on from return_sickness where prompt = 1",
        _known(law.model_sickness),
    ),
    Check(
        "entries in the junior class",
        ("return_new_pupil",),
        "select line, entry_day, exception, due_on from return_new_pupil where exception in ('asked', 'junior_class')",
        _known(law.model_junior),
    ),
    Check(
        "deletions",
        ("return_deletion",),
        "select line, deletion_day, exception from return_deletion",
        _known(law.model_deleted),
    ),
    Check(
        "two registers of one child",
        ("dual_registration",),
        "select line, session_date, session, case when other_code is not null then other_place end, other_code"
        " from dual_registration",
        _known(law.model_dual),
    ),
    Check(
        "characteristics that hold",
        ("characteristic_now",),
        "select line, kind, from_date from characteristic_now where latest = 1",
        lambda world: law.model_characteristics(world.known, world.today),
    ),
)
ANSWERS = tuple(dict.fromkeys(name for check in CHECKS for name in check.answers))


def put(facts: Facts, world: World) -> None:
    """A world in the tables of facts, and nothing else."""
    facts.clear()
    tables: dict[str, list[dict[str, Any]]] = {}
    for table, row in world.facts:
        tables.setdefault(table, []).append(dict(row))
    facts.put_frames({table: pl.DataFrame(rows, schema=schema_of(TABLES[table])) for table, rows in tables.items()})
    last = world.facts[-1][1]["position"] if world.facts else 0
    moment = datetime.combine(world.today, datetime.min.time())
    facts.put("asked", {"position": last, "moment": moment, "today": world.today})


def expected(check: Check, county: World) -> frozenset[Found]:
    """What the model says of each of its worlds."""
    return frozenset(row for world in county.apart for row in check.of_model(world))


def faults(ask: Asking, county: World) -> dict[str, Any]:
    """Where the answers differ from the model."""
    found = {check.name: check.faults(ask, expected(check, county)) for check in CHECKS}
    return {name: fault for name, fault in found.items() if fault}


@pytest.fixture(scope="module")
def facts() -> Iterator[Facts]:
    """One database for all examples."""
    made = Facts()
    yield made
    made.close()


EXAMPLES = settings(max_examples=examples(10), deadline=None, suppress_health_check=list(HealthCheck))


@EXAMPLES
@given(counties(), st.data())
def test_the_answers_say_what_the_law_walked_day_by_day_says_now_and_as_at(
    facts: Facts, county: World, data: st.DataObject
) -> None:
    note("\n".join(f"{table} {row}" for table, row in county.facts))
    position = data.draw(st.sampled_from([fact[1]["position"] for fact in county.facts]))
    for known_then in (county, county.upto(position)):
        put(facts, known_then)
        facts.build(*ANSWERS)
        assert faults(facts.ask, known_then) == {}


# --- what was worked out by hand


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.sentence)
def test_the_model_says_what_was_worked_out_by_hand(case: Case) -> None:
    (check,) = (check for check in CHECKS if check.name == case.check)
    assert {row[case.columns] for row in check.of_model(case.world)} == case.right


@cache
def county_by_hand() -> World:
    """All that was worked out by hand, in one ledger."""
    worlds = list({id(case.world): case.world for case in CASES}.values())
    return together(worlds, {}, worlds[0].today)


def test_the_answers_say_so_too(facts: Facts) -> None:
    put(facts, county_by_hand())
    facts.build(*ANSWERS)
    assert faults(facts.ask, county_by_hand()) == {}


# --- brought up to date, and asked as at the past, by the engines


@cache
def answers_made() -> Mapping[str, Answer]:
    """The answers that are checked, and those that they stand on."""
    return arranged(parse(name, text_of(name)) for name in in_order(*ANSWERS))


def windows(county: World, ends: Sequence[int]) -> Iterator[Window]:
    """A county in steps that end at some positions, as the loader hands them over."""
    first = 0
    for end in ends:
        tables: dict[str, list[dict[str, Any]]] = {}
        for table, row in county.facts:
            if first < row["position"] <= end:
                tables.setdefault(table, []).append(dict(row))
        yield end, {name: pl.DataFrame(rows, schema=schema_of(TABLES[name])) for name, rows in tables.items()}
        first = end


def asked_at(county: World, position: int) -> Asked:
    return Asked(position, FIRST_MOMENT + timedelta(minutes=position), county.today)


def told_step_by_step(engine: Engine, opened: Callable[[], Reader], county: World, parts: Sequence[float]) -> None:
    """Brought up to date step by step it says what the model says; so it does when asked as at each step."""
    last = int(county.facts[-1][1]["position"])
    ends = sorted({max(1, int(last * part)) for part in parts} | {last})
    for window in windows(county, ends):
        Runner(engine, answers_made(), rules()).catch_up([window], Head(window[0], asked_at(county, window[0]).moment))
        engine.publish()
    reader = opened()
    try:
        reader.current(asked_at(county, last))
        assert faults(lambda query: reader.ask(query).rows(), county) == {}
        for end in ends[:-1]:
            reader.as_at(asked_at(county, end))
            assert faults(lambda query: reader.ask(query).rows(), county.upto(end)) == {}
    finally:
        reader.close()


FEW = settings(EXAMPLES, max_examples=examples(2), phases=(Phase.explicit, Phase.reuse, Phase.generate))
PARTS = st.lists(st.floats(0.3, 0.99), min_size=1, max_size=2)


@FEW
@given(counties(most=2), PARTS)
def test_duckdb_refreshed_and_as_at_says_what_the_law_says(county: World, parts: list[float]) -> None:
    with TemporaryDirectory(prefix="rollbook-law-") as folder:
        engine = new_engine(Path(folder))
        try:
            told_step_by_step(
                engine, lambda: DuckReader(engine.published, answers_made(), config={"threads": 1}), county, parts
            )
        finally:
            engine.close()


@pytest.fixture(scope="module")
def place(postgres_server: Server) -> Iterator[Place]:
    with set_up_place(postgres_server) as made:
        yield made


@FEW
@given(counties(most=2), PARTS)
def test_postgresql_refreshed_and_as_at_says_what_the_law_says(place: Place, county: World, parts: list[float]) -> None:
    engine = PostgresEngine(place.conninfo, answers_made(), user=PROJECTOR, anew=True)
    try:
        told_step_by_step(
            engine, lambda: PostgresReader(place.conninfo, answers=answers_made(), user=PROJECTOR), county, parts
        )
    finally:
        engine.close()


# --- each rule, taken out

SEEDS = (26, 35, 97, 100, 129, 134, 175, 191, 197, 225, 229, 255, 272, 293, 310, 404, 411, 430, 441, 445, 453, 464)
"""Of the first 480 the fewest whose worlds miss every rule that all of those miss: 166. The rest is too rare for them."""


class County:
    """Answers over worlds in one ledger, what the model says of them, and whether it misses a rule."""

    def __init__(self, county: World) -> None:
        self.facts = Facts()
        put(self.facts, county)
        self.facts.build(*ANSWERS)
        self.expected = {check.name: expected(check, county) for check in CHECKS}

    def faults(self, checks: Iterable[Check]) -> bool:
        return any(check.faults(self.facts.ask, self.expected[check.name]) for check in checks)

    def misses(self, rule: Rule) -> bool:
        """Whether some check differs once the rule is taken out of its answer, and all that stands on that is made anew."""
        without = text_of(rule.answer).replace(rule.text, rule.without)
        above = [check for check in CHECKS if rule.answer in in_order(*check.answers)]
        made: set[str] = set()
        self.facts.database.execute("begin")
        try:
            for check in sorted(above, key=lambda check: len(in_order(*check.answers))):
                for name in in_order(*check.answers):
                    if name not in made and rule.answer in in_order(name):
                        text = without if name == rule.answer else text_of(name)
                        self.facts.database.execute(f"create or replace table {name} as {text}")
                        made.add(name)
                if self.faults([check]):
                    return True
        finally:
            self.facts.database.execute("rollback")
        return False


def test_the_text_of_every_rule_stands_in_its_answer() -> None:
    assert [rule.says for rule in RULES if rule.text not in text_of(rule.answer)] == []


def test_each_rule_taken_out_is_missed() -> None:
    """By worlds that were drawn, or where a corner is too rare for those, by one that was made up for it."""
    drawn = [world_of(seed) for seed in SEEDS]
    counties = [County(together(drawn, SETTINGS[1], drawn[0].today)), County(county_by_hand())]
    assert not any(county.faults(CHECKS) for county in counties)
    assert [rule.says for rule in RULES if not any(county.misses(rule) for county in counties)] == []
