"""What the ledger publishes: every entry, in order, as it is stored, whoever is killed when; nothing sealed is opened."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.admin import NewTopic

from consumers.broker import Connection
from consumers.publisher import CannotPublish, Publication, Publisher
from deploy.kafka import Broker
from domain.ledger.store import Batch, TrackingRow
from schemas.codec import decode
from tests.making import School

ROOT = Path(__file__).parents[2]
PUPILS = ("Wilhelmina Featherstonehaugh", "Bartholomew Cholmondeley", "Philippa Marjoribanks")


@pytest.fixture(scope="module")
def broker(shared_broker: Broker) -> Broker:
    return shared_broker


@pytest.fixture
def publication(broker: Broker, request: pytest.FixtureRequest) -> Publication:
    """Topics of this test's own: entries on one partition, pointers on another topic."""
    name = "".join(c if c.isalnum() else "-" for c in request.node.name)
    made = Publication(Connection(bootstrap=broker.bootstrap), f"{name}.events", f"{name}.held", poll_seconds=0.05)
    make_topics(broker, made.topic, made.held_topic)
    return made


@pytest.fixture
def office(tmp_path: Path) -> Iterator[School]:
    """A school with three pupils whose names nobody could mistake."""
    made = School.ready(tmp_path, PUPILS)
    yield made
    made.close()


def make_topics(broker: Broker, *names: str, partitions: int = 1) -> None:
    admin = KafkaAdminClient(**broker.client())
    admin.create_topics([NewTopic(name, partitions, 1) for name in names])
    admin.close()


def heard(broker: Broker, topic: str, partition: int = 0) -> list[Any]:
    """Everything on a partition."""
    consumer = KafkaConsumer(**broker.client(), max_poll_records=10_000)
    at = TopicPartition(topic, partition)
    consumer.assign([at])
    consumer.seek_to_beginning(at)
    end, found = consumer.end_offsets([at])[at], []
    while consumer.position(at) < end:
        for records in consumer.poll(timeout_ms=1_000).values():
            found += records
    consumer.close()
    return found


def position(record: Any) -> int:
    return int(dict(record.headers)["position"])


def publish(school: School, publication: Publication) -> int:
    """Publish what is there; how many entries that were."""
    publisher = Publisher(school.ledger, publication)
    publisher.run(lambda: False, once=True)
    return publisher.published


def eventually(holds: Callable[[], bool]) -> bool:
    """Whether something comes true while somebody would still wait for it."""
    for _ in range(3_000):
        if holds():
            return True
        time.sleep(0.01)
    return False


@contextmanager
def following(school: School, publication: Publication) -> Iterator[Publisher]:
    """A publisher in a thread of its own, with the ledger as another process opens it; told to stop at the end."""
    beside, told = school.beside(), threading.Event()
    publisher = Publisher(beside.ledger, publication)
    follows = threading.Thread(target=publisher.run, args=(told.is_set,))
    follows.start()
    try:
        yield publisher
    finally:
        told.set()
        follows.join(60)
        assert not follows.is_alive()
        beside.close()


def test_every_entry_is_published_in_order_as_it_is_stored(
    office: School, broker: Broker, publication: Publication
) -> None:
    office.takes("7B", "2025-09-01 AM", "09:01", **dict.fromkeys(PUPILS, "/"))
    assert publish(office, publication) == office.head
    stored = list(office.ledger.store.read_positions(1, office.head))
    sent = heard(broker, publication.topic)
    assert [position(r) for r in sent] == list(range(1, office.head + 1))
    for row, record in zip(stored, sent, strict=True):
        assert (record.key.decode(), record.value) == (row.stream, row.state)
        assert {name: value.decode() for name, value in record.headers} == {
            "position": str(row.position),
            "recorded_at": str(row.recorded_at),
            "version": str(row.version),
            "topic": row.topic,
            "simulated": "yes",
        }


def test_what_was_published_is_not_published_again(office: School, broker: Broker, publication: Publication) -> None:
    publish(office, publication)
    before = office.head
    assert publish(office, publication) == 0
    office.takes("7B", "2025-09-01 AM", "09:01", **dict.fromkeys(PUPILS, "/"))
    assert publish(office, publication) == office.head - before
    assert [position(r) for r in heard(broker, publication.topic)] == list(range(1, office.head + 1))


def test_nothing_sealed_is_opened_on_the_way_out(office: School, broker: Broker, publication: Publication) -> None:
    office.takes("7B", "2025-09-01 AM", "09:01", **dict.fromkeys(PUPILS, "/"))
    office.changes(
        "2025-09-01 AM", "11:00", **{PUPILS[0]: ("/", "I")}, by="T9", reason="Mother rang about the operation."
    )
    office.takes("7B", "2025-09-01 PM", "13:01", **{"Somebody Unheardof": "/"})
    publish(office, publication)
    records = [*heard(broker, publication.topic), *heard(broker, publication.held_topic)]
    sent = b"\n".join(part for r in records for part in (r.key, r.value, *(value for _, value in r.headers)))
    assert b"MarkAmended" in sent
    for word in (*PUPILS, "Unheardof", "Mother rang"):
        for part in word.split():
            if len(part) > 5:
                assert part.encode() not in sent


def test_the_topic_explains_itself_because_the_schemas_are_entries_too(
    office: School, broker: Broker, publication: Publication
) -> None:
    publish(office, publication)
    known: set[bytes] = set()
    for record in heard(broker, publication.topic):
        schema, fields = decode(record.value)
        if schema.name == "SchemaRegistered":
            known.add(fields["name"].encode())
        elif position(record) > 3:  # the founding, and the two schemas that the format fixes
            assert schema.name.encode() in known


def test_a_held_input_is_pointed_at_and_so_is_what_became_of_it(
    office: School, broker: Broker, publication: Publication
) -> None:
    office.take(office.taking("7B", "2025-09-01 AM", "09:01", Late="/")._replace(topic="t", partition=3, offset=17))
    publish(office, publication)
    (held,) = office.held
    office.enters("Late")
    publish(office, publication)
    first, second = [json.loads(r.value) for r in heard(broker, publication.held_topic)]
    assert first == {
        "event": "InputHeld",
        "held": held.id.hex(),
        "source": office.source.hex(),
        "topic": "t",
        "partition": 3,
        "offset": 17,
        "rule": "g3",
        "rows": 1,
        "sentence": held.fields["sentence"],
        "place": held.place.hex() if held.place else None,
        "became": None,
        "first_position": None,
        "position": first["position"],
        "recorded_at": first["recorded_at"],
        "simulated": True,
    }
    assert (second["event"], second["held"], second["became"], second["place"]) == (
        "InputResolved",
        first["held"],
        "events",
        first["place"],
    )


KILLED = """
import sys
from pathlib import Path
from consumers.broker import Connection
from consumers.publisher import Publication, Publisher
from domain.ledger.keystore import KeyStore
from domain.ledger.ledger import Ledger
from domain.ledger.sqlite_store import open_sqlite
folder, bootstrap, topic, held = sys.argv[1:]
ledger = Ledger(open_sqlite(Path(folder, "ledger.sqlite")), KeyStore.open(Path(folder, "keys.sqlite")))
publisher = Publisher(ledger, Publication(Connection(bootstrap=bootstrap), topic, held, at_once=20))
print("began", flush=True)
publisher.run(lambda: False)
"""


@pytest.mark.on_disk
def test_a_publisher_killed_at_any_instant_leaves_no_gap_and_no_disorder(
    office: School, broker: Broker, publication: Publication
) -> None:
    days = ("01", "02", "03", "04", "05", "08", "09", "10", "11", "12")
    class_ = [f"Pupil {number}" for number in range(60)]
    office.enters(*class_)
    with office.one_batch():
        for day in days:
            for session, at in (("AM", "09:01"), ("PM", "13:01")):
                office.takes("7B", f"2025-09-{day} {session}", at, **dict.fromkeys(class_, "/"))
    seed = random.randrange(2**32)
    chance = random.Random(seed)
    arguments = [str(office.folder), broker.bootstrap, publication.topic, publication.held_topic]

    def stands() -> int:
        return office.ledger.store.tracking_position(publication.row)

    for _ in range(6):
        before = stands()
        with subprocess.Popen([sys.executable, "-c", KILLED, *arguments], stdout=subprocess.PIPE, cwd=ROOT) as killed:
            assert killed.stdout is not None
            assert killed.stdout.readline() == b"began\n"
            assert eventually(lambda: stands() > before)  # noqa: B023 - asked at once
            time.sleep(chance.uniform(0, 0.1))
            killed.kill()
    publish(office, publication)
    highest = 0
    states = {row.position: row.state for row in office.ledger.store.read_positions(1, office.head)}
    for record in heard(broker, publication.topic):
        where = position(record)
        assert where <= highest + 1, f"a gap before {where}, seed {seed}"
        assert record.value == states[where]
        highest = max(highest, where)
    assert highest == office.head, f"seed {seed}"


def test_of_two_publishers_the_one_that_came_second_repeats_at_most_one_batch_and_stands_by(
    office: School, broker: Broker, publication: Publication
) -> None:
    class Overtaken(Publisher):
        """Another publisher moves the row between our sending and our moving it."""

        def _acknowledged(self, producer: Any, futures: Any, stop: Callable[[], bool]) -> bool:
            done = super()._acknowledged(producer, futures, stop)
            if self.published == 0:
                other = office.beside()
                publish(other, publication)
                other.close()
            return done

    ours = Overtaken(office.ledger, publication)
    ours.run(lambda: False, once=True)
    assert ours.published == 0
    assert [position(r) for r in heard(broker, publication.topic)] == 2 * list(range(1, office.head + 1))


@pytest.mark.parametrize("kept_in", ["sqlite", "postgres"])
def test_a_publisher_that_follows_publishes_what_is_recorded_meanwhile(
    kept_in: str, tmp_path: Path, broker: Broker, publication: Publication, request: pytest.FixtureRequest
) -> None:
    if kept_in == "sqlite":
        school = School.ready(tmp_path, PUPILS)
    else:
        school = request.getfixturevalue("server_schools").ready(tmp_path, PUPILS)
    with following(school, publication) as publisher:
        assert eventually(lambda: publisher.position == school.head)
        school.takes("7B", "2025-09-01 AM", "09:01", **dict.fromkeys(PUPILS, "/"))
        assert eventually(lambda: publisher.position == school.head)
    assert [position(r) for r in heard(broker, publication.topic)] == list(range(1, school.head + 1))
    school.close()


def test_several_partitions_keep_the_order_of_each_stream(
    office: School, broker: Broker, publication: Publication
) -> None:
    wide = publication._replace(topic=f"{publication.topic}.wide")
    make_topics(broker, wide.topic, partitions=3)
    office.takes("7B", "2025-09-01 AM", "09:01", **dict.fromkeys(PUPILS, "/"))
    publish(office, wide)
    partitions = [heard(broker, wide.topic, number) for number in range(3)]
    assert sorted(position(r) for records in partitions for r in records) == list(range(1, office.head + 1))
    streams = [{r.key for r in records} for records in partitions]
    assert all(streams)
    assert sum(map(len, streams)) == len(set().union(*streams)), "a stream is on two partitions"
    for records in partitions:
        assert [position(r) for r in records] == sorted(position(r) for r in records)


def test_a_topic_that_is_not_there_is_asked_for_in_a_sentence(office: School, broker: Broker) -> None:
    nowhere = Publication(Connection(bootstrap=broker.bootstrap), "nowhere", "nowhere.held")
    with pytest.raises(CannotPublish, match="There is no topic nowhere: make it first"):
        publish(office, nowhere)


@pytest.mark.parametrize(
    ("topic", "held", "said"),
    [
        ("attendance.mis." + "0" * 32, "held", "what the intake reads"),
        ("same", "same", "topics of their own"),
        ("a topic", "held", "made of letters"),
    ],
)
def test_topics_that_would_do_harm_are_refused(office: School, topic: str, held: str, said: str) -> None:
    with pytest.raises(CannotPublish, match=said):
        Publisher(office.ledger, Publication(Connection(), topic, held))


def test_how_far_it_is_published_never_goes_back(office: School, broker: Broker, publication: Publication) -> None:
    office.ledger.store.append(Batch(tracking=[TrackingRow(publication.row, 5)]))
    publish(office, publication)
    assert position(heard(broker, publication.topic)[0]) == 6
    assert office.ledger.store.tracking_position(publication.row) == office.head


def test_a_publisher_that_stands_by_goes_on_where_the_other_stood_still(
    office: School, broker: Broker, publication: Publication
) -> None:
    publish(office, publication)
    with following(office, publication._replace(stand_by_seconds=0.3, poll_seconds=0.5)) as ours:
        assert eventually(lambda: ours.position == office.head)
        office.takes("7B", "2025-09-01 AM", "09:01", **dict.fromkeys(PUPILS, "/"))
        publish(office, publication)  # we are first, or nearly
        office.takes("7B", "2025-09-01 PM", "13:01", **dict.fromkeys(PUPILS, "/"))
        assert eventually(lambda: ours.position == office.head)
    first = dict.fromkeys(position(r) for r in heard(broker, publication.topic))
    assert list(first) == list(range(1, office.head + 1))


def test_a_broker_that_was_killed_is_waited_for_and_nothing_is_missing_after_it(
    office: School, broker: Broker, publication: Publication
) -> None:
    with following(office, publication) as publisher:
        assert eventually(lambda: publisher.position == office.head)
        broker.kill()
        office.takes("7B", "2025-09-01 AM", "09:01", **dict.fromkeys(PUPILS, "/"))
        broker.start()
        assert eventually(lambda: publisher.position == office.head)
    first = dict.fromkeys(position(r) for r in heard(broker, publication.topic))
    assert list(first) == list(range(1, office.head + 1))


def test_told_to_stop_while_the_broker_is_gone_it_stops_and_the_next_one_goes_on(
    office: School, broker: Broker, publication: Publication
) -> None:
    with following(office, publication) as publisher:
        assert eventually(lambda: publisher.position == office.head)
        before = office.head
        broker.kill()
        office.takes("7B", "2025-09-01 AM", "09:01", **dict.fromkeys(PUPILS, "/"))
        time.sleep(0.5)
    assert publisher.position == before
    broker.start()
    publish(office, publication)
    first = dict.fromkeys(position(r) for r in heard(broker, publication.topic))
    assert list(first) == list(range(1, office.head + 1))
