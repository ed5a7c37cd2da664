"""Messages framed by the ids of a schema registry, from a real broker, with a registry that comes, goes and says no."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaAdminClient

from consumers.broker import NoBroker
from consumers.deliveries import Delivery
from consumers.file_import import import_file
from consumers.streaming import TOPICS, KafkaIntake
from deploy.kafka import Broker
from domain.ledger.held import waiting
from domain.ledger.keystore import KeyStore
from domain.ledger.ledger import Ledger, found
from domain.ledger.sqlite_store import open_sqlite
from schemas.catalogue import by_id, current, id_of
from schemas.codec import SINGLE_OBJECT
from tests.making import founding
from tests.registry import RegistryServer, serving
from tests.streaming import (
    Authority,
    Process,
    adds_up,
    founded_home,
    import_operator,
    make_topics,
    marks_in,
    producing,
    send,
    stored_counts,
    take_all,
    write_file,
)

STRANGE = '{"type": "record", "name": "Menu", "fields": []}'


@pytest.fixture(scope="module")
def broker(shared_broker: Broker) -> Broker:
    return shared_broker


@pytest.fixture
def ledger(broker: Broker, tmp_path: Path) -> Iterator[Ledger]:
    """A ledger, and a broker that knows no topic yet."""
    made = founded(tmp_path / "ledger")
    yield made
    made.store.close()
    admin = KafkaAdminClient(**broker.client())
    admin.delete_topics([name for name in admin.list_topics() if name.startswith(TOPICS)])
    admin.close()


@pytest.fixture
def registry() -> Iterator[RegistryServer]:
    """It numbers our schemas from the last to the first: so each of its numbers is another schema's of ours."""
    with serving() as made:
        for schema in current("mis").values():
            made.keep(NUMBERS[id_of(schema)], schema.text)
        yield made


OURS = sorted(id_of(schema) for schema in current("mis").values())
NUMBERS = dict(zip(OURS, reversed(OURS), strict=True))


def founded(folder: Path) -> Ledger:
    folder.mkdir()
    return found(open_sqlite(folder / "ledger.sqlite"), KeyStore.create(folder / "keys.sqlite"), founding())


def by_registry(delivery: Delivery, number: int | None = None) -> Delivery:
    """As a producer sends it that has its ids from the registry."""
    value = delivery.value
    number = NUMBERS[int.from_bytes(value[1:5], "big")] if number is None else number
    return delivery._replace(value=value[:1] + number.to_bytes(4, "big") + value[5:])


def by_fingerprint(delivery: Delivery) -> Delivery:
    """As a producer sends it that needs no registry."""
    schema = by_id(int.from_bytes(delivery.value[1:5], "big"))
    assert schema is not None
    return delivery._replace(value=SINGLE_OBJECT + schema.fingerprint + delivery.value[5:])


def sent(broker: Broker, *messages: Delivery) -> None:
    with producing(broker) as producer:
        for delivery in messages:
            send(producer, delivery)


def all_sent(broker: Broker, ledger: Ledger, folder: Path, authority: Authority, messages: list[Delivery]) -> None:
    """The operator's word is in the ledger, and every message is in the authority's topics, framed by a registry."""
    import_operator(ledger, folder, authority)
    authority.make_topics(broker)
    sent(broker, *(by_registry(delivery) for delivery in messages))


def take(ledger: Ledger, broker: Broker, registry: RegistryServer, messages: int, **more: Any) -> KafkaIntake:
    return take_all(ledger, broker, messages, connection={"registry": registry.address}, **more)


def test_what_is_framed_by_a_registry_s_ids_is_what_a_file_would_have_brought(
    broker: Broker, ledger: Ledger, registry: RegistryServer, tmp_path: Path
) -> None:
    authority = Authority(seed=11)
    messages = [*authority.rolls(), *authority.registers(3)]
    by_file = founded(tmp_path / "file")
    import_operator(by_file, tmp_path, authority)
    import_file(by_file, write_file(tmp_path / "all.avro", messages))
    all_sent(broker, ledger, tmp_path, authority, messages)
    take(ledger, broker, registry, len(messages))
    assert marks_in(ledger) == marks_in(by_file) == dict.fromkeys(authority.rows, 1)
    assert adds_up(stored_counts(ledger))
    assert len(registry.asked) == len(set(registry.asked)), "no id is asked for twice"
    by_file.store.close()


def test_ids_that_lead_nowhere_are_held_by_name_and_the_partition_moves_on(
    broker: Broker, ledger: Ledger, registry: RegistryServer, tmp_path: Path
) -> None:
    authority = Authority(seed=12, places=1)
    good = [*authority.rolls(), *authority.registers(2)]
    registry.keep(9_001, STRANGE)
    registry.keep(9_002, "syntax = 'proto3';", schemaType="PROTOBUF")
    odd = [by_registry(good[0], number) for number in (9_000, 9_001, 9_002, 0, 1 << 31)]
    import_operator(ledger, tmp_path, authority)
    make_topics(broker, authority.topics, partitions=1)
    sent(broker, *odd, *(by_registry(delivery) for delivery in good))
    take(ledger, broker, registry, len(odd) + len(good))
    assert marks_in(ledger) == dict.fromkeys(authority.rows, 1)
    sentences = [str(item.fields["sentence"]) for item in waiting(ledger.store, ledger.keys)]
    assert [item.rule for item in waiting(ledger.store, ledger.keys)] == ["g1"] * len(odd)
    for number, sentence in zip((9_000, 9_001, 9_002, 0, 1 << 31), sentences, strict=True):
        assert f"the id {number}" in sentence
    assert adds_up(stored_counts(ledger))


def test_while_the_registry_is_away_its_messages_wait_and_others_go_on_and_nothing_is_held(
    broker: Broker, ledger: Ledger, registry: RegistryServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "rollbook.intake")
    authority = Authority(seed=13, places=2)
    messages = [*authority.rolls(), *authority.registers(3)]
    # Of the two sources one names its schemas by fingerprint, and needs nobody to explain them.
    plain = [delivery for delivery in messages if delivery.source == authority.source_of(0).hex()]
    import_operator(ledger, tmp_path, authority)
    authority.make_topics(broker)
    with producing(broker) as producer:
        for delivery in messages:
            send(producer, by_fingerprint(delivery) if delivery in plain else by_registry(delivery))
    registry.stop()
    take(ledger, broker, registry, len(plain))
    assert {row.place for row in marks_in(ledger)} == {0}
    assert [item.rule for item in waiting(ledger.store, ledger.keys)] == []
    back = threading.Timer(2.0, registry.start)
    back.start()
    take(ledger, broker, registry, len(messages) - len(plain))
    back.join()
    assert marks_in(ledger) == dict.fromkeys(authority.rows, 1)
    assert waiting(ledger.store, ledger.keys) == []
    said = [record.getMessage() for record in caplog.records if '"registry"' in record.getMessage()]
    assert "does not answer (Connection refused)" in said[0]
    assert "answers again" in said[-1]
    assert len(said) <= 3, "what is wrong is said once for each intake, not each time that it is asked"


def test_a_registry_that_forgets_for_a_moment_makes_nothing_be_held(
    broker: Broker, ledger: Ledger, registry: RegistryServer, tmp_path: Path
) -> None:
    authority = Authority(seed=14, places=1)
    messages = [*authority.rolls(), *authority.registers(1)]
    all_sent(broker, ledger, tmp_path, authority, messages)
    told, registry.schemas = registry.schemas, {}

    def first_asked() -> None:
        if registry.asked and not registry.schemas:
            registry.schemas = told

    take(ledger, broker, registry, len(messages), joined=first_asked)
    assert marks_in(ledger) == dict.fromkeys(authority.rows, 1)
    assert waiting(ledger.store, ledger.keys) == []


def test_every_partition_that_rested_goes_on_once_the_registry_answers(
    broker: Broker, ledger: Ledger, registry: RegistryServer, tmp_path: Path
) -> None:
    authority = Authority(seed=16, places=9)
    messages = [*authority.rolls(), *authority.registers(2)]
    all_sent(broker, ledger, tmp_path, authority, messages)
    registry.stop()
    back = threading.Timer(3.0, registry.start)
    back.start()
    # So few at once that the client keeps some of every partition back when it is told to rest.
    take(ledger, broker, registry, len(messages), max_poll_records=3, seconds=30.0)
    back.join()
    assert marks_in(ledger) == dict.fromkeys(authority.rows, 1)


def test_partitions_that_rest_are_handed_over_like_any_other(
    broker: Broker, registry: RegistryServer, tmp_path: Path
) -> None:
    # So many places that there is something in each partition, whichever of them the second is given.
    authority = Authority(seed=15, places=9)
    messages = [*authority.rolls(), *authority.registers(2)]
    home = founded_home(tmp_path / "home")
    with (home.path / "rollbook.toml").open("a") as settings:
        settings.write(f'\n[kafka]\nregistry = "{registry.address}"\n')
    with home.writing() as ledger:
        all_sent(broker, ledger, tmp_path, authority, messages)
    registry.stop()
    first, second = (Process(home, broker, tmp_path / f"{name}.log") for name in ("first", "second"))
    try:
        first.start()
        until_said(first, '"event": "registry"')
        second.start()
        until_said(second, '"event": "registry"')  # so some of what rested with the first rests with the second
        first.kill()
        registry.start()
        with home.reading() as ledger:
            for _ in range(600):
                if stored_counts(ledger)["deliveries"] >= len(messages) or not second.runs:
                    break
                time.sleep(0.1)
            assert marks_in(ledger) == dict.fromkeys(authority.rows, 1)
            assert waiting(ledger.store, ledger.keys) == []
        assert second.end() == 0
    finally:
        first.kill()
        second.kill()


def until_said(process: Process, text: str) -> None:
    """Wait until a line of its log says so."""
    for _ in range(600):
        if text in process.log.read_text("utf-8"):
            return
        assert process.runs, process.log.read_text("utf-8")
        time.sleep(0.1)
    raise AssertionError(process.log.read_text("utf-8"))


def test_a_registry_whose_password_is_not_there_stops_the_intake_before_it_begins(
    broker: Broker, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ROLLBOOK_REGISTRY_PASSWORD", raising=False)
    with pytest.raises(NoBroker, match="User us of the schema registry needs a password"):
        take_all(ledger, broker, 1, connection={"registry": "https://registry.example", "registry_user": "us"})
