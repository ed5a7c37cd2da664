"""What the ledger publishes: its entries, in the order of the log, to a Kafka topic for other systems.

A value is the stored state itself: the Avro single-object encoding, whose sealed part stays sealed. The schemas of all
that follows are entries too, so a reader of the topic needs nothing else. On a second topic there is a pointer, in JSON
and without names, for every input that could not be taken and for what became of it.

How far the topic has been published stands in a tracking row of the ledger, which moves once the broker has
acknowledged everything before it: a publisher that is killed repeats itself, and skips nothing. Every record says its
position, and positions are dense; so a reader takes the next one and passes over those that it has seen.
"""

from __future__ import annotations

import json
import logging
import re
import time
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from eventsourcing.persistence import InterfaceError, OperationalError
from kafka import KafkaAdminClient, KafkaProducer
from kafka.errors import KafkaError, KafkaTimeoutError
from kafka.partitioner.default import murmur2

from consumers.broker import Connection
from domain.ledger.held import stream_of
from domain.ledger.ledger import Ledger
from domain.ledger.store import AlreadyTaken, Batch, ClockBehind, Row, TrackingRow
from domain.moments import to_datetime
from schemas.codec import decode

TOPIC = "rollbook.events"
HELD_TOPIC = "attendance.held"
AT_ONCE = 5_000
"""Entries between two movements of the tracking row: what a killed publisher repeats at most."""
_HELD = ("InputHeld", "InputResolved")
_RESERVED = "attendance.mis."
"""Topics that the intake reads: what it wrote must never come back to it as news."""
_MAY_NOT = 29
"""Kafka's error code TOPIC_AUTHORIZATION_FAILED."""
_NEVER_MS = 2**31 - 1
_STREAMS_REMEMBERED = 100_000
log = logging.getLogger("rollbook.publisher")


class CannotPublish(RuntimeError):
    """The broker takes nothing for that topic, or the topic is none; the sentence says what to do."""


class Publication(NamedTuple):
    """What is published where."""

    connection: Connection
    topic: str = TOPIC
    held_topic: str = HELD_TOPIC
    at_once: int = AT_ONCE
    poll_seconds: float = 0.2
    """How long after an entry it is looked for, where nothing came before."""
    stand_by_seconds: float = 10.0
    """How long another publisher must have stood still before this one goes on in its place."""

    @property
    def row(self) -> str:
        """The tracking row that says how far."""
        return f"publish:{self.topic}"


class Record(NamedTuple):
    """One record as the producer sends it."""

    topic: str
    key: bytes
    value: bytes
    headers: list[tuple[str, bytes]]


def require_topics(publication: Publication) -> None:
    """Refuse names that are none, the same name twice, and topics that the intake reads."""
    for name in (publication.topic, publication.held_topic):
        if not re.fullmatch(r"[A-Za-z0-9._-]{1,249}", name) or name in (".", ".."):
            raise CannotPublish(
                "A topic's name is made of letters, digits, dots, dashes and underscores; give another."
            )
        if name.startswith(_RESERVED):
            raise CannotPublish(f"Topics that begin with {_RESERVED} are what the intake reads; give another.")
    if publication.topic == publication.held_topic:
        raise CannotPublish("Entries and pointers to held inputs need topics of their own; give another name to one.")


def record_of(row: Row, topic: str, simulated: bool) -> Record:
    """An entry as it is published. The headers are text; a simulated ledger says that it is one."""
    headers = [
        ("position", b"%d" % row.position),
        ("recorded_at", b"%d" % row.recorded_at),
        ("version", b"%d" % row.version),
        ("topic", row.topic.encode()),
    ]
    if simulated:
        headers.append(("simulated", b"yes"))
    return Record(topic, row.stream.encode(), row.state, headers)


def pointer_of(row: Row, held: dict[str, Any], topic: str, simulated: bool) -> Record:
    """A pointer to what was held, or to what became of it: no names, and none of the bytes.

    `row` is the InputHeld or the InputResolved, `held` the fields of the InputHeld.
    """
    said: dict[str, Any] = {
        "event": row.topic,
        "held": held["held"].hex(),
        "source": _hex(held["source"]),
        "topic": held["topic_sent"],
        "partition": held["partition"],
        "offset": held["offset"],
        "rule": held["rule"],
        "rows": held["rows"],
        "sentence": held["sentence"],
        "place": _hex(held["place"]),
        "became": None,
        "first_position": None,
    }
    if row.topic == "InputResolved":
        _, fields = decode(row.state)
        said |= {"became": fields["became"], "first_position": fields["first_position"]}
    said |= {"position": row.position, "recorded_at": f"{to_datetime(row.recorded_at):%Y-%m-%dT%H:%M:%S.%fZ}"}
    if simulated:
        said["simulated"] = True
    headers = [("position", b"%d" % row.position), ("topic", row.topic.encode())]
    return Record(topic, said["held"].encode(), json.dumps(said, ensure_ascii=False).encode(), headers)


def _hex(value: bytes | None) -> str | None:
    return None if value is None else value.hex()


class Publisher:
    """Publishes a ledger's entries until it is told to stop. For one thread.

    Two of one topic do not fight: the one that finds the row moved by the other stands by until that one stands still.
    """

    def __init__(self, ledger: Ledger, publication: Publication) -> None:
        """Raises CannotPublish where a topic's name cannot be."""
        require_topics(publication)
        self._ledger = ledger
        self._publication = publication
        self._partitions: dict[str, int] = {}
        self._of_stream: dict[bytes, int] = {}
        self.published = 0
        """Entries that this publisher sent and the broker acknowledged."""
        self.position = 0
        """The last of them."""

    def run(self, stop: Callable[[], bool], *, once: bool = False) -> None:
        """Publish until `stop()`; with `once`, until what was there at the beginning is published.

        Raises NoBroker and CannotPublish, and what the store raises where it cannot be mended by waiting.
        """
        store, name = self._ledger.store, self._publication.row
        self._require_there()
        producer = self._publication.connection.connect(
            KafkaProducer,
            acks="all",
            enable_idempotence=True,
            batch_size=256 * 1024,
            linger_ms=20,
            # A record that expired while later ones got through would be a gap: so none ever expires, and a broker that
            # is gone is waited for.
            delivery_timeout_ms=_NEVER_MS,
            max_block_ms=10_000,
        )
        try:
            self.position = store.tracking_position(name)
            until = store.head()[0] if once else None
            while not stop():
                try:
                    if not self._once(producer, stop, until):
                        if until is not None:
                            return
                        time.sleep(self._publication.poll_seconds)
                except ClockBehind:
                    raise
                except AlreadyTaken:
                    log.warning(json.dumps({"event": "refused", "why": "another publisher of this topic was first"}))
                    self._stand_by(stop, once=once)
                except (OperationalError, InterfaceError) as error:
                    log.warning(json.dumps({"event": "store", "error": type(error).__name__}))
                    time.sleep(0.5)
        finally:
            _close(producer)

    def _once(self, producer: Any, stop: Callable[[], bool], until: int | None) -> bool:
        """Publish the next entries and move the row; False where there are none."""
        store, name = self._ledger.store, self._publication.row
        begin = store.tracking_position(name)
        last = min(begin + self._publication.at_once, store.head()[0] if until is None else until)
        if last <= begin:
            return False
        rows = list(store.read_positions(begin + 1, last))
        futures = [(record.topic, self._send(producer, record)) for record in self._records(rows)]
        if not self._acknowledged(producer, futures, stop):
            return True
        store.append(Batch(tracking=[TrackingRow(name, last, begin)]))
        self.published += last - begin
        self.position = last
        return True

    def _records(self, rows: list[Row]) -> Iterable[Record]:
        publication, simulated = self._publication, self._ledger.simulated
        held = self._held(rows)
        for row in rows:
            yield record_of(row, publication.topic, simulated)
            if row.topic in _HELD:
                yield pointer_of(row, held[row.stream], publication.held_topic, simulated)

    def _held(self, rows: list[Row]) -> dict[str, dict[str, Any]]:
        """The InputHeld of every held input that these rows speak of, by stream."""
        found = {row.stream: row.state for row in rows if row.topic == "InputHeld"}
        lacking = {row.stream for row in rows if row.topic == "InputResolved"} - found.keys()
        found |= {name: its[0].state for name, its in self._ledger.store.read_streams(lacking).items()}
        opened = {name: decode(state)[1] for name, state in found.items()}
        assert all(stream_of(fields["held"]) == name for name, fields in opened.items())
        return opened

    # --- the broker

    def _require_there(self) -> None:
        """Refuse topics that are not there, or that we may not write to, before anything is sent."""
        topics = (self._publication.topic, self._publication.held_topic)
        admin = self._publication.connection.connect(KafkaAdminClient)
        try:
            described = {said["name"]: said for said in admin.describe_topics(list(topics))}
        except KafkaError as error:
            raise _refused(topics[0], error) from error
        finally:
            admin.close()
        for topic in topics:
            said = described[topic]
            allowed = said["authorized_operations"]
            if said["error_code"] == _MAY_NOT or (allowed is not None and "WRITE" not in allowed):
                raise CannotPublish(
                    f"We may not write to topic {topic}, or it is not there: make it, and allow us to write to it "
                    "(deploy/README.md has the commands)."
                )
            if said["error_code"] or not said["partitions"]:
                raise CannotPublish(
                    f"There is no topic {topic}: make it first, with one partition if its readers need the order of "
                    "the whole ledger."
                )
            self._partitions[topic] = len(said["partitions"])

    def _send(self, producer: Any, record: Record) -> Any:
        try:
            return producer.send(
                record.topic, record.value, record.key, record.headers, self._partition(record.topic, record.key)
            )
        except KafkaError as error:
            raise _refused(record.topic, error) from error

    def _partition(self, topic: str, key: bytes) -> int:
        """As Kafka's own partitioner places a key, remembered: it is slow, and one stream has many entries."""
        count = self._partitions[topic]
        if count == 1:
            return 0
        known = self._of_stream.get(key)
        if known is None:
            if len(self._of_stream) >= _STREAMS_REMEMBERED:
                self._of_stream.clear()
            known = self._of_stream[key] = murmur2(key) & 0x7FFFFFFF
        return known % count

    def _acknowledged(self, producer: Any, futures: list[tuple[str, Any]], stop: Callable[[], bool]) -> bool:
        """Wait until the broker has all of these; False where we are told to stop before. Raises CannotPublish."""
        waited = 0
        while True:
            try:
                producer.flush(timeout=1.0)
            except KafkaTimeoutError:
                waited += 1
                if stop():
                    return False
                if waited % 10 == 0:
                    log.warning(json.dumps({"event": "waiting", "why": "the broker acknowledges nothing"}))
                continue
            except KafkaError as error:
                raise _refused(self._publication.topic, error) from error
            for topic, future in futures:
                if not future.is_done:
                    break
                if future.failed():
                    raise _refused(topic, future.exception)
            else:
                return True

    # --- two of them

    def _stand_by(self, stop: Callable[[], bool], *, once: bool) -> None:
        """Wait until the other publisher has stood still, with something to publish, for long enough."""
        store, name = self._ledger.store, self._publication.row
        if once:
            return
        while not stop():
            begin = store.tracking_position(name)
            until = time.monotonic() + self._publication.stand_by_seconds
            while time.monotonic() < until and not stop():
                time.sleep(self._publication.poll_seconds)
            if store.tracking_position(name) == begin < store.head()[0]:
                return


def _close(producer: Any) -> None:
    """Close the producer; what the broker has not acknowledged is dropped, and sent again next time.

    kafka-python does not close a producer whose last records cannot be sent, and would go on trying behind our back.
    """
    try:
        producer.close(timeout=2)
    except KafkaError:
        producer._sender.force_close()
        producer._sender.join(5)
        producer._closed = True


def _refused(topic: str, error: Exception) -> CannotPublish:
    return CannotPublish(
        f"The broker does not take what is published on {topic} ({type(error).__name__}): may we write to it, and is "
        "it still there? What was not acknowledged is sent again next time."
    )
