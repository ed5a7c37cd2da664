"""Several processes on one ledger, in either database: nothing is lost, no position left out, no clock turned back."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psycopg
import pytest

from domain.ledger.postgres_connection import ConnectionLost
from domain.ledger.postgres_store import open_postgres
from domain.ledger.store import Batch, Chunk
from tests.domain.ledger.conftest import Ledger
from tests.domain.ledger.rival_writer import SHARED
from tests.postgres import Database, Server

pytestmark = pytest.mark.on_disk

EACH = 40
MANY = 200_000


def start(module: str, where: dict[str, Any], *arguments: str) -> subprocess.Popen[str]:
    """A process of its own that waits for the word; it has opened the ledger."""
    command = [sys.executable, "-m", f"tests.domain.ledger.{module}", json.dumps(where), *arguments]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def said_by(process: subprocess.Popen[str]) -> Any:
    """What it found or wrote."""
    out, _ = process.communicate(timeout=90)
    assert process.returncode == 0
    return json.loads(out)


def test_two_writers_of_one_ledger_and_one_register_and_a_reader_that_tails_them(ledger: Ledger) -> None:
    store = ledger.open()
    where = ledger.where.arguments if isinstance(ledger.where, Database) else {"path": str(ledger.where)}
    expected = 2 * EACH * 4
    works = (("a", EACH), ("b", EACH), ("tail", expected))
    processes = [start("rival_writer", where, role, str(number)) for role, number in works]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    of_a, of_b, seen = (said_by(process) for process in processes)
    assert seen == list(range(1, expected + 1)), "the tail saw each position once, in order, and left none out"
    rows = list(store.read_positions(1, expected + 1))
    assert [row.position for row in rows] == seen
    assert [row.recorded_at for row in rows] == sorted(row.recorded_at for row in rows)
    shared = store.read_stream(SHARED)
    assert [row.version for row in shared] == list(range(1, 2 * EACH + 1))
    kept = [row.state.decode() for row in shared]
    assert [said for said in kept if said[0] == "a"] == of_a
    assert [said for said in kept if said[0] == "b"] == of_b
    for name in ("place/a", "place/b"):
        assert [row.version for row in store.read_stream(name)] == list(range(1, 3 * EACH + 1))


def large_batch(stream: str) -> Batch:
    return Batch([Chunk(stream, 0, "Topic", [bytes(100)] * MANY)])


ONE_LARGE_APPEND = """
import json, sys
from domain.ledger.postgres_store import open_postgres
from tests.domain.ledger.test_processes import large_batch
store = open_postgres(**json.loads(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
store.append(large_batch("place/large"))
print("[]", flush=True)
"""


def wait_until_it_copies(database: Database) -> None:
    """Until the server is in the middle of a COPY."""
    copying = "SELECT count(*) FROM pg_stat_progress_copy WHERE tuples_processed > 1000"
    give_up = time.monotonic() + 30
    while time.monotonic() < give_up:
        if database.execute(copying)[0][0]:
            return
    pytest.fail("no COPY was seen")


def append_in_another_process(database: Database) -> subprocess.Popen[str]:
    """Start a large append, and come back when it is half done."""
    command = [sys.executable, "-c", ONE_LARGE_APPEND, json.dumps(database.arguments)]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        cwd=Path(__file__).parents[3],
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdin is not None
    assert process.stdout.readline() == "ready\n"
    process.stdin.write("go\n")
    process.stdin.flush()
    wait_until_it_copies(database)
    return process


def test_a_writer_killed_in_the_middle_of_an_append_leaves_nothing_of_it_and_frees_the_lock(
    postgres_database: Database,
) -> None:
    store = open_postgres(**postgres_database.arguments)
    store.append(Batch([Chunk("place/1", 0, "Topic", [b"kept"])]))
    process = append_in_another_process(postgres_database)
    process.kill()
    process.communicate()
    assert store.append(Batch([Chunk("place/1", 1, "Topic", [b"next"])])).last == 2
    assert [row.state for row in store.read_positions(1, 10)] == [b"kept", b"next"]
    assert store.stream_names("place/large") == []
    store.close()


@pytest.mark.parametrize("how", ["immediate", "fast"])
def test_a_server_that_ends_in_the_middle_of_an_append_has_nothing_of_it_when_it_is_back(
    postgres_server: Server, postgres_database: Database, how: str
) -> None:
    store = open_postgres(**postgres_database.arguments)
    store.append(Batch([Chunk("place/1", 0, "Topic", [b"kept"])]))
    process = append_in_another_process(postgres_database)
    postgres_server.restart(how)
    _, complaint = process.communicate(timeout=60)
    assert process.returncode != 0
    assert "ConnectionLost: The connection to PostgreSQL was lost; run the same command again" in complaint
    with pytest.raises(ConnectionLost, match="run the same command again"):
        store.head()  # this connection of the pool is dead, and the pool learns it now
    assert store.append(Batch([Chunk("place/1", 1, "Topic", [b"next"])])).last == 2
    assert [row.state for row in store.read_positions(1, 10)] == [b"kept", b"next"]
    store.close()


def test_a_database_that_takes_no_writes_is_a_lost_connection_and_is_written_to_once_it_does(
    postgres_database: Database,
) -> None:
    store = open_postgres(**postgres_database.arguments)
    name = postgres_database.arguments["dbname"]
    others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
    batch = Batch([Chunk("place/1", 0, "Topic", [b"kept"])])
    for setting, refused in (("SET default_transaction_read_only = on", True), ("RESET ALL", False)):
        postgres_database.execute(f"BEGIN READ WRITE; ALTER DATABASE {name} {setting}; COMMIT")
        postgres_database.execute(f"{others} AND pid <> pg_backend_pid()")
        with pytest.raises(ConnectionLost, match="was lost"):
            store.head()  # this connection of the pool is dead, and the pool learns it now
        if refused:
            with pytest.raises(ConnectionLost, match="the database is read-only"):
                store.append(batch)
    assert store.append(batch).last == 1
    store.close()


@pytest.mark.parametrize("done", [True, False], ids=["was done", "was not done"])
def test_a_commit_cut_off_by_the_death_of_the_server_is_answered_once_it_is_back(
    postgres_server: Server, postgres_database: Database, monkeypatch: pytest.MonkeyPatch, done: bool
) -> None:
    store = open_postgres(**postgres_database.arguments)
    store.append(Batch([Chunk("place/1", 0, "Topic", [b"kept"])]))
    commit = store._commit

    def dies(connection: psycopg.Connection[Any]) -> None:
        monkeypatch.undo()
        if done:
            commit(connection)
        postgres_server.restart("immediate")
        connection.execute("SELECT 1")  # the answer never comes

    monkeypatch.setattr(store, "_commit", dies)
    batch = Batch([Chunk("place/1", 1, "Topic", [b"next"])])
    if done:
        assert store.append(batch).last == 2
    else:
        with pytest.raises(ConnectionLost):
            store.append(batch)
        assert store.append(batch).last == 2
    assert [row.state for row in store.read_positions(1, 10)] == [b"kept", b"next"]
    store.close()
