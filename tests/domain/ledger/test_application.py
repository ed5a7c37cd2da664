"""The library's application reads our ledger: repository, notification log, strict mapper."""

from __future__ import annotations

from pathlib import Path

import pytest
from eventsourcing.persistence import StoredEvent

from domain.events import Event
from domain.ledger.application import NotOurs, RegistersApplication
from domain.ledger.keystore import KeyStore
from domain.ledger.ledger import FOUNDING, SCHEMAS, Founding, Ledger, found
from domain.ledger.sqlite_store import SQLiteStore, open_sqlite
from domain.place.place import Place, evolve

PLACE = f"place/{bytes(15).hex()}01"


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    store, keys = open_sqlite(tmp_path / "ledger.sqlite"), KeyStore.create(tmp_path / "keys.sqlite")
    keys_named = ("log", "ml-dsa", "recovery")
    return found(store, keys, Founding("x.example/1", bytes(16), "805", "X", *keys_named, 16, "simulated", bytes(32)))


@pytest.fixture
def application(ledger: Ledger) -> RegistersApplication:
    assert isinstance(ledger.store, SQLiteStore)
    return RegistersApplication(ledger.store, ledger.keys)


def closure(kind: str) -> Event:
    return Event(
        PLACE,
        "ClosurePlanned",
        {"from": 20332, "to": 20332, "sessions": 3, "kind": kind, "by_kind": "not_said"},
    )


def test_the_repository_folds_an_aggregate_at_any_version(ledger: Ledger, application: RegistersApplication) -> None:
    ledger.settle(
        lambda unit: unit.record([closure("inset"), closure("polling")], evolve, unit.place(bytes(15) + b"\1"))
    )
    now = application.read(PLACE, Place(PLACE), evolve)
    before = application.read(PLACE, Place(PLACE), evolve, version=1)
    assert [fields["kind"] for _, fields in now.blocks.values()] == ["inset", "polling"]
    assert [fields["kind"] for _, fields in before.blocks.values()] == ["inset"]


def test_the_notification_log_gives_every_entry_in_order(ledger: Ledger, application: RegistersApplication) -> None:
    head, _ = ledger.store.head()
    notifications = application.notification_log.select(start=1, limit=head + 10)
    assert [n.id for n in notifications] == list(range(1, head + 1))
    assert [n.originator_id for n in notifications][:2] == [FOUNDING, SCHEMAS]


def test_a_topic_that_no_schema_was_issued_for_is_refused_and_never_imported(application: RegistersApplication) -> None:
    with pytest.raises(NotOurs, match="os:system"):
        application.mapper.to_domain_event(StoredEvent("x", 1, "os:system", b"\xc3\x01" + bytes(8)))


def test_a_body_under_another_topic_is_refused(ledger: Ledger, application: RegistersApplication) -> None:
    row = ledger.store.read_stream(FOUNDING)[0]
    with pytest.raises(NotOurs, match="MarkRecorded"):
        application.mapper.to_domain_event(StoredEvent(row.stream, 1, "MarkRecorded", row.state))
