"""Registers in from a real broker: what a file would have brought, each row once, whatever happens on the way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from kafka import KafkaAdminClient
from kafka.admin import NewTopic
from kafka.structs import TopicPartition

from consumers.broker import Connection, NoBroker
from consumers.deliveries import Delivery, read_deliveries
from consumers.file_import import import_file
from consumers.streaming import TOPICS, KafkaIntake, Progress, Stream, StreamBroken
from deploy.kafka import Broker
from domain.ledger.keystore import KeyStore
from domain.ledger.ledger import Ledger, found
from domain.ledger.postgres_store import open_postgres
from domain.ledger.sqlite_store import open_sqlite
from schemas.catalogue import id_of, mis
from simulation import simulate_year
from tests.answering import totals_of
from tests.fuzz import stream
from tests.making import founding
from tests.postgres import Database
from tests.streaming import (
    Authority,
    adds_up,
    chains,
    import_operator,
    make_topics,
    marks_in,
    producing,
    send,
    stored_counts,
    take_all,
    write_file,
)


@pytest.fixture(scope="module")
def broker(shared_broker: Broker) -> Broker:
    return shared_broker


@pytest.fixture
def fresh_topics(broker: Broker) -> Iterator[None]:
    """Each test begins with a broker that knows no topic."""
    yield
    admin = KafkaAdminClient(**broker.client())
    admin.delete_topics([name for name in admin.list_topics() if name.startswith(TOPICS)])
    admin.close()


@pytest.fixture(params=["sqlite", "postgres"])
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ledger]:
    if request.param == "sqlite":
        store: Any = open_sqlite(tmp_path / "ledger.sqlite")
    else:
        database: Database = request.getfixturevalue("postgres_database")
        store = open_postgres(**database.arguments)
    made = found(store, KeyStore.create(tmp_path / "keys.sqlite"), founding())
    yield made
    store.close()


def in_sqlite(folder: Path) -> Ledger:
    folder.mkdir()
    return found(open_sqlite(folder / "ledger.sqlite"), KeyStore.create(folder / "keys.sqlite"), founding())


pytestmark = pytest.mark.usefixtures("fresh_topics")


def test_what_streams_in_is_what_a_file_would_have_brought_however_sources_interleave(
    broker: Broker, ledger: Ledger, tmp_path: Path
) -> None:
    authority = Authority(seed=1)
    messages = [*authority.rolls(), *authority.registers(3)]
    by_file = in_sqlite(tmp_path / "file")
    import_operator(by_file, tmp_path, authority)
    import_file(by_file, write_file(tmp_path / "all.avro", messages))
    import_operator(ledger, tmp_path, authority)
    authority.make_topics(broker)
    with producing(broker) as producer:
        # One source's messages after the other's: the broker keeps no order between topics.
        for delivery in sorted(messages, key=lambda delivery: delivery.source):
            send(producer, delivery)
    take_all(ledger, broker, len(messages))
    assert marks_in(ledger) == marks_in(by_file)
    assert marks_in(ledger) == dict.fromkeys(authority.rows, 1)
    assert adds_up(stored_counts(ledger))
    by_file.store.close()


class Imported(NamedTuple):
    """What a simulated authority said, and what a ledger says that had it from a file."""

    said: list[Delivery]
    totals: Any
    told: Any


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Imported:
    """Two weeks of four places; imported once for all the stores that it streams into."""
    folder = tmp_path_factory.mktemp("imported")
    simulate_year(folder / "year.avro", places=4, pupils=160, weeks=2, seed=5)
    by_file = in_sqlite(folder / "file")
    import_file(by_file, folder / "year.avro")
    made = Imported(list(read_deliveries(folder / "year.avro")), totals_of(by_file).rows, chains(by_file))
    by_file.store.close()
    return made


def test_a_simulated_authority_streams_into_the_same_registers_histories_and_totals(
    broker: Broker, ledger: Ledger, tmp_path: Path, imported: Imported
) -> None:
    operator = [delivery for delivery in imported.said if delivery.source == "operator"]
    import_file(ledger, write_file(tmp_path / "operator.avro", operator))
    streamed = [delivery for delivery in imported.said if delivery.source != "operator"]
    make_topics(broker, sorted({TOPICS + delivery.source for delivery in streamed}))
    with producing(broker) as producer:
        for delivery in streamed:
            send(producer, delivery)
    take_all(ledger, broker, len(streamed), max_poll_records=50)
    assert totals_of(ledger).rows == imported.totals
    assert chains(ledger) == imported.told
    assert adds_up(stored_counts(ledger))


def odd_values(authority: Authority) -> dict[str, bytes | None]:
    """Values that are no message, by what is wrong with them."""
    good = authority.message("MarkRemoved", 0, "2025-09-01 09:00", removals=[]).value
    unknown = (max(id_of(mis(name)) for name in ("PupilLeft", "StaffStated")) + 10_000).to_bytes(4, "big")
    return {
        "null": None,
        "empty": b"",
        "wrong magic": b"\x07" + good[1:],
        "truncated": good[:-1],
        "trailing": good + b"\x00",
        "unknown schema id": b"\x00" + unknown + good[5:],
        "unknown fingerprint": b"\xc3\x01" + bytes(8) + good[5:],
        "two MiB": b"\x00" * (2 << 20),
    }


def test_values_that_cannot_be_read_are_held_and_the_partition_moves_on(
    broker: Broker, ledger: Ledger, tmp_path: Path
) -> None:
    authority = Authority(seed=2, places=1)
    import_operator(ledger, tmp_path, authority)
    authority.make_topics(broker, partitions=1)
    topic, odd = authority.topics[0], odd_values(authority)
    messages = [*authority.rolls(), *authority.registers(1)]
    with producing(broker, max_request_size=4 << 20) as producer:
        for delivery in messages:
            send(producer, delivery)
            for value in odd.values():
                producer.send(topic, value, key=b"place 0").get(30)
    take_all(ledger, broker, len(messages) * (1 + len(odd)))
    counts = stored_counts(ledger)
    assert adds_up(counts)
    assert counts["held_in"] == len(odd) - 1, "null and empty are the same bytes: none"
    assert counts["duplicate"] == len(messages) * len(odd) - counts["held_in"], "the same bytes again are counted"
    assert marks_in(ledger) == dict.fromkeys(authority.rows, 1)


def test_what_comes_again_or_in_another_order_is_in_the_ledger_once(
    broker: Broker, ledger: Ledger, tmp_path: Path
) -> None:
    authority = Authority(seed=3)
    import_operator(ledger, tmp_path, authority)
    authority.make_topics(broker)
    messages = [*authority.registers(2), *authority.rolls()]  # pupils last: their marks wait for them
    again = authority.random.sample(messages, len(messages) // 2)
    shuffled = authority.random.sample([*messages, *again], len(messages) + len(again))
    with producing(broker) as producer:
        for delivery in shuffled:
            send(producer, delivery)
    take_all(ledger, broker, len(shuffled), max_poll_records=7)
    counts = stored_counts(ledger)
    assert adds_up(counts)
    assert counts["held_in"] == counts["held_out"]
    assert marks_in(ledger) == dict.fromkeys(authority.rows, 1)


def test_a_stopped_intake_goes_on_where_the_store_stands(broker: Broker, ledger: Ledger, tmp_path: Path) -> None:
    authority = Authority(seed=4)
    import_operator(ledger, tmp_path, authority)
    authority.make_topics(broker)
    messages = [*authority.rolls(), *authority.registers(2)]
    half = len(messages) // 2
    with producing(broker) as producer:
        for delivery in messages[:half]:
            send(producer, delivery)
    take_all(ledger, broker, half)
    with producing(broker) as producer:
        for delivery in messages[half:]:
            send(producer, delivery)
    intake = take_all(ledger, broker, len(messages) - half)
    assert sum(c.deliveries for c in intake.progress.counts.values()) == len(messages) - half
    assert stored_counts(ledger)["sent"] == authority.pupils * authority.places + len(authority.rows)
    assert marks_in(ledger) == dict.fromkeys(authority.rows, 1)


def test_a_topic_that_was_made_anew_stops_the_intake_until_the_operator_says_so(
    broker: Broker, ledger: Ledger, tmp_path: Path
) -> None:
    authority = Authority(seed=5, places=1)
    import_operator(ledger, tmp_path, authority)
    authority.make_topics(broker, partitions=1)
    messages = [*authority.rolls(), *authority.registers(1)]
    with producing(broker) as producer:
        for delivery in messages[:2]:
            send(producer, delivery)
    take_all(ledger, broker, 2)
    topic = authority.topics[0]
    admin = KafkaAdminClient(**broker.client())
    admin.delete_topics([topic])
    admin.create_topics([NewTopic(topic, 1, 1)])
    admin.close()
    with producing(broker) as producer:
        for delivery in messages:
            send(producer, delivery)
    with pytest.raises(StreamBroken, match="made anew"):
        take_all(ledger, broker, 1)
    take_all(ledger, broker, len(messages), start_over=frozenset((topic,)))
    assert marks_in(ledger) == dict.fromkeys(authority.rows, 1)


def test_records_that_were_removed_before_they_were_taken_in_stop_the_intake(
    broker: Broker, ledger: Ledger, tmp_path: Path
) -> None:
    authority = Authority(seed=6, places=1)
    import_operator(ledger, tmp_path, authority)
    authority.make_topics(broker, partitions=1)
    messages = [*authority.rolls(), *authority.registers(2)]
    with producing(broker) as producer:
        for delivery in messages[:2]:
            send(producer, delivery)
    take_all(ledger, broker, 2)
    with producing(broker) as producer:
        for delivery in messages[2:]:
            send(producer, delivery)
    admin = KafkaAdminClient(**broker.client())
    admin.delete_records({TopicPartition(authority.topics[0], 0): 4})  # what retention does
    admin.close()
    before = ledger.store.head()
    with pytest.raises(StreamBroken, match="retention has passed our position"):
        take_all(ledger, broker, 1)
    assert ledger.store.head() == before


def test_a_topic_that_was_made_anew_while_the_intake_was_frozen_stops_it_though_the_new_one_is_longer(
    broker: Broker, ledger: Ledger, tmp_path: Path
) -> None:
    authority = Authority(seed=8, places=1)
    import_operator(ledger, tmp_path, authority)
    authority.make_topics(broker, partitions=1)
    messages = [*authority.rolls(), *authority.registers(2)]
    with producing(broker) as producer:
        for delivery in messages[:2]:
            send(producer, delivery)

    def meanwhile(_: Progress) -> None:
        """Between two polls: to the client it is as if no time had passed."""
        topic = authority.topics[0]
        admin = KafkaAdminClient(**broker.client())
        admin.delete_topics([topic])
        admin.create_topics([NewTopic(topic, 1, 1)])
        admin.close()
        with producing(broker) as producer:
            for delivery in messages[2:]:
                send(producer, delivery)

    with pytest.raises(StreamBroken, match="made anew"):
        take_all(ledger, broker, len(messages), after=meanwhile)
    assert stored_counts(ledger)["deliveries"] == 2


def test_what_was_sent_in_a_transaction_that_was_aborted_was_never_said(
    broker: Broker, ledger: Ledger, tmp_path: Path
) -> None:
    authority = Authority(seed=9, places=1)
    import_operator(ledger, tmp_path, authority)
    authority.make_topics(broker, partitions=1)
    messages = [*authority.rolls(), *authority.registers(2)]
    aborted = [*authority.registers(2)]
    del authority.rows[-len(authority.rows) // 2 :]
    with producing(broker, transactional_id="marram") as producer:
        producer.init_transactions()
        for delivery, never in zip(messages, [*aborted, *aborted[:1]], strict=True):
            producer.begin_transaction()
            send(producer, never).get(30)
            producer.abort_transaction()
            producer.begin_transaction()
            send(producer, delivery)
            producer.commit_transaction()
    intake = take_all(ledger, broker, len(messages))
    assert marks_in(ledger) == dict.fromkeys(authority.rows, 1)
    assert stored_counts(ledger)["deliveries"] == len(messages)
    assert intake.progress.messages == len(messages)


def test_a_partition_that_ends_with_a_transaction_is_taken_in_whole_and_lags_behind_nothing(
    broker: Broker, ledger: Ledger, tmp_path: Path
) -> None:
    authority = Authority(seed=10, places=1)
    import_operator(ledger, tmp_path, authority)
    authority.make_topics(broker, partitions=1)
    with producing(broker, transactional_id="marram") as producer:
        producer.init_transactions()
        producer.begin_transaction()
        for delivery in authority.rolls():
            send(producer, delivery)
        producer.commit_transaction()
    intake = KafkaIntake(ledger, Stream(Connection(bootstrap=broker.bootstrap), poll_ms=100))
    polls = iter(range(100))
    intake.run(lambda: (intake.progress.messages > 0 and not any(intake.progress.lag.values())) or next(polls) == 99)
    assert list(intake.progress.lag.values()) == [0]


@pytest.mark.parametrize("codec", ["gzip", "lz4", "snappy", "zstd"])
def test_what_is_compressed_in_a_way_that_cannot_be_read_here_stops_the_intake_with_a_way_out(
    broker: Broker, ledger: Ledger, tmp_path: Path, codec: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = Authority(seed=12, places=1)
    import_operator(ledger, tmp_path, authority)
    admin = KafkaAdminClient(**broker.client())
    admin.create_topics([NewTopic(authority.topics[0], 1, 1, topic_configs={"compression.type": codec})])
    admin.close()
    with producing(broker) as producer:
        for delivery in authority.rolls():
            send(producer, delivery)
    monkeypatch.setattr(f"kafka.codec.has_{codec}", lambda: False)
    with pytest.raises(NoBroker, match="compresses what it sends in a way that cannot be read here"):
        take_all(ledger, broker, 1)
    monkeypatch.undo()


@pytest.mark.parametrize("codec", ["gzip", "lz4", "snappy", "zstd"])
def test_what_a_sender_or_the_broker_compressed_is_read(
    broker: Broker, ledger: Ledger, tmp_path: Path, codec: str
) -> None:
    authority = Authority(seed=14, places=1)
    import_operator(ledger, tmp_path, authority)
    admin = KafkaAdminClient(**broker.client())
    admin.create_topics([NewTopic(authority.topics[0], 1, 1, topic_configs={"compression.type": codec})])
    admin.close()
    messages = [*authority.rolls(), *authority.registers(1)]
    with producing(broker) as producer:
        for delivery in messages:
            send(producer, delivery)
    take_all(ledger, broker, len(messages))
    assert adds_up(stored_counts(ledger))
    assert marks_in(ledger)


def test_two_ledgers_at_one_broker_each_take_in_everything(broker: Broker, ledger: Ledger, tmp_path: Path) -> None:
    authority = Authority(seed=13)
    (tmp_path / "other").mkdir()
    store, keys = open_sqlite(tmp_path / "other" / "ledger.sqlite"), KeyStore.create(tmp_path / "other" / "keys.sqlite")
    other = found(store, keys, replace(founding(), authority=b"B" * 16))
    for one in (ledger, other):
        import_operator(one, tmp_path, authority)
    authority.make_topics(broker)
    messages = [*authority.rolls(), *authority.registers(1)]
    with producing(broker) as producer:
        for delivery in messages:
            send(producer, delivery)

    def meanwhile(_: Progress) -> None:
        """While the first holds all its partitions, the other comes."""
        if not stored_counts(other):
            take_all(other, broker, len(messages), seconds=30)

    take_all(ledger, broker, len(messages), after=meanwhile)
    for one in (ledger, other):
        assert marks_in(one) == dict.fromkeys(authority.rows, 1)
    store.close()


def test_a_session_timeout_that_the_broker_does_not_allow_is_named(broker: Broker, ledger: Ledger) -> None:
    with pytest.raises(NoBroker, match=r"does not allow a session timeout of 0\.5 s: give another"):
        take_all(ledger, broker, 1, session_timeout_ms=500)


@pytest.mark.parametrize("stamp", [253_402_300_800_000, 2**62, 2**63 - 1])
def test_a_time_that_no_calendar_can_say_stops_nothing(
    broker: Broker, ledger: Ledger, tmp_path: Path, stamp: int
) -> None:
    authority = Authority(seed=11, places=1)
    import_operator(ledger, tmp_path, authority)
    topic, any_time = authority.topics[0], str(2**63 - 1)
    admin = KafkaAdminClient(**broker.client())
    admin.create_topics([NewTopic(topic, 1, 1, topic_configs={"message.timestamp.after.max.ms": any_time})])
    admin.close()
    messages = [*authority.rolls(), *authority.registers(1)]
    with producing(broker) as producer:
        for delivery in messages:
            producer.send(topic, delivery.value, key=b"place 0", timestamp_ms=stamp).get(30)
        producer.send(topic, b"no message", key=b"place 0", timestamp_ms=stamp).get(30)
    take_all(ledger, broker, len(messages) + 1)
    counts = stored_counts(ledger)
    assert adds_up(counts)
    assert counts["marks"] + counts["foreseen"] == len(authority.rows)
    assert counts["held_in"] == 1


def test_every_row_of_mutated_messages_ends_in_one_outcome(broker: Broker, ledger: Ledger, tmp_path: Path) -> None:
    counts = stream(ledger, tmp_path, broker, messages=600, seed=7)
    assert all(counts[name] for name in ("marks", "amendments", "withdrawals", "held_in", "duplicate")), counts
