"""The same questions to a ledger in PostgreSQL: answers beside it, and a select of an analyst's own as that analyst."""

from __future__ import annotations

from pathlib import Path

from simulation import simulate_year
from tests.console.conftest import Command
from tests.console.test_analysts import Authority, authority

__all__ = ["authority"]


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
    assert {row["laestab"] for row in authority(*cohort, "--place", place, "--as-at", "2099-01-01").data} == {place}

    for where, command in (("server", authority.rollbook), ("laptop", laptop)):
        assert command("export", str(tmp_path / where)).code == 0
        assert command("plot", "attendance", str(tmp_path / f"{where}.png")).code == 0
    for name in ("attendance", "attendance_by_reason_wide", "persistent_absence"):
        files = [(tmp_path / where / f"{name}.csv").read_text("utf-8") for where in ("server", "laptop")]
        assert sorted(files[0].splitlines()) == sorted(files[1].splitlines())

    again = authority("project", "--rebuild")
    assert "the ledger gives the same register" in again.out
    assert authority("totals", "--json").data == first.data

    login = f"jo_of_{authority.database.dbname}"
    authority("server", "analyst", "add", login, "--place", place, *owner)
    assert authority.rollbook("sql", "select 1").code == 2
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
