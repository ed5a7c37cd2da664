"""What both stores promise, tried on both: whole batches, dense positions, a clock that never runs backwards."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest
from eventsourcing.persistence import ConnectionPoolClosedError, IntegrityError, OperationalError, ProgrammingError

from domain.ledger import sqlite_store
from domain.ledger.postgres_store import open_postgres
from domain.ledger.shared import Names
from domain.ledger.sqlite_store import SQLiteStore, open_sqlite
from domain.ledger.store import (
    AlreadyTaken,
    Batch,
    Chunk,
    ClockBehind,
    CountRow,
    IdentityRow,
    MessageRow,
    StaleDecision,
    TrackingRow,
)
from tests.domain.ledger.conftest import AnyStore, Ledger
from tests.domain.ledger.crash_writer import batch_after
from tests.postgres import Database

SECOND = 1_000_000
NOON = 1_800_000_000 * SECOND


def one(stream: str, version: int = 0, *states: bytes, topic: str = "Topic", stamp: int | None = None) -> Batch:
    return Batch(chunks=[Chunk(stream, version, topic, states or (b"state",), stamp)])


def in_threads(*works: Callable[[], None]) -> None:
    """Run them at once; the first error is raised."""
    errors: list[BaseException] = []

    def guarded(work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


# --- whole batches, and what is read back


def test_what_is_appended_is_read_back_to_the_byte(store: AnyStore) -> None:
    states = (b"", b"\0", b"\0\xff\0" * 1000, "é".encode())
    appended = store.append(one("place/1", 0, *states))
    rows = store.read_stream("place/1")
    assert [r.state for r in rows] == list(states)
    assert [(r.position, r.version) for r in rows] == [(1, 1), (2, 2), (3, 3), (4, 4)]
    assert {(r.stream, r.topic, r.recorded_at) for r in rows} == {("place/1", "Topic", appended.recorded_at)}
    assert rows == list(store.read_positions(1, 100))
    assert (appended.first, appended.last) == (1, 4)
    assert store.head() == (4, appended.recorded_at)


def test_an_empty_ledger_stands_at_zero(store: AnyStore) -> None:
    assert store.head() == (0, 0)
    assert store.read_stream("place/1") == []
    assert store.last_position_at(NOON) == 0
    assert list(store.read_positions(1, 10)) == []
    assert list(store.joined(1, 10)) == []


def test_a_batch_without_entries_moves_tracking_and_gives_no_position(store: AnyStore) -> None:
    store.append(one("place/1"))
    appended = store.append(Batch(tracking=[TrackingRow("source", 5)]))
    assert (appended.first, appended.last) == (2, 1)
    assert store.tracking_position("source") == 5
    assert store.tracking_position("other") == 0


def test_chunks_of_one_stream_may_follow_one_another_in_a_batch(store: AnyStore) -> None:
    store.append(
        Batch(
            chunks=[
                Chunk("register/1", 0, "Header", [b"h1"]),
                Chunk("register/2", 0, "Header", [b"h2"]),
                Chunk("register/1", 1, "Mark", [b"m1", b"m2"]),
                Chunk("register/1", 3, "Header", [b"h3"]),
            ]
        )
    )
    assert [(r.version, r.topic, r.state, r.position) for r in store.read_stream("register/1")] == [
        (1, "Header", b"h1", 1),
        (2, "Mark", b"m1", 3),
        (3, "Mark", b"m2", 4),
        (4, "Header", b"h3", 5),
    ]
    assert [r.version for r in store.read_stream("register/1", after=2)] == [3, 4]


def test_a_large_batch_is_stored_in_order(store: AnyStore) -> None:
    states = [b"%d" % n for n in range(12_345)]
    store.append(one("place/1", 0, *states))
    assert [r.state for r in store.read_positions(1, 12_345)] == states
    assert [r.position for r in store.read_positions(9_999, 10_002)] == [9_999, 10_000, 10_001, 10_002]


def test_many_streams_are_read_at_once_and_empty_ones_left_out(store: AnyStore) -> None:
    store.append(Batch(chunks=[Chunk(f"place/{n}", 0, "Topic", [b"%d" % n, b"x"]) for n in range(5)]))
    read = store.read_streams(["place/3", "place/1", "place/none"])
    assert {name: [r.state for r in rows] for name, rows in read.items()} == {
        "place/3": [b"3", b"x"],
        "place/1": [b"1", b"x"],
    }


def test_stream_names_are_found_by_prefix_and_by_range_in_code_point_order(store: AnyStore) -> None:
    names = ["place/a", "place/b", "place/Z", "place/é", "placé", "pupil/a", "place"]
    store.append(Batch(chunks=[Chunk(name, 0, "Topic", [b"x"]) for name in names]))
    assert store.stream_names("place/") == ["place/Z", "place/a", "place/b", "place/é"]
    assert store.stream_names("place/a", until="place/b") == ["place/a"]
    assert store.stream_names("") == sorted(names)
    assert store.stream_names("place/_") == []


def test_streams_written_since_a_position_are_named(store: AnyStore) -> None:
    store.append(one("place/1"))
    store.append(one("place/2"))
    store.append(one("place/1", 1))
    assert store.streams_written_since(0) == {"place/1", "place/2"}
    assert store.streams_written_since(2) == {"place/1"}
    assert store.streams_written_since(3) == set()


def test_the_last_position_at_a_moment_is_the_last_one_recorded_by_then(ledger: Ledger) -> None:
    store = ledger.open(simulated=True)
    for stamp in (10, 10, 20, 20, 20, 35):
        store.append(one(f"place/{store.head()[0]}", stamp=stamp))
    asked = (0, 9, 10, 19, 20, 34, 35, 10**18)
    assert [store.last_position_at(moment) for moment in asked] == [0, 0, 2, 2, 5, 5, 6, 6]


# --- refused batches


def test_a_decision_on_an_older_version_is_stale(store: AnyStore) -> None:
    store.append(one("place/1", 0, b"a", b"b"))
    for version in (0, 1, 3):
        with pytest.raises(StaleDecision):
            store.append(one("place/1", version))
    with pytest.raises(StaleDecision):
        store.append(one("place/new", 1))
    with pytest.raises(ValueError, match="cannot stand at version -1"):
        store.append(one("place/new", -1))


def test_a_decision_that_counted_on_another_head_is_stale(store: AnyStore) -> None:
    store.append(one("place/1"))
    batch = one("place/2")
    for head in (0, 2):
        batch.expected_head = head
        with pytest.raises(StaleDecision, match=f"counted on position {head}, but the ledger stands at 1"):
            store.append(batch)
    batch.expected_head = 1
    assert store.append(batch).last == 2


def test_a_zombie_with_old_tracking_is_refused_whole(ledger: Ledger) -> None:
    owner, zombie = ledger.open(), ledger.open()
    owner.append(Batch(chunks=[Chunk("place/1", 0, "Topic", [b"a"])], tracking=[TrackingRow("source", 7)]))
    for position in (7, 6):
        with pytest.raises(AlreadyTaken):
            zombie.append(
                Batch(
                    chunks=[Chunk("place/2", 0, "Topic", [b"b"])],
                    tracking=[TrackingRow("other", 1), TrackingRow("source", position)],
                    identity=[IdentityRow(bytes(32), bytes(16), 0)],
                    messages=[MessageRow(b"s", b"m", bytes(32))],
                    held_bytes=[(b"held", b"bytes")],
                )
            )
    assert zombie.head()[0] == 1
    assert zombie.tracking_position("other") == 0
    assert zombie.find_identities([bytes(32)]) == {}
    assert zombie.find_messages([(b"s", b"m")]) == {}
    assert zombie.held_bytes(b"held") is None
    assert zombie.stream_names("place/2") == []


def test_positions_stay_dense_after_appends_that_were_rolled_back(store: AnyStore) -> None:
    for n in range(5):
        store.append(one(f"place/{n}", 0, b"a", b"b"))
        with pytest.raises(StaleDecision):
            store.append(
                Batch(chunks=[Chunk(f"new/{n}", 0, "Topic", [b"x"] * 60), Chunk("place/0", 99, "Topic", [b"y"])])
            )
    assert [r.position for r in store.read_positions(1, 100)] == list(range(1, 11))


def test_a_failed_append_leaves_the_caches_untouched_and_the_same_batch_succeeds_later(store: AnyStore) -> None:
    store.append(one("place/1"))
    before = dict(store._streams.ids), dict(store._topics.ids)
    batch = Batch(
        chunks=[Chunk("place/3", 0, "NewTopic", [b"a"]), Chunk("place/2", 0, "Topic", [b"b"])],
        tracking=[TrackingRow("source", 1)],
        held_bytes=[(b"held", b"once"), (b"held", b"twice")],
    )
    with pytest.raises(IntegrityError):
        store.append(batch)
    assert (store._streams.ids, store._topics.ids) == before
    store.append(one("place/other", topic="OtherTopic"))  # takes the numbers that the failed batch had given
    batch.held_bytes.pop()
    assert store.append(batch).last == 4
    assert [(r.stream, r.topic) for r in store.read_positions(1, 9)] == [
        ("place/1", "Topic"),
        ("place/other", "OtherTopic"),
        ("place/3", "NewTopic"),
        ("place/2", "Topic"),
    ]


def test_a_store_that_forgets_names_still_finds_them(store: AnyStore) -> None:
    store.append(one("place/1"))
    store._streams, store._topics = Names(), Names()
    store.append(one("place/1", 1))
    assert [r.version for r in store.read_stream("place/1")] == [1, 2]
    assert store.stream_names("") == ["place/1"]


# --- the clock


def test_a_clock_one_second_behind_keeps_the_last_stamp(ledger: Ledger) -> None:
    now = [NOON]
    store = ledger.open(clock=lambda: now[0])
    store.append(one("place/1"))
    now[0] -= SECOND
    assert store.append(one("place/1", 1)).recorded_at == NOON
    now[0] = NOON + 5
    assert store.append(one("place/1", 2)).recorded_at == NOON + 5


def test_a_clock_three_seconds_behind_stops_the_writer_with_a_sentence(ledger: Ledger) -> None:
    now = [NOON]
    store = ledger.open(clock=lambda: now[0])
    store.append(one("place/1"))
    now[0] -= 3 * SECOND
    with pytest.raises(ClockBehind, match=r"3\.0 s behind the last entry"):
        store.append(Batch(chunks=[Chunk("place/1", 1, "Topic", [b"x"])], tracking=[TrackingRow("source", 1)]))
    assert store.head() == (1, NOON)
    assert store.tracking_position("source") == 0


def test_a_system_clock_gives_one_stamp_to_a_transaction_and_ignores_the_stamps_of_messages(ledger: Ledger) -> None:
    store = ledger.open(clock=iter(range(NOON, NOON + 10)).__next__)
    store.append(Batch(chunks=[Chunk(f"place/{n}", 0, "Topic", [b"x", b"y"], stamp=n) for n in range(3)]))
    assert {r.recorded_at for r in store.read_positions(1, 6)} == {NOON}


def test_a_simulated_clock_starts_in_1970_and_follows_the_messages(ledger: Ledger) -> None:
    store = ledger.open(simulated=True)
    assert store.append(one("ledger/founding")).recorded_at == 0
    stamps = [None, 50, 40, None, 70]
    store.append(Batch(chunks=[Chunk(f"place/{n}", 0, "Topic", [b"x"], stamp=s) for n, s in enumerate(stamps)]))
    assert [r.recorded_at for r in store.read_positions(2, 6)] == [0, 50, 50, 50, 70]
    assert store.append(one("place/9", stamp=60)).recorded_at == 70


def test_stamps_never_run_backwards_with_two_writers(ledger: Ledger) -> None:
    stores = [ledger.open(), ledger.open()]

    def write(store: AnyStore, name: str) -> None:
        for version in range(100):
            store.append(one(name, version))

    in_threads(lambda: write(stores[0], "place/0"), lambda: write(stores[1], "place/1"))
    stamps = [r.recorded_at for r in stores[0].read_positions(1, 200)]
    assert len(stamps) == 200
    assert stamps == sorted(stamps)


def test_two_writers_and_a_reader_that_tails_them_miss_nothing_and_leave_no_gap(ledger: Ledger) -> None:
    writers, reader = [ledger.open(), ledger.open()], ledger.open()
    done = threading.Event()
    seen: list[int] = []

    def write(store: AnyStore, name: str) -> None:
        for version in range(0, 600, 6):
            store.append(one(name, version, *[b"x"] * 6))
            if version % 60 == 0:
                with pytest.raises(StaleDecision):
                    store.append(one(name, version))

    def tail() -> None:
        while True:
            finished = done.is_set()
            seen.extend(r.position for r in reader.read_positions(len(seen) + 1, 10**9))
            if finished:
                return

    tailing = threading.Thread(target=tail)
    tailing.start()
    try:
        in_threads(lambda: write(writers[0], "place/0"), lambda: write(writers[1], "place/1"))
    finally:
        done.set()
        tailing.join()
    assert seen == list(range(1, 1201))


def test_two_writers_of_one_stream_lose_no_decision_and_repeat_no_version(ledger: Ledger) -> None:
    def write(store: AnyStore) -> None:
        written = 0
        while written < 50:
            try:
                store.append(one("place/1", len(store.read_stream("place/1"))))
            except StaleDecision:
                continue
            written += 1

    stores = [ledger.open(), ledger.open()]
    in_threads(*(lambda store=store: write(store) for store in stores))
    assert [r.version for r in stores[0].read_stream("place/1")] == list(range(1, 101))


def test_under_the_lock_a_decision_cannot_lose(ledger: Ledger) -> None:
    store, rival = ledger.open(), ledger.open()
    store.append(one("place/1"))
    waiting = threading.Event()
    outcome: list[int] = []

    def rivalry() -> None:
        waiting.set()
        outcome.append(rival.append(one("place/2")).last)

    thread = threading.Thread(target=rivalry)
    with store.locked() as append:
        thread.start()
        waiting.wait()
        time.sleep(0.1)
        version = store.read_stream("place/1")[-1].version
        assert rival.read_stream("place/1")[-1].version == version
        assert append(one("place/1", version)).last == 2
        with pytest.raises(ProgrammingError, match="ask for it again"):
            append(one("place/1", version + 1))
    thread.join()
    assert outcome == [3]


def test_a_lock_given_back_without_an_append_leaves_nothing_behind(ledger: Ledger) -> None:
    store, rival = ledger.open(), ledger.open()
    with pytest.raises(KeyError), store.locked():
        raise KeyError
    assert rival.append(one("place/1")).last == 1


# --- beside the log


def test_identities_are_found_by_key_in_order_of_their_time(store: AnyStore) -> None:
    a, b = b"a" * 32, b"b" * 32
    rows = [IdentityRow(a, b"2" * 16, 20_000), IdentityRow(a, b"1" * 16, 0), IdentityRow(b, b"3" * 16, -5)]
    store.append(Batch(identity=rows))
    store.append(Batch(identity=rows[:1]))  # told again: no change
    assert store.find_identities([a, b"c" * 32]) == {a: [rows[1], rows[0]]}
    assert list(store.all_identities()) == [rows[1], rows[0], rows[2]]
    store.drop_identities([rows[1]])
    assert list(store.all_identities()) == [rows[0], rows[2]]


def test_identity_rows_are_replaced_together_and_only_where_the_log_stands_where_it_was_read(store: AnyStore) -> None:
    old, new, other = (IdentityRow(letter * 32, b"1" * 16, 0) for letter in (b"a", b"b", b"c"))
    store.append(Batch(chunks=[Chunk("place/1", 0, "Topic", (b"state",))], identity=[old, other]))
    with pytest.raises(StaleDecision):
        store.replace_identities([new], [old], expected_head=2)
    assert list(store.all_identities()) == [old, other]
    store.replace_identities([new, other], [old], expected_head=1)
    assert list(store.all_identities()) == [new, other]
    assert store.head()[0] == 1


def test_a_message_is_known_again_and_other_bytes_under_its_id_are_told_apart(store: AnyStore) -> None:
    digest = hashlib.sha256(b"bytes").digest()
    store.append(Batch(messages=[MessageRow(b"source", b"m1", digest)]))
    found = store.find_messages([(b"source", b"m1"), (b"source", b"m2"), (b"other", b"m1")])
    assert found == {(b"source", b"m1"): digest[:16]}
    with pytest.raises(StaleDecision):
        store.append(Batch(messages=[MessageRow(b"source", b"m1", digest)]))


def test_held_bytes_stay_until_they_are_done(store: AnyStore) -> None:
    store.append(Batch(held_bytes=[(b"1", b"\0one"), (b"2", b"two")]))
    assert store.held_bytes(b"1") == b"\0one"
    store.append(Batch(held_done=[b"1"]))
    assert store.held_bytes(b"1") is None
    assert store.held_bytes(b"2") == b"two"


# --- faults


def lose_the_answer(store: AnyStore, *, after_commit: bool) -> None:
    """Make the next commit fail: after it was done, or before it."""
    commit = store._commit
    lost = sqlite3.OperationalError if isinstance(store, SQLiteStore) else psycopg.OperationalError

    def failing(connection: Any) -> None:
        store._commit = commit  # type: ignore[method-assign]
        if after_commit:
            commit(connection)
        raise lost("The connection was lost.")

    store._commit = failing  # type: ignore[method-assign]


@pytest.mark.parametrize(
    "batch",
    [
        Batch(chunks=[Chunk("place/1", 0, "Topic", [b"salted"])], tracking=[TrackingRow("source", 1)]),
        Batch(chunks=[Chunk("place/1", 0, "Topic", [b"salted"])]),
        Batch(tracking=[TrackingRow("source", 1)]),
    ],
    ids=["entries and tracking", "entries", "tracking"],
)
def test_a_commit_whose_answer_was_lost_is_answered_truthfully(store: AnyStore, batch: Batch) -> None:
    lose_the_answer(store, after_commit=False)
    with pytest.raises(OperationalError):
        store.append(batch)
    assert store.head()[0] == 0
    assert store._streams.ids == {}
    lose_the_answer(store, after_commit=True)
    assert store.append(batch).last == len(batch.chunks)
    assert store.head()[0] == len(batch.chunks)


def test_an_entry_of_another_writer_is_not_taken_for_ones_own(ledger: Ledger) -> None:
    store, rival = ledger.open(), ledger.open()
    commit = store._commit

    def beaten(connection: Any) -> None:
        store._commit = commit  # type: ignore[method-assign]
        connection.rollback()
        rival.append(Batch(chunks=[Chunk("place/1", 0, "Topic", [b"theirs"])], tracking=[TrackingRow("source", 1)]))
        raise psycopg.OperationalError if isinstance(ledger.where, Database) else sqlite3.OperationalError

    store._commit = beaten  # type: ignore[method-assign]
    with pytest.raises(OperationalError):
        store.append(Batch(chunks=[Chunk("place/1", 0, "Topic", [b"ours"])], tracking=[TrackingRow("source", 1)]))


@pytest.mark.on_disk
def test_a_writer_killed_again_and_again_loses_nothing_that_it_acknowledged(ledger: Ledger) -> None:
    store = ledger.open()
    where = ledger.where.arguments if isinstance(ledger.where, Database) else {"path": str(ledger.where)}
    acknowledged = 0
    for around in range(12):
        command = [sys.executable, "-m", "tests.domain.ledger.crash_writer", json.dumps(where)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            time.sleep(0.01 * (around % 6 + 1))
            process.kill()
            lines = process.stdout.read().split("\n")[:-1]  # what follows the last line feed was cut off
        acknowledged = max([acknowledged, *map(int, lines)])
        with store.locked():  # waits until the database has noticed
            stored = store.head()[0]
        assert stored >= acknowledged
    rows = list(store.read_positions(1, stored))
    expected = [state for at in range(0, stored, 40) for state in batch_after(at).chunks[0].states]
    assert [r.state for r in rows] == expected
    assert [r.position for r in rows] == [r.version for r in rows] == list(range(1, stored + 1))
    assert store.tracking_position("source") == stored // 40
    if isinstance(ledger.where, Path):
        with sqlite3.connect(ledger.where) as foreign:
            assert foreign.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


# --- who may not change an entry


TAMPERING = (
    "UPDATE stored_events SET state = x'00' WHERE position = 1",
    "UPDATE OR REPLACE stored_events SET version = 2 WHERE position = 1",
    "DELETE FROM stored_events WHERE position = 2",
    "DELETE FROM stored_events",
    "INSERT OR REPLACE INTO stored_events VALUES (1, 1, 1, 1, 1, x'00')",
    "INSERT OR REPLACE INTO stored_events VALUES (3, 1, 1, 2, 1, x'00')",
    "REPLACE INTO stored_events SELECT position, 0, stream, version, topic, x'00' FROM stored_events",
    "INSERT INTO stored_events VALUES (1, 1, 1, 1, 1, x'00') ON CONFLICT DO UPDATE SET state = x'00'",
    "INSERT OR IGNORE INTO stored_events VALUES (5, 1, 1, 3, 1, x'00')",
    "INSERT INTO stored_events VALUES (3, 1, 1, 4, 1, x'00')",
    "INSERT INTO stored_events VALUES (NULL, 1, 1, 3, 1, x'00')",
    "INSERT INTO stored_events VALUES (3, 1, 2, 2, 1, x'00')",
    "UPDATE streams SET name = 'other'",
    "DELETE FROM streams",
    "INSERT OR REPLACE INTO streams VALUES (1, 'other')",
    "INSERT OR REPLACE INTO streams VALUES (2, 'place/1')",
    "UPDATE topics SET topic = 'other'",
    "DELETE FROM topics",
    "INSERT OR REPLACE INTO topics VALUES (1, 'other')",
    "INSERT OR REPLACE INTO topics VALUES (2, 'Topic')",
)


@pytest.mark.parametrize("statement", TAMPERING)
@pytest.mark.parametrize("recursive", ["ON", "OFF"])
def test_a_foreign_connection_cannot_change_remove_or_replace_an_entry(
    tmp_path: Path, statement: str, recursive: str
) -> None:
    ledger = Ledger(tmp_path / "ledger.sqlite")
    ledger.open().append(one("place/1", 0, b"one", b"two"))
    ledger.close()
    with sqlite3.connect(tmp_path / "ledger.sqlite") as foreign:
        foreign.execute(f"PRAGMA recursive_triggers={recursive}")
        before = [foreign.execute(f"SELECT * FROM {t}").fetchall() for t in ("stored_events", "streams", "topics")]
        with pytest.raises(sqlite3.IntegrityError):
            foreign.execute(statement)
        after = [foreign.execute(f"SELECT * FROM {t}").fetchall() for t in ("stored_events", "streams", "topics")]
    assert before == after


def test_a_ledger_file_can_be_read_by_its_owner_only(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.sqlite")
    ledger.open().append(one("place/1"))
    assert {p.name: oct(p.stat().st_mode & 0o777) for p in tmp_path.iterdir()} == {
        "ledger.sqlite": "0o600",
        "ledger.sqlite-shm": "0o600",
        "ledger.sqlite-wal": "0o600",
    }
    ledger.close()


def test_every_sqlite_connection_is_durable_and_counts_a_replacement_as_a_deletion(tmp_path: Path) -> None:
    store = open_sqlite(tmp_path / "ledger.sqlite")
    for commit in (True, False):
        with store.datastore.get_connection(commit=commit) as connection:
            pragmas = ("page_size", "journal_mode", "synchronous", "recursive_triggers")
            values = [connection.cursor().sqlite_cursor.execute(f"PRAGMA {p}").fetchone()[0] for p in pragmas]
        assert values == [8192, "wal", 2, 1]
    store.close()


def test_closing_a_store_under_the_feet_of_its_readers_does_not_end_the_process(tmp_path: Path) -> None:
    for attempt in range(10):
        store = open_sqlite(tmp_path / f"{attempt}.sqlite")
        store.append(one("place/1", 0, *[bytes(50)] * 3000))
        reading = threading.Barrier(3)

        def read(store: SQLiteStore = store, reading: threading.Barrier = reading) -> None:
            reading.wait()
            with suppress(ConnectionPoolClosedError):
                while True:
                    store.read_stream("place/1")

        def close(store: SQLiteStore = store, reading: threading.Barrier = reading) -> None:
            reading.wait()
            store.close()

        in_threads(read, read, close)


def test_a_writer_that_waits_too_long_for_the_lock_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_store, "LOCK_TIMEOUT", 0.05)
    store, rival = open_sqlite(tmp_path / "ledger.sqlite"), open_sqlite(tmp_path / "ledger.sqlite")
    with rival.locked(), pytest.raises(OperationalError, match="kept the ledger locked for too long"):
        store.append(one("place/1"))
    assert store.append(one("place/1")).last == 1
    store.close()
    rival.close()


def test_every_postgres_connection_commits_durably_at_read_committed(postgres_database: Database) -> None:
    postgres_database.execute(f"ALTER DATABASE {postgres_database.dbname} SET synchronous_commit = off")
    postgres_database.execute(
        f"ALTER DATABASE {postgres_database.dbname} SET default_transaction_isolation = 'serializable'"
    )
    store = open_postgres(**postgres_database.arguments)
    with store._lock() as connection:
        shown = [connection.execute(f"SHOW {s}").fetchone() for s in ("synchronous_commit", "transaction_isolation")]
    store.close()
    assert [list(row.values()) for row in shown if row is not None] == [["on"], ["read committed"]]


# --- what Kafka's consumers lean on


def test_a_batch_that_counts_on_another_position_is_refused_whole(store: AnyStore) -> None:
    """A frozen consumer: its batch begins before, and ends after, what the new owner of the partition took in."""
    store.append(Batch(tracking=[TrackingRow("partition", 150, after=0)]))
    for frozen in (TrackingRow("partition", 200, after=100), TrackingRow("partition", 200, after=200)):
        with pytest.raises(AlreadyTaken):
            store.append(Batch(chunks=[Chunk("place/1", 0, "Topic", [b"again"])], tracking=[frozen]))
    assert store.head()[0] == 0
    assert store.tracking_position("partition") == 150
    store.append(Batch(tracking=[TrackingRow("partition", 200, after=150)]))
    assert store.tracking_position("partition") == 200


def test_what_is_counted_grows_by_what_each_batch_counted(store: AnyStore) -> None:
    store.append(Batch(counted=[CountRow("rows:sent", 30), CountRow("rows:held", 1)]))
    store.append(Batch(counted=[CountRow("rows:sent", 28), CountRow("rows:held", -1)]))
    assert store.tracking_rows("rows:") == {"rows:sent": 58, "rows:held": 0}


def test_what_a_refused_batch_counted_is_not_counted(store: AnyStore) -> None:
    store.append(Batch(tracking=[TrackingRow("partition", 5)]))
    with pytest.raises(AlreadyTaken):
        store.append(Batch(tracking=[TrackingRow("partition", 5)], counted=[CountRow("rows:sent", 30)]))
    assert store.tracking_rows("rows:") == {}


def test_tracking_rows_are_found_by_how_their_names_begin(store: AnyStore) -> None:
    names = ["kafka:a:0", "kafka:a:1", "kafka:a%:0", "kafka:b:0", "other"]
    store.append(Batch(tracking=[TrackingRow(name, n) for n, name in enumerate(names, 1)]))
    assert store.tracking_rows("kafka:a:") == {"kafka:a:0": 1, "kafka:a:1": 2}
    assert store.tracking_rows("kafka:a%") == {"kafka:a%:0": 3}
