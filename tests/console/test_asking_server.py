"""The same questions to a ledger in PostgreSQL: answers beside it, and a select of an analyst's own as that analyst."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from domain.moments import LONDON
from projections.answers import every
from projections.facts.tables import TABLES
from simulation import simulate_year
from tests.console.conftest import Command
from tests.console.test_analysts import Authority, authority

__all__ = ["authority"]


def today() -> str:
    """As the command would have it: a run of all tests may go on over midnight."""
    return f"{datetime.now(LONDON):%Y-%m-%d}"


def test_a_server_answers_as_a_laptop_does_and_an_analyst_asks_as_that_analyst(
    authority: Authority, tmp_path: Path
) -> None:
    made = simulate_year(tmp_path / "year.avro", places=2, pupils=40, weeks=2, seed=7, authority="805", faults=False)
    laptop = Command(tmp_path / "laptop")
    assert laptop("init", "--authority", "805", "--name", "Hartlepool").code == 0
    assert laptop("place", "add", "--laestab", "8052001", "--name", "Marram Primary", "--phase", "primary").code == 0
    assert laptop("import", str(made.path)).code == 0
    authority("import", str(made.path))

    refused = authority.rollbook("totals")
    assert (refused.code, "rollbook server answers" in refused.err) == (1, True), refused.err
    owner = ("--owner", authority.owner)
    authority("server", "answers", *owner)

    first = authority("totals", "--json")
    assert "Brought the answers up to the ledger first" in first.err
    assert first.data == laptop("totals", "--json").data

    counts = ("absent", "possible", "absent_perc", "since", "sessions_to_leave", "name")
    cohort = ("cohort", "persistent", "--json")
    told = [[row[name] for name in counts] for row in authority(*cohort).data]
    assert sorted(told) == sorted([row[name] for name in counts] for row in laptop(*cohort).data)
    assert told

    line = authority(*cohort).data[0]["line"]
    assert len(authority("cohort", "persistent", "--marks", line, "--json").data) == told[0][0]
    labels = {row["label"] for row in authority("labels", "--json").data}
    assert labels == {row["label"] for row in laptop("labels", "--json").data}
    place = authority(*cohort).data[0]["laestab"]
    assert {row["laestab"] for row in authority(*cohort, "--place", place, "--as-at", today()).data} == {place}

    for where, command in (("server", authority.rollbook), ("laptop", laptop)):
        assert command("export", str(tmp_path / where)).code == 0
        assert command("plot", "attendance", str(tmp_path / f"{where}.png")).code == 0
    for name in ("attendance", "attendance_by_reason_wide", "persistent_absence"):
        files = [(tmp_path / where / f"{name}.csv").read_text("utf-8") for where in ("server", "laptop")]
        assert sorted(files[0].splitlines()) == sorted(files[1].splitlines())

    again = authority("project", "--rebuild")
    assert "the ledger gives the same register" in again.out
    assert authority("totals", "--json").data == first.data
    assert authority("project", "--check", "--json").data["differing"] == []

    for command in (authority.rollbook, laptop):
        _asks_of_one_place_and_as_at(command, place)

    login = f"jo_of_{authority.database.dbname}"
    authority("server", "analyst", "add", login, "--place", place, *owner)
    for more in (("--as-at", "2025-09-10 12:00"), ("--place", place), ("--authority", "805")):
        assert authority.rollbook("sql", "select 1", "--login", login, *more).code == 2
    odd = "select array[1, 2] as some, interval '1 day' as day, gen_random_uuid() as id, true as yes"
    for form in (["--json"], ["--format", "csv"], [], ["--login", login]):
        assert "[1, 2]" in authority("sql", odd, *form).out
    asked = authority("sql", "select distinct laestab from register", "--login", login, "--json")
    assert asked.data == [{"laestab": place}]
    for statement in (
        "select pg_read_file('/etc/passwd')",
        "select * from register; drop table register",
        "delete from register",
        "select count(*) from stored_events",
        "select set_config('transaction_read_only', 'off', false), pg_sleep(0) from guard.may_see",
    ):
        said = authority.rollbook("sql", statement, "--login", login)
        assert said.code in (1, 2), statement
        assert said.err.startswith("rollbook: ")
    late = authority.rollbook("sql", "select pg_sleep(30)", "--login", login, "--seconds", "0.5")
    assert (late.code, "longer than 0.5 seconds" in late.err) == (1, True)


def _asks_of_one_place_and_as_at(command: Command, laestab: str) -> None:
    """A select of one's own, the same on a laptop and on a server: of a place, of an authority, as at a moment."""
    names = [*(name for name, table in TABLES.items() if table.dated), *every()]
    counted = " union all ".join(f"select '{name}' as name, count(*) as n from {name}" for name in names)
    asked = {
        about: {row["name"]: row["n"] for row in command("sql", counted, *about, "--characteristics", "--json").data}
        for about in ((), ("--authority", "805"), ("--authority", "806"), ("--place", laestab))
    }
    everything, whole, nothing, one = asked.values()
    assert 0 < one["register"] < whole["register"] == everything["register"]
    apart = {name for name in names if nothing[name] and name not in {"succession", "setting"}}
    assert not apart, "rows of no place"
    assert all(one[name] <= whole[name] <= everything[name] for name in names)

    of_place = ("sql", "select distinct n.laestab from register r join place_now n on n.place = r.place", "--json")
    assert command(*of_place, "--place", laestab).data == [{"laestab": laestab}]
    assert len(command(*of_place).data) == 2
    numbers = "select sum(n) as total, avg(n) as mean, sum(n) / 2.0 as half from (values (1), (2)) as v (n)"
    assert command("sql", numbers, "--json").data == [{"total": 3, "mean": 1.5, "half": 1.5}]
    marks = ("sql", "select count(*) as n from register", "--place", laestab, "--json")
    assert [command(*marks, *as_at).data[0]["n"] for as_at in ((), ("--as-at", today()))] == [one["register"]] * 2
    for long_ago in ("2020-01-01", "0001-01-01", "1969-12-31 23:59:59"):
        assert command(*marks, "--as-at", long_ago).data == [{"n": 0}]
    for ahead, says in (("2099-01-01", "2099-01-01 lies ahead: now is"), ("2025-10-26 01:30", "01:30+01:00 or")):
        said = command(*marks, "--as-at", ahead)
        assert (said.code, says in said.err) == (1 if "lies" in says else 2, True), said.err
    for statement in (
        "select query_to_xml('select 1', true, true, 'x')",
        "select * from pg_stats",
        "select set_config('rollbook.position', '1', false)",
        "select pg_sleep(1)",
    ):
        said = command("sql", statement)
        assert (said.code, "is not for questions here" in said.err) == (1, True), statement
    late = command("sql", "select count(*) from mark a, mark b, mark c, mark d", "--seconds", "0.3")
    assert (late.code, "longer than 0.3 seconds" in late.err) == (1, True), late.err
