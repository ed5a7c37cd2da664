"""`rollbook sql` reads facts and answers and does nothing else, whatever is typed, and not for ever."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.console.conftest import Command
from tests.making import School

MON = "2025-09-01 AM"


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Command]:
    """The command at a school with one register taken, whose N became I, and its answers."""
    home = tmp_path_factory.mktemp("school")
    home.chmod(0o700)
    school = School.ready(home)
    (home / "rollbook.toml").write_text('profile = "embedded"\norigin = "hartlepool.example/1"\n', "utf-8")
    school.takes("7B", MON, "08:45", Ann="/", Ben="N", Cal="/")
    school.changes(MON, "11:00", Ben=("N", "I"))
    command = Command(home)
    assert command("project").code == 0
    yield command
    school.close()


def test_a_select_over_answers_and_facts_is_answered_in_any_format(ready: Command) -> None:
    statement = "select code, count(*) as entries from register group by code order by code;"
    assert ready("sql", statement, "--json").data == [{"code": "/", "entries": 2}, {"code": "I", "entries": 1}]
    assert ready("sql", statement, "--format", "csv").out == "code,entries\n/,2\nI,1\n"
    assert ready("sql", "with c as (select * from calendar) select count(*) as n from c -- all", "--json").code == 0


def test_a_question_can_be_asked_as_at_a_moment(ready: Command) -> None:
    statement = "select code from register where code not in ('/') order by code"
    assert ready("sql", statement, "--json").data == [{"code": "I"}]
    assert ready("sql", statement, "--as-at", "2025-09-01 10:00", "--json").data == [{"code": "N"}]


@pytest.mark.parametrize(
    "statement",
    [
        "select * from read_text('{file}')",
        "select * from '{file}'",
        "select * from read_csv('/etc/passwd')",
        "select * from glob('/*')",
        "copy (select 1) to '{folder}/out.csv'",
        "select * from (copy (select 1) to '{folder}/out.csv')",
        "attach '{folder}/other.duckdb' as other",
        "install httpfs",
        "load httpfs",
        "set enable_external_access = true",
        "set lock_configuration = false",
        "pragma database_list",
        "create table t as select 1",
        "create secret s (type s3, key_id 'x', secret 'y')",
        "insert into answers.fact.mark select * from answers.fact.mark",
        "delete from answers.ans.register",
        "update answers.ans.register set code = '/'",
        "drop table answers.ans.register",
        "export database '{folder}/all'",
        "call pragma_version()",
        "select 1; select 2",
        "select 1) as a; copy (select 1) to '{folder}/out.csv' --",
        "",
        ";",
        "-- nothing",
    ],
)
def test_nothing_else_is_done_whatever_is_typed(ready: Command, tmp_path: Path, statement: str) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("the ledger's keys", "utf-8")
    before = {path: path.read_bytes() for path in ready.home.rglob("*.duckdb")}
    names = {path.name for path in tmp_path.iterdir()}
    said = ready("sql", statement.format(file=secret, folder=tmp_path))
    assert said.code in (1, 2), said.out
    assert said.err.startswith("rollbook: ") or "\nrollbook: " in said.err
    assert "the ledger's keys" not in said.out + said.err
    assert {path: path.read_bytes() for path in ready.home.rglob("*.duckdb")} == before
    assert {path.name for path in tmp_path.iterdir()} == names


def test_settings_stand_and_secrets_are_out_of_reach(ready: Command) -> None:
    settings = "select value from duckdb_settings() where name in ('enable_external_access', 'lock_configuration')"
    assert ready("sql", f"{settings} order by name", "--json").data == [{"value": "false"}, {"value": "true"}]
    assert ready("sql", "select * from duckdb_secrets()").code == 1


@pytest.mark.parametrize(
    "statement",
    [
        "select line from answers.ans.register",
        "select line from ans.register",
        "select * from query_table('register')",
        "select * from query('select line from register')",
        "select * from pragma_storage_info('register')",
        "select $$'$$) as x; select line from ans.register; select * from (select 1 --'",
    ],
)
def test_no_name_leads_past_what_a_question_may_read(ready: Command, statement: str) -> None:
    said = ready("sql", statement)
    assert (said.code, said.out) in ((1, ""), (2, ""))
    assert "rollbook: " in said.err


def test_a_column_of_any_type_is_told_and_a_sum_is_a_whole_number(ready: Command) -> None:
    types = "[1] as l, interval 1 day as i, 'x'::blob as b, now() as n, 1.5::decimal(4, 2) as d, 1 / 0 as z"
    for how in ("json", "csv", "table"):
        assert ready("sql", f"select sum(line) as s, {types} from register", "--format", how).code == 0, how
    (row,) = ready("sql", f"select sum(line) as s, {types} from register", "--json").data
    assert (row["s"], row["d"], row["l"], row["z"]) == (6, 1.5, "[1]", None)


def test_what_takes_too_long_is_stopped(ready: Command) -> None:
    said = ready("sql", "select count(*) from range(1000000000) a, range(1000000) b", "--seconds", "0.5")
    assert (said.code, "longer than 0.5 seconds" in said.err) == (1, True)
    said = ready("sql", "select * from range(100000000000)", "--seconds", "0.5")
    assert (said.code, "longer than 0.5 seconds" in said.err) == (1, True)


def test_what_needs_too_much_memory_is_refused(ready: Command) -> None:
    said = ready("sql", "select list(range) from range(50000000)", "--memory", "50MB")
    assert (said.code, "memory" in said.err) == (1, True)
    assert ready("sql", "select 1", "--memory", "lots").code == 2


def test_restricted_children_are_not_in_what_names_lead_to_but_for_their_own_place(
    school: School, at_school: Command
) -> None:
    upn = "A805200017129"
    school.enters("Dee", upn=upn, full_name="Dee Dunlin")
    school.takes("7B", MON, "08:45", Ann="/", Dee="N")
    count = ("sql", "select count(*) as n from register", "--json")
    assert at_school(*count).data == [{"n": 2}]
    restricted = at_school("record", "restrict-access", f"pupil={upn}", "level=no_location", "authority=Order 12")
    assert restricted.code == 0, restricted.err
    said = at_school(*count)
    assert said.data == [{"n": 1}]
    assert "restricted" in said.err
    for name in ("mark", "line", "roll", "line_now", "persistent_absence"):
        own = f"select count(*) as n from {name} where line in (select line from line_id)"
        everybody = at_school("sql", own, "--json", "--for", "8051234").data[0]["n"]
        assert at_school("sql", own, "--json").data[0]["n"] < everybody, name
    for hidden in ('1 as "--", line from register', "$$'$$, line from register --'", "line from 'register'"):
        assert len(at_school("sql", f"select {hidden}", "--json").data) == 1, hidden
    listed = at_school("cohort", "persistent", "--json")
    assert [row["name"] for row in listed.data] == []
    assert "Dee" not in listed.out
    assert [row["name"] for row in at_school("cohort", "persistent", "--json", "--for", "8051234").data] == [
        "Dee Dunlin"
    ]
    assert "not listed" in at_school("cohort", "persistent").out
