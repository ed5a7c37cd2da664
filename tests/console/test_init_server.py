"""The server profile as an operator sets it up and a clerk uses it, against a real PostgreSQL."""

from __future__ import annotations

import re
import stat
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from eventsourcing.persistence import OperationalError, PersistenceError

from console.home import Home, Settings
from consumers.deliveries import Delivery
from domain.ledger import postgres_setup
from domain.ledger.ledger import found
from domain.ledger.postgres_setup import STEPS, Step
from domain.ledger.postgres_store import open_postgres
from domain.ledger.store import Batch, TrackingRow
from simulation import simulate_year
from tests.console.conftest import Command, Said
from tests.making import container
from tests.postgres import Database, Server

INIT = ("init", "--authority", "805", "--name", "Hartlepool", "--profile", "server")
PLACE = ("place", "add", "--laestab", "8052001", "--name", "Marram Primary", "--phase", "primary")


@dataclass(frozen=True)
class Authority:
    """A database whose owner is no superuser, and the command at a home of its own."""

    database: Database
    rollbook: Command
    owner: str
    writer: str
    reader: str

    @property
    def server(self) -> tuple[str, ...]:
        """The options that name it."""
        url = self.database.as_role(self.owner).url
        return ("--database", url, "--writer", self.writer, "--reader", self.reader)

    def init(self, *more: str) -> Said:
        """`rollbook init`, as its operator types it."""
        return self.rollbook(*INIT, *self.server, *more)

    def as_superuser(self, *statements: str) -> None:
        """What a database administrator does."""
        self.database.run(*statements)

    def elsewhere(self) -> Command:
        """The command on another machine."""
        return Command(self.rollbook.home.with_name("another"))


@pytest.fixture
def authority(postgres_server: Server, postgres_database: Database, rollbook: Command) -> Iterator[Authority]:
    name = postgres_database.dbname
    made = Authority(postgres_database, rollbook, f"owner_of_{name}", f"writer_of_{name}", f"reader_of_{name}")
    postgres_server.role(made.owner, "LOGIN CREATEROLE")
    made.as_superuser(f"ALTER DATABASE {name} OWNER TO {made.owner}")
    yield made
    postgres_database.drop_roles(made.writer, made.reader, made.owner)


def one_sentence(said: Said, *parts: str) -> bool:
    """True if a command ended refused, with one sentence that has these parts."""
    assert said.code == 1, said
    assert said.out == ""
    assert said.err.startswith("rollbook: ")
    assert said.err.count("\n") == 1
    assert all(part in said.err for part in parts), said.err
    return True


def without_ids(text: str) -> list[str]:
    """Lines of an answer, but for ids, which are random."""
    return sorted(re.sub("[0-9a-f]{32}", "id", text).splitlines())


# --- set up, and set up again


def test_init_makes_schema_roles_and_ledger_and_says_each(authority: Authority) -> None:
    said = authority.init()
    assert said.code == 0, said.err
    for sentence in (
        f"Made the role {authority.writer}, which adds entries; it has no password yet.",
        f"Made the role {authority.reader}, which reads entries; it has no password yet.",
        "Made the schema rollbook.",
        "Layout, step 1: the tables of entries, streams and topics, and those beside the log.",
        "Set a guard on stored_events: nobody updates, deletes or truncates it.",
        f"Gave {authority.writer} SELECT, INSERT on stored_events, streams, topics, messages.",
        f"Gave {authority.writer} SELECT, INSERT, UPDATE on tracking.",
        f"Gave {authority.writer} SELECT, INSERT, DELETE on identity, held_bytes.",
        f"Gave {authority.reader} SELECT on stored_events, streams, topics, layout.",
        "Recovery key:",
    ):
        assert sentence in said.out
    assert "Left to do" not in said.out


def test_a_home_of_the_server_profile_holds_settings_and_keys_and_no_secret_of_the_database(
    authority: Authority,
) -> None:
    authority.init()
    home = authority.rollbook.home
    files = {path.name: stat.S_IMODE(path.stat().st_mode) for path in home.iterdir()}
    assert {"rollbook.toml", "keys.sqlite", "signing.key"} <= files.keys()
    assert "ledger.sqlite" not in files
    assert set(files.values()) == {0o600}
    settings = tomllib.loads((home / "rollbook.toml").read_text("utf-8"))
    assert settings == {
        "profile": "server",
        "origin": "rollbook.local/authority-805/1",
        "connection": f"dbname={authority.database.dbname} host={authority.database.host}",
        "schema": "rollbook",
        "writer": authority.writer,
        "reader": authority.reader,
    }


def test_init_again_has_nothing_to_do(authority: Authority) -> None:
    authority.init()
    before = {path.name: path.read_bytes() for path in authority.rollbook.home.iterdir()}
    again = authority.init()
    assert (again.code, again.err) == (0, "")
    assert "Nothing to do" in again.out
    assert "Recovery key" not in again.out
    assert authority.init("--json").data["did"] == []
    assert {path.name: path.read_bytes() for path in authority.rollbook.home.iterdir()} == before
    assert authority.rollbook("status").code == 0


def test_init_again_mends_guards_and_rights_and_says_so(authority: Authority) -> None:
    authority.init()
    writer, reader = authority.writer, authority.reader
    authority.as_superuser(
        "DROP TRIGGER unchanging ON rollbook.stored_events",
        "ALTER TABLE rollbook.topics DISABLE TRIGGER unchanging",
        "CREATE OR REPLACE FUNCTION rollbook.refuse_change() RETURNS trigger LANGUAGE plpgsql AS"
        " 'BEGIN RETURN NEW; END'",
        f"GRANT UPDATE (state) ON rollbook.stored_events TO {writer}",
        f"REVOKE INSERT ON rollbook.streams FROM {writer}",
        f"GRANT SELECT ON rollbook.identity TO {reader}",
        "GRANT DELETE ON rollbook.messages TO PUBLIC",
        f"GRANT CREATE ON SCHEMA rollbook TO {writer}",
    )
    did = authority.init("--json").data["did"]
    for sentence in (
        "Put the guards' function back: it was not as Rollbook made it.",
        "Put the guard of stored_events back: it was missing or off, so nothing refused a change meanwhile.",
        "Put the guard of topics back: it was missing or off, so nothing refused a change meanwhile.",
        f"Took UPDATE on stored_events from {writer}.",
        f"Gave {writer} INSERT on streams.",
        f"Took SELECT on identity from {reader}.",
        "Took from everybody: all rights on messages.",
        f"Took CREATE on the schema rollbook from {writer}.",
    ):
        assert sentence in did
    assert len(did) == 8
    assert authority.init("--json").data["did"] == []
    for statement in ("UPDATE rollbook.stored_events SET state = state", "DELETE FROM rollbook.topics"):
        with pytest.raises(psycopg.errors.RaiseException):
            authority.as_superuser(statement)


def test_a_ledger_made_before_there_were_steps_and_roles_is_brought_up_to_date(authority: Authority) -> None:
    authority.init()
    authority.rollbook(*PLACE)
    authority.as_superuser(
        "DROP TABLE rollbook.layout",
        "DROP FUNCTION rollbook.refuse_change() CASCADE",
        *(f"REVOKE ALL ON ALL TABLES IN SCHEMA rollbook FROM {role}" for role in (authority.writer, authority.reader)),
    )
    assert one_sentence(authority.rollbook("status"), "older layout", "let the owner", "rollbook init")
    did = authority.init("--json").data["did"]
    assert "Layout, step 1: the tables of entries, streams and topics, and those beside the log." in did
    assert "Set a guard on stored_events: nobody updates, deletes or truncates it." in did
    assert f"Gave {authority.writer} SELECT, INSERT on stored_events, streams, topics, messages." in did
    assert [place["laestab"] for place in authority.rollbook("status", "--json").data["places"]] == ["8052001"]


def test_a_later_release_adds_its_step_once(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    authority.init()
    later = Step(2, "a note beside each import", ("CREATE TABLE {s}.notes (id bytea PRIMARY KEY, note text)",))
    monkeypatch.setattr(postgres_setup, "STEPS", (*STEPS, later))
    assert one_sentence(authority.rollbook("status"), "lacks step 2 of its layout", "let the owner")
    assert authority.init("--json").data["did"] == ["Layout, step 2: a note beside each import."]
    assert authority.init("--json").data["did"] == []
    assert authority.rollbook("status").code == 0
    monkeypatch.undo()
    assert one_sentence(authority.rollbook("status"), "has layout 2", "knows 1", "newer")
    assert one_sentence(authority.init(), "has layout 2", "newer")


def test_a_step_that_fails_leaves_the_layout_as_it_was(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    authority.init()
    broken = Step(2, "half of something", ("CREATE TABLE {s}.half (x int)", "CREATE TABLE {s}.half (x int)"))
    monkeypatch.setattr(postgres_setup, "STEPS", (*STEPS, broken))
    assert authority.init().code == 1
    monkeypatch.undo()
    assert authority.init("--json").data["did"] == []
    assert authority.database.execute("SELECT to_regclass('rollbook.half')") == [(None,)]


# --- whose ledger it is


def test_a_database_that_holds_a_ledger_already_is_refused_and_left_alone(authority: Authority) -> None:
    authority.init()
    authority.as_superuser("DROP TRIGGER unchanging ON rollbook.topics")
    elsewhere = authority.elsewhere()
    said = elsewhere(*INIT, *authority.server)
    assert one_sentence(said, "holds a ledger already", "rollbook.local/authority-805/1", "use that home", "--schema")
    assert not elsewhere.home.exists()
    assert len(authority.init("--json").data["did"]) == 1, "the guard was not put back by the one who was refused"


def test_two_ledgers_may_share_a_database_in_schemas_of_their_own(authority: Authority) -> None:
    authority.init()
    second = authority.elsewhere()
    said = second(*INIT, *authority.server, "--schema", "academies", "--origin", "trust.example/2")
    assert said.code == 0, said.err
    authority.rollbook(*PLACE)
    assert [len(at("status", "--json").data["places"]) for at in (authority.rollbook, second)] == [1, 0]


def test_a_home_whose_ledger_is_not_in_that_database_is_refused(authority: Authority) -> None:
    authority.init()
    home = authority.rollbook.home
    (home / "rollbook.toml").write_text(
        (home / "rollbook.toml").read_text("utf-8").replace('"rollbook"', '"elsewhere"'), "utf-8"
    )
    said = authority.init()
    assert one_sentence(said, "schema elsewhere", "holds no ledger", "keys of one")
    assert authority.database.execute("SELECT to_regnamespace('elsewhere')") == [(None,)]
    assert one_sentence(authority.rollbook("status"), "no ledger in schema elsewhere", "backup")


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (("--authority", "806"), "authority '805'"),
        (("--name", "Durham"), "name 'Hartlepool'"),
        (("--clock", "simulated"), "clock 'system'"),
        (("--origin", "other.example/1"), "origin 'rollbook.local/authority-805/1'"),
        (("--writer", "somebody"), "the writer is writer_of"),
    ],
)
def test_what_a_ledger_was_founded_with_cannot_become_something_else(
    authority: Authority, more: tuple[str, ...], sentence: str
) -> None:
    authority.init()
    assert one_sentence(authority.init(*more), sentence)


def test_a_founding_that_fails_leaves_a_database_that_can_be_founded(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(self: Home, settings: Settings) -> None:
        raise OSError(28, "No space left on device", "rollbook.toml")

    with monkeypatch.context() as patched:
        patched.setattr(Home, "_write", fails)
        assert one_sentence(authority.init(), "No space left")
    assert not authority.rollbook.home.exists()
    said = authority.init()
    assert said.code == 0, said.err
    assert authority.rollbook("status").code == 0


def test_a_founding_whose_end_is_not_known_keeps_its_keys(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut_off(*founded: Any) -> None:
        found(*founded)
        raise OperationalError("The answer was lost.")

    with monkeypatch.context() as patched:
        patched.setattr("console.home.found", cut_off)
        assert one_sentence(authority.init(), "The answer was lost")
    assert {"rollbook.toml", "keys.sqlite", "signing.key"} <= {p.name for p in authority.rollbook.home.iterdir()}
    assert authority.rollbook("status").code == 0


# --- what can be wrong


def test_a_password_in_the_connection_is_refused_and_never_repeated(authority: Authority) -> None:
    for url in ("postgresql://clerk:sesame@/x", "dbname=x password=sesame", "postgresql://clerk:sesame@/x?frob=1"):
        said = authority.rollbook(*INIT, "--database", url)
        assert one_sentence(said)
        assert "sesame" not in said.err
    assert not authority.rollbook.home.exists()


def test_a_password_that_somebody_wrote_into_the_settings_is_refused(authority: Authority) -> None:
    authority.init()
    settings = authority.rollbook.home / "rollbook.toml"
    settings.write_text(settings.read_text("utf-8").replace('"dbname=', '"password=sesame dbname='), "utf-8")
    said = authority.rollbook("status")
    assert one_sentence(said, "In rollbook.toml", "PGPASSWORD")
    assert "sesame" not in said.err


def test_a_server_that_is_not_there_is_named(authority: Authority, tmp_path: Path) -> None:
    nowhere = f"postgresql://owner@/x?host={tmp_path}"
    assert one_sentence(authority.rollbook(*INIT, "--database", nowhere), "No PostgreSQL answers", str(tmp_path))


def test_a_database_that_is_not_there_is_named(authority: Authority) -> None:
    missing = replace(authority.database, dbname="nothing_here", user=authority.owner).url
    said = authority.rollbook(*INIT, "--database", missing)
    assert one_sentence(said, "There is no database nothing_here", "createdb")


def test_a_role_that_is_not_there_is_named(authority: Authority) -> None:
    said = authority.rollbook(*INIT, "--database", authority.database.as_role("nobody_here").url)
    assert one_sentence(said, "There is no role nobody_here")


def test_a_wrong_or_missing_password_is_one_sentence_and_the_right_one_comes_from_the_environment(
    authority: Authority, postgres_server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    authority.init()
    authority.as_superuser(f"ALTER ROLE {authority.writer} PASSWORD 'sesame'")
    postgres_server.require_password(authority.writer)
    monkeypatch.setenv("PGPASSFILE", str(tmp_path / "pgpass"))
    assert one_sentence(authority.rollbook("status"), "asks for the password of the role", authority.writer)
    monkeypatch.setenv("PGPASSWORD", "wrong")
    assert one_sentence(authority.rollbook("status"), "does not take the password of the role", "PGPASSWORD")
    monkeypatch.setenv("PGPASSWORD", "sesame")
    assert authority.rollbook(*PLACE).code == 0
    monkeypatch.delenv("PGPASSWORD")
    (tmp_path / "pgpass").write_text(f"*:*:*:{authority.writer}:sesame\n", "utf-8")
    (tmp_path / "pgpass").chmod(0o600)
    assert authority.rollbook("status").code == 0


def test_a_connection_by_a_service_file_is_enough(
    authority: Authority, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    service = tmp_path / "services"
    database = authority.database
    service.write_text(
        f"[registers]\nhost={database.host}\ndbname={database.dbname}\nuser={authority.owner}\n", "utf-8"
    )
    monkeypatch.setenv("PGSERVICEFILE", str(service))
    named = ("--database", "service=registers", *authority.server[2:])
    said = authority.rollbook(*INIT, *named)
    assert said.code == 0, said.err
    assert authority.rollbook(*PLACE).code == 0
    service.write_text("", "utf-8")
    assert one_sentence(authority.rollbook("status"), "no service registers")
    service.unlink()
    assert one_sentence(authority.rollbook("status"), "no service file")


def test_an_owner_without_the_rights_to_set_up_is_told_what_to_run(
    authority: Authority, postgres_server: Server
) -> None:
    authority.as_superuser(f"ALTER ROLE {authority.owner} NOCREATEROLE")
    assert one_sentence(authority.init(), f"There is no role {authority.writer}", "CREATE ROLE", "superuser")
    for role in (authority.writer, authority.reader):
        postgres_server.role(role)
    authority.as_superuser(f"ALTER DATABASE {authority.database.dbname} OWNER TO postgres")
    assert one_sentence(authority.init(), "may not set the ledger up", "permission denied for database")
    assert not authority.rollbook.home.exists()
    authority.as_superuser(f"GRANT CREATE ON DATABASE {authority.database.dbname} TO {authority.owner}")
    said = authority.init()
    assert said.code == 0, said.err
    assert f"Left to do: The role {authority.writer} may make temporary tables" in said.out
    assert f"REVOKE TEMPORARY ON DATABASE {authority.database.dbname} FROM PUBLIC;" in said.out


@pytest.mark.parametrize(
    ("power", "sentence"),
    [
        ("SUPERUSER", "is a superuser"),
        ("CREATEROLE", "may make roles"),
        ("IN ROLE {owner}", "is a member of owner_of"),
        ("IN ROLE pg_write_all_data", "is a member of pg_write_all_data"),
    ],
)
def test_a_writer_who_could_alter_entries_is_refused(
    authority: Authority, postgres_server: Server, power: str, sentence: str
) -> None:
    postgres_server.role(authority.writer, "LOGIN " + power.format(owner=authority.owner))
    assert one_sentence(authority.init(), authority.writer, sentence, "name another role")
    assert not authority.rollbook.home.exists()


def test_a_reader_who_reads_everything_is_refused(authority: Authority, postgres_server: Server) -> None:
    postgres_server.role(authority.reader, "LOGIN IN ROLE pg_read_all_data")
    assert one_sentence(authority.init(), authority.reader, "still has SELECT on messages")


def test_owner_writer_and_reader_are_three_roles(authority: Authority) -> None:
    url = authority.server[1]
    said = authority.rollbook(*INIT, "--database", url, "--writer", authority.owner, "--reader", authority.reader)
    assert one_sentence(said, "must be three roles")


def test_a_writer_who_lost_a_right_is_told_who_can_give_it_back(authority: Authority) -> None:
    authority.init()
    authority.as_superuser(f"REVOKE INSERT ON rollbook.stored_events FROM {authority.writer}")
    assert one_sentence(authority.rollbook(*PLACE), f"The role {authority.writer} lacks INSERT on stored_events")
    authority.init()
    assert authority.rollbook(*PLACE).code == 0


def test_a_reading_verb_comes_in_transactions_that_cannot_write(authority: Authority) -> None:
    authority.init()
    with (
        Home(authority.rollbook.home).reading() as ledger,
        pytest.raises(PersistenceError, match="read-only transaction"),
    ):
        ledger.store.append(Batch(tracking=[TrackingRow("source", 1)]))


def test_without_the_drivers_the_server_profile_says_what_to_install(tmp_path: Path) -> None:
    without = "import sys; sys.modules['psycopg'] = None; from console.main import main; main()"
    arguments = ["--home", str(tmp_path / "home"), *INIT, "--database", "postgresql://owner@/x"]
    done = subprocess.run(
        [sys.executable, "-c", without, *arguments], cwd=Path(__file__).parents[2], capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert one_sentence(Said(done.returncode, done.stdout, done.stderr), "pip install 'rollbook[server]'")


# --- the work of a day


def test_every_verb_works_on_the_server_profile_as_the_writer(authority: Authority, tmp_path: Path) -> None:
    authority.init("--clock", "simulated")
    file = tmp_path / "year.avro"
    simulate_year(file, places=2, pupils=60, weeks=2, seed=1)
    odd = container(tmp_path / "odd.avro", Delivery("operator", "805", 1_757_000_000_000_000, b"not a message"))
    embedded = authority.elsewhere()
    embedded("init", "--authority", "805", "--name", "Hartlepool", "--clock", "simulated")
    said = [at("import", str(file), str(odd), "--json") for at in (authority.rollbook, embedded)]
    server, here = ([{k: v for k, v in one.items() if k != "file"} for one in s.data] for s in said)
    assert server == here
    assert said[0].code == said[1].code
    status, as_embedded = (at("status", "--json").data for at in (authority.rollbook, embedded))
    assert status["entries"] == as_embedded["entries"] > 1_000
    laestab = next(place["laestab"] for place in status["places"] if place["laestab"])
    assert authority.rollbook("server", "answers", "--owner", authority.owner).code == 0
    for verb in (
        ("totals", "--json"),
        ("totals", "--as-at", "2025-09-05 18:00", "--json"),
        ("register", laestab, "--week", "2025-09-08", "--format", "csv"),
        ("register", laestab, "--week", "2025-09-08", "--as-at", "2025-09-09 10:00", "--no-names"),
    ):
        ours, theirs = (at(*verb) for at in (authority.rollbook, embedded))
        assert ours.code == 0, ours.err
        if "--no-names" not in verb:
            assert without_ids(ours.out) == without_ids(theirs.out)
    again = authority.rollbook("import", str(file))
    assert "nothing new" in again.out
    held = authority.rollbook("held", "list", "--json").data
    assert held
    assert len(held) == len(embedded("held", "list", "--json").data)
    assert authority.rollbook("held", "show", held[0]["held"], "--reveal").code == 0
    assert authority.rollbook("held", "replay").code in (0, 1)
    assert authority.rollbook("held", "dismiss", held[0]["held"], "--why", "A test message").code == 0
    assert len(authority.rollbook("held", "list", "--json").data) == len(held) - 1
    new = ("place", "add", "--laestab", "8052999", "--name", "Saltings Primary", "--phase", "primary")
    assert authority.rollbook(*new).code == 0
    assert authority.rollbook("source", "add", "--system", "SIMS", "--place", "8052999=S1").code == 0
    first = authority.rollbook("register", laestab, "--week", "2025-09-08", "--json").data["pupils"][0]
    assert authority.rollbook("history", first["pupil"], "--json").code == 0


def test_the_reader_sees_the_entries_that_the_writer_made(authority: Authority) -> None:
    authority.init()
    authority.rollbook(*PLACE)
    reader = open_postgres(
        **authority.database.as_role(authority.reader).arguments, schema="rollbook", create=False, read_only=True
    )
    assert "place" in {row.stream.split("/")[0] for row in reader.read_positions(1, 10_000)}
    reader.close()
