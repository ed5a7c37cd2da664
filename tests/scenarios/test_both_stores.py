"""The same deliveries, into SQLite and into PostgreSQL: the same ledger, but for what chance gave it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings

from consumers.deliveries import Delivery, read_deliveries
from consumers.file_import import import_file
from consumers.intake import Intake
from consumers.outcome import Counts
from domain.events import NOBODY
from domain.ledger.commands import Done, MergeIdentities, carry_out
from domain.ledger.held import waiting
from domain.ledger.keystore import KeyStore
from domain.ledger.ledger import Ledger, found
from domain.ledger.postgres_store import open_postgres
from domain.ledger.sqlite_store import open_sqlite
from domain.ledger.store import Store
from schemas.codec import encode_confluent
from simulation import simulate_year
from tests.answering import totals_of
from tests.consumers.histories import Said, cut, cuts, deliveries, histories, settle_in
from tests.examples import examples
from tests.making import School, container, founding, introduce
from tests.postgres import Database, Server
from tests.projections.loading import differing_in_windows
from tests.renaming import Side, entries, from_outside, same_ledger
from tests.scenarios.arranging import part_time

MON = "2025-09-01 AM"


class BothStores:
    """Pairs of new ledgers, one in SQLite and one in PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._made = 0

    @contextmanager
    def founded(self) -> Iterator[tuple[Side, Side]]:
        """Two ledgers that know of nothing yet."""
        self._made += 1
        schema = f"pair{self._made}"
        self._database.execute(f"CREATE SCHEMA {schema}")
        with TemporaryDirectory(prefix="rollbook-both-") as folder:
            file = Path(folder) / "ledger.sqlite"

            def of_sqlite(statement: str) -> list[tuple[Any, ...]]:
                return sqlite3.connect(file).execute(statement).fetchall()

            def of_postgres(statement: str) -> list[tuple[Any, ...]]:
                place = f"-c search_path={schema}"
                with psycopg.connect(**self._database.arguments, options=place) as connection:
                    return connection.execute(statement.encode()).fetchall()

            stores: list[Store] = [open_sqlite(file), open_postgres(**self._database.arguments, schema=schema)]
            keys = [KeyStore.create(Path(folder) / name) for name in ("embedded.keys", "server.keys")]
            ledgers = [found(store, own, founding()) for store, own in zip(stores, keys, strict=True)]
            try:
                yield Side(ledgers[0], of_sqlite), Side(ledgers[1], of_postgres)
            finally:
                for ledger in ledgers:
                    ledger.store.close()
                    ledger.keys.close()


@pytest.fixture(scope="module")
def both(postgres_server: Server) -> Iterator[BothStores]:
    """Where pairs are made."""
    with postgres_server.database() as database:
        yield BothStores(database)


class Letters(School):
    """A school whose messages are kept, to be sent to two ledgers."""

    def __init__(self) -> None:
        self.framed = encode_confluent
        self.sent: list[Delivery] = []

    def take(self, *deliveries: Delivery) -> Counts:
        """Keep them."""
        self.sent += deliveries
        return Counts()

    def close(self) -> None:
        """There is nothing to close."""


def introduced() -> Letters:
    """A place, its sources, times and terms."""
    letters = Letters()
    introduce(letters)
    return letters


def import_into(side: Side, *files: Path) -> list[Counts]:
    return [import_file(side.ledger, file).counts for file in files]


def dismiss_all(ledger: Ledger) -> None:
    intake = Intake(ledger)
    for item in waiting(ledger.store, ledger.keys):
        intake.dismiss(item.id, NOBODY, "A test message of the supplier.")


def named(ledger: Ledger, stays: str, other: str) -> dict[str, bytes]:
    """Two identities by the names under which they were first known."""
    told = {e.text["name"]: e.fields["pupil"] for e in entries(ledger) if e.topic == "PupilIdentified" and e.text}
    return {"pupil": told[stays], "other_pupil": told[other]}


def test_a_simulated_year_makes_the_same_ledger_in_both(both: BothStores, tmp_path: Path) -> None:
    file = tmp_path / "year.avro"
    year = simulate_year(file, places=4, pupils=240, weeks=14, seed=5)
    assert len({planted.kind for planted in year.planted}) > 30
    with both.founded() as (embedded, server):
        here, there = import_into(embedded, file), import_into(server, file)
        assert here == there
        assert here[0].adds_up
        assert here[0].held_out > 0
        same_ledger(embedded, server, from_outside(read_deliveries(file)))
        assert totals_of(embedded.ledger) == totals_of(server.ledger)


def of_the_office() -> tuple[list[Delivery], list[Delivery]]:
    """Rows that wait and are set free, some that wait for ever, and two school years; then what comes a day later."""
    office = introduced()
    office.takes("7B", MON, "09:01", Ann="/", Ben="N", Zoe="/")  # nobody is entered yet
    office.says("RegisterTaken", "2025-09-01 09:02", local_id="elsewhere", date="2025-09-01", session="AM",
                whole=False, cause="typed", marks=[{"mis_pupil": "Ann", "code": "/"}])  # fmt: skip
    office.enters("Ann", "Ben", "Cal", at="2025-09-01 10:00", group="7B")
    office.enters("Dora", at="2025-09-01 10:01", upn="T805200017130", former_upn="A805200017129", address="1 Low Road")
    office.changes(MON, "11:00", Ben=("N", "L"), by="K", reason="His mother rang.")
    office.changes("2025-02-30 AM", "2025-09-01 12:00", Ben=("N", "L"))
    office.sent += [office.sent[-1], office.sent[-2]._replace(value=b"no Avro")]
    office.removes(MON, "12:30", "Zoe")
    days = "2025-09-08 to 2027-07-16"
    for name in ("Ann", "Dora"):  # two that go on over the turn of the year
        part_time(
            office, "2025-09-05 10:00", name, "started", days, minutes_week=600, purpose="Anxiety.", local_id=name
        )
    office.leaves("Cal", "2025-10-24", "2025-10-24 16:00")
    office.enters("Cal", at="2026-01-05 08:00", starting_day="2026-01-05")
    office.takes("8B", "2026-09-02 AM", "09:05", Ann="/", Ben="/", Dora="/", Eve="/")
    later = Letters()
    later._number = 1_000
    later.enters("Zoe", "Eve", at="2026-09-03 08:00", starting_day="2026-09-03", upn=None)
    later.sent += office.sent[-3:]
    return office.sent, later.sent


def test_what_is_held_replayed_dismissed_and_sent_again_makes_the_same_ledger_in_both(
    both: BothStores, tmp_path: Path
) -> None:
    first, later = of_the_office()
    files = [container(tmp_path / name, *sent) for name, sent in (("first.avro", first), ("later.avro", later))]
    with both.founded() as (embedded, server):
        assert import_into(embedded, *files, files[0]) == import_into(server, *files, files[0])
        same = same_ledger(embedded, server, from_outside([*first, *later]))
        assert len(embedded.ledger.store.held_ids()) > 2
        assert [e.topic for e in entries(server.ledger)].count("PartTimeAgreed") == 4  # two, each in two school years
        assert set(same.there) & set(embedded.ledger.store.held_ids())
        for side in (embedded, server):
            dismiss_all(side.ledger)
            done = carry_out(side.ledger, MergeIdentities(**named(side.ledger, "Ben", "Eve"), basis="school_confirms"))
            assert isinstance(done, Done)
        same_ledger(embedded, server, from_outside([*first, *later]))
        assert differing_in_windows(server.ledger, 31) == []


@given(histories, cuts)
@settings(max_examples=examples(5), deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_a_random_history_makes_the_same_ledger_in_both(
    both: BothStores, history: Sequence[Said], sizes: list[int]
) -> None:
    opening = introduced()
    settle_in(opening)
    told = deliveries(history)
    with both.founded() as (embedded, server):
        for side in (embedded, server):
            intake = Intake(side.ledger)
            intake.take(opening.sent)
            for some in cut(told, sizes):
                intake.take(some)
        same_ledger(embedded, server, from_outside([*opening.sent, *told]))
        assert differing_in_windows(server.ledger, 31) == []
