"""The intake from Kafka: one poll decided and appended in one transaction, with the positions of all its partitions.

Each source speaks on a topic of its own, `attendance.mis.<source>`, keyed by its id of the place. How far a partition
has been taken in stands in the store, in the transaction that took it in, and nowhere else. A consumer that was frozen
and thrown out of the group wakes up with a batch in its hands: the store refuses it, because the position that it
counted on has moved. Nothing is ever skipped: where records are gone that were not taken in yet, or the topic is
another one than it was, the intake stops with a sentence.
"""

from __future__ import annotations

import heapq
import json
import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from eventsourcing.persistence import InterfaceError, OperationalError
from kafka import ConsumerRebalanceListener, KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.errors import (
    GroupAuthorizationFailedError,
    IllegalGenerationError,
    IllegalStateError,
    InvalidSessionTimeoutError,
    KafkaError,
    RebalanceInProgressError,
    RetriableError,
    UnknownMemberIdError,
    UnsupportedCodecError,
    for_code,
)

from consumers.ahead import read
from consumers.broker import Connection, NoBroker
from consumers.deliveries import Delivery
from consumers.file_import import collecting_seldom
from consumers.intake import Intake
from consumers.outcome import Counts
from consumers.registry import registry_of
from consumers.schema_ids import SchemaIds
from domain.ledger.ledger import Ledger
from domain.ledger.store import AlreadyTaken, Batch, ClockBehind, TrackingRow
from schemas.codec import is_instant

TOPICS = "attendance.mis."
"""What the name of a source's topic begins with; the source's id, 32 hex digits, follows."""
PATTERN = r"^attendance\.mis\.[0-9a-f]{32}$"
GROUP = "rollbook-intake"
"""What the name of an intake's group begins with."""
_MILLISECONDS = 1_000
SECONDS_TO_WAIT = 0.5
MESSAGES_AT_ONCE = 500
PASSING = (
    RetriableError,
    RebalanceInProgressError,
    IllegalStateError,
    IllegalGenerationError,
    UnknownMemberIdError,
)
"""What passes by itself: a broker that restarts, a group that is being shared out anew."""
log = logging.getLogger("rollbook.intake")


class StreamBroken(RuntimeError):
    """Going on would skip something. The sentence says what, and what a person can do."""


@dataclass(frozen=True, slots=True)
class Stream:
    """How the topics are read."""

    connection: Connection
    group: str | None = None
    """The consumer group; None: the ledger's own."""
    session_timeout_ms: int = 45_000
    max_poll_records: int = MESSAGES_AT_ONCE
    """Messages in one transaction at most: bounds it at some 130 ms."""
    poll_ms: int = 500
    start_over: frozenset[str] = frozenset()
    """Topics that were made anew, and are to be read from their beginning: the operator says so."""


class Spot(NamedTuple):
    """How far one partition has been taken in."""

    name: str
    """Of its tracking row."""
    next: int
    """The offset of the first record that was not taken in."""
    new: bool
    """Nothing of it was ever taken in."""


@dataclass(slots=True)
class Progress:
    """What the intake has done since it started, by partition: for metrics and logs."""

    counts: dict[TopicPartition, Counts] = field(default_factory=dict)
    next: dict[TopicPartition, int] = field(default_factory=dict)
    lag: dict[TopicPartition, int] = field(default_factory=dict)
    batches: int = 0
    messages: int = 0
    refused: int = 0
    """Batches that the store refused because another consumer had taken them."""
    seconds: float = 0.0
    """Spent deciding and writing."""


def tracking_name(topic: str, topic_id: str, partition: int) -> str:
    """The tracking row of a partition. A topic that was deleted and made anew has another id."""
    return f"kafka:{topic}:{partition}:{topic_id}"


def delivery_of(record: Any) -> Delivery:
    """A Kafka record as a delivery. A record without a value is one that cannot be read: it is held, not skipped. What
    a sender stamped with a time that no calendar can say is not stamped."""
    stamped = max(record.timestamp or 0, 0) * _MILLISECONDS
    return Delivery(
        source=record.topic.removeprefix(TOPICS),
        key=(record.key or b"").decode("utf-8", "replace"),
        received_at=stamped if is_instant(stamped) else 0,
        value=record.value or b"",
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        clock="append" if record.timestamp_type == 1 else "create",
    )


def group_of(ledger: Ledger) -> str:
    """The group of all intakes of a ledger, wherever they run. Two ledgers in one group would share the partitions, and
    each would miss what the other was given."""
    return f"{GROUP}-{ledger.authority.hex()}"


def _warn(event: str, why: str) -> None:
    log.warning(json.dumps({"event": event, "why": why}))


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]  # kafka-python has no types
    """Notes which partitions came; they are positioned by the loop, because here nothing may block."""

    def __init__(self) -> None:
        self.came: set[TopicPartition] = set()

    def take(self) -> set[TopicPartition]:
        """What came since this was last asked."""
        came = set()
        while self.came:  # the client's own thread may add meanwhile
            came.add(self.came.pop())
        return came

    def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        self.came.update(assigned)

    def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Nothing: what is in hand is written or refused by the store."""


class KafkaIntake:
    """Reads a ledger's sources from Kafka until it is told to stop. For one thread."""

    def __init__(self, ledger: Ledger, stream: Stream, after_batch: Callable[[Progress], None] | None = None) -> None:
        self._ledger = ledger
        self._stream = stream
        self.group = stream.group or group_of(ledger)
        self._after_batch = after_batch
        self._registry = registry_of(stream.connection)
        self._ids = None if self._registry is None else SchemaIds(self._registry.ask)
        self._intake = Intake(ledger, ids=self._ids)
        self._listener = _Listener()
        self._spots: dict[TopicPartition, Spot] = {}
        self._unsure: set[TopicPartition] = set()
        """Partitions that must be read again from where the store stands."""
        self._gaps: dict[TopicPartition, tuple[int, int]] = {}
        """(expected, found) where offsets were missing: seen once."""
        self._went_back: tuple[TopicPartition, int] | None = None
        self._paused: set[TopicPartition] = set()
        """Partitions whose next message names a schema that the registry has yet to tell us."""
        self._trouble = ""
        """What was last said of the registry."""
        self._admin: Any = None
        """A connection of its own, to ask the broker what a topic is."""
        self.progress = Progress()
        self.assigned: frozenset[TopicPartition] = frozenset()
        """The partitions that are ours, as last heard."""

    @property
    def held_inputs(self) -> int:
        """How many inputs of this ledger wait, whoever held them."""
        return len(self._intake.held)

    def run(self, stop: Callable[[], bool]) -> None:
        """Take in what comes until `stop()`, which is asked between two batches.

        Raises NoBroker, StreamBroken, and what the store raises where it cannot be mended by waiting.
        """
        stream = self._stream
        if self._registry is not None:
            self._registry.check()
        self._intake.replay_waiting()
        consumer = stream.connection.connect(
            KafkaConsumer,
            group_id=self.group,
            enable_auto_commit=False,
            isolation_level="read_committed",  # what a sender took back in the same breath was never said
            auto_offset_reset="earliest",
            session_timeout_ms=stream.session_timeout_ms,
            heartbeat_interval_ms=max(100, stream.session_timeout_ms // 10),
            max_poll_records=stream.max_poll_records,
            allow_auto_create_topics=False,
            metadata_max_age_ms=10_000,  # a new source's topic is found within this time
        )
        try:
            consumer.subscribe(pattern=PATTERN, listener=self._listener)
            with collecting_seldom() as collect:
                full = 0
                while not stop():
                    self._once(consumer)
                    # By messages, not by batches, which are small where messages come one by one: it takes a third of
                    # a second.
                    if self.progress.messages // MESSAGES_AT_ONCE > full:
                        full = self.progress.messages // MESSAGES_AT_ONCE
                        collect()
        finally:
            self._forget_admin()
            consumer.close(autocommit=False, timeout_ms=2_000)

    def _once(self, consumer: Any) -> None:
        """One poll, and what came of it into the ledger. Whatever goes wrong, the partitions that it touched are read
        again from where the store stands."""
        polled: Mapping[TopicPartition, Sequence[Any]] = {}
        try:
            self._resume(consumer)
            _let_go(consumer)
            polled = consumer.poll(timeout_ms=self._stream.poll_ms)
            unsure = self._unsure | self._listener.take()
            if unsure:
                self._unsure = unsure
                self._position(consumer, unsure)
                self._unsure = set()
            self._note_assigned(consumer, polled)
            fresh = {tp: records for tp, records in polled.items() if tp not in unsure and tp in self._spots}
            if fresh and self._follow(consumer, fresh) and (fresh := self._explained(consumer, fresh)):
                self._take(consumer, fresh)
        except AlreadyTaken:
            # Somebody else owns a partition by now, or did for a while.
            self.progress.refused += 1
            _warn("refused", "another consumer took these in")
        except ClockBehind:
            raise
        except (OperationalError, InterfaceError) as error:
            _warn("store", type(error).__name__)
            time.sleep(SECONDS_TO_WAIT)
        except (*PASSING, NoBroker) as error:
            _warn("broker", type(error).__name__)
            self._forget_admin()
            time.sleep(SECONDS_TO_WAIT)
        except KafkaError as error:
            raise NoBroker(_refusal(error, self._stream, self.group)) from error
        else:
            return
        self._unsure |= set(polled) | set(consumer.assignment())

    def _explained(
        self, consumer: Any, polled: Mapping[TopicPartition, Sequence[Any]]
    ) -> dict[TopicPartition, Sequence[Any]]:
        """What can be read now. A partition rests before the first message whose schema the registry has yet to tell:
        nothing of it is held or skipped meanwhile, and the others go on."""
        ids = self._ids
        if ids is None:
            return dict(polled)
        ids.learn(record.value for records in polled.values() for record in records)
        self._say_trouble(ids.trouble)
        found: dict[TopicPartition, Sequence[Any]] = {}
        for tp, records in polled.items():
            known = next((n for n, record in enumerate(records) if not ids.knows(record.value)), len(records))
            if known:
                found[tp] = records[:known]
            if known < len(records):
                consumer.pause(tp)
                consumer.seek(tp, records[known].offset)
                self._paused.add(tp)
        return found

    def _resume(self, consumer: Any) -> None:
        """Let the partitions that rest go on, once it is worth asking the registry again."""
        if self._ids is not None and self._paused and self._ids.may_ask:
            consumer.resume(*(self._paused & consumer.assignment()))
            self._paused = set()

    def _say_trouble(self, trouble: str) -> None:
        """Log what is wrong with the registry once, not each time that it is asked; and once that it is mended."""
        if trouble and trouble != self._trouble:
            _warn("registry", f"{trouble} What names its schema by an id waits meanwhile; nothing is skipped.")
        elif self._trouble and not trouble:
            log.info(json.dumps({"event": "registry", "why": "The schema registry answers again."}))
        self._trouble = trouble

    def _take(self, consumer: Any, polled: Mapping[TopicPartition, Sequence[Any]]) -> None:
        began = time.perf_counter()
        # In the order in which the broker took them, each partition's own order kept.
        records = heapq.merge(*polled.values(), key=lambda record: record.timestamp or 0)
        ends = {tp: values[-1].offset + 1 for tp, values in polled.items()}
        tracking = [TrackingRow(self._spots[tp].name, end, self._spots[tp].next) for tp, end in ends.items()]
        counts = self._intake.take_apart([read(delivery_of(record), self._ids) for record in records], tracking)
        for tp, end in ends.items():
            self._spots[tp] = self._spots[tp]._replace(next=end, new=False)
        self._note(consumer, ends, counts, time.perf_counter() - began)

    def _note(
        self, consumer: Any, ends: Mapping[TopicPartition, int], counts: Mapping[Any, Counts], took: float
    ) -> None:
        progress = self.progress
        progress.batches += 1
        progress.messages += sum(said.deliveries for said in counts.values())
        progress.seconds += took
        for (topic, partition), said in counts.items():
            tp = TopicPartition(topic, partition)
            known = progress.counts.setdefault(tp, Counts())
            known += said
        for tp, end in ends.items():
            progress.next[tp] = end
            progress.lag[tp] = max(0, (_highwater(consumer, tp) or end) - end)
        if self._after_batch is not None:
            self._after_batch(progress)

    def _note_assigned(self, consumer: Any, polled: Mapping[TopicPartition, Sequence[Any]]) -> None:
        """Whose partitions are ours, and how far each is behind: also where nothing came, for whoever watches."""
        self.assigned = frozenset(consumer.assignment())
        progress = self.progress
        for tp in self.assigned & self._spots.keys():
            end = progress.next[tp] = self._spots[tp].next
            if (high := _highwater(consumer, tp)) is not None:
                quiet = high > end and tp not in polled
                progress.lag[tp] = max(0, high - (self._reached(consumer, tp) if quiet else end))

    def _reached(self, consumer: Any, tp: TopicPartition) -> int:
        """How far the client is with a partition of which it gave us nothing, though something lies there: past ends of
        transactions and what was taken back, which are no records. Raises StreamBroken where records are gone."""
        stood = self._spots[tp].next
        reached = consumer.position(tp, timeout_ms=1_000)
        if reached is None or reached <= stood:
            return stood
        if self._gaps.get(tp) != (stood, reached):
            if (begins := consumer.beginning_offsets([tp])[tp]) > stood:
                raise StreamBroken(_passed(tp, stood, begins))
            self._gaps[tp] = (stood, reached)
        return int(reached)

    # --- positions

    def _position(self, consumer: Any, partitions: Iterable[TopicPartition]) -> None:
        """Go to where the store stands, for each of these partitions that is still ours."""
        ours = sorted(set(partitions) & consumer.assignment())
        ids = self._topic_ids({tp.topic for tp in ours})
        for tp in ours:
            name = tracking_name(tp.topic, ids[tp.topic], tp.partition)
            known = self._ledger.store.tracking_position(name)
            self._spots[tp] = Spot(name, known, new=known == 0)
        begins, ends = consumer.beginning_offsets(ours), consumer.end_offsets(ours)
        for tp in ours:
            spot = self._spots[tp]
            if begins[tp] > spot.next:
                spot = self._pass_over(tp, spot, begins[tp])
            elif ends[tp] < spot.next:
                raise StreamBroken(
                    f"Topic {tp.topic}, partition {tp.partition} ends at {ends[tp]}, but all before {spot.next} was "
                    "taken in: the broker has lost records. Nothing was skipped; ask who runs the broker."
                )
            consumer.seek(tp, spot.next)
            self.progress.lag[tp] = ends[tp] - self._spots[tp].next

    def _pass_over(self, tp: TopicPartition, spot: Spot, begins: int) -> Spot:
        """Records are gone that were never taken in: go on behind them only where the operator says so."""
        if tp.topic not in self._stream.start_over:
            raise StreamBroken(_passed(tp, spot.next, begins))
        log.warning(
            json.dumps(
                {"event": "passed", "topic": tp.topic, "partition": tp.partition, "begin": spot.next, "end": begins}
            )
        )
        with suppress(AlreadyTaken):  # by another consumer, which was told the same
            self._ledger.store.append(Batch(tracking=[TrackingRow(spot.name, begins, spot.next)]))
        self._spots[tp] = Spot(spot.name, self._ledger.store.tracking_position(spot.name), new=False)
        return self._spots[tp]

    def _topic_ids(self, topics: set[str]) -> dict[str, str]:
        """The broker's ids of these topics. Raises StreamBroken where one was made anew."""
        if not topics:
            return {}
        found = self._ids_now(topics)
        for topic in topics:
            known = {name.rpartition(":")[2] for name in self._ledger.store.tracking_rows(f"kafka:{topic}:")}
            if known and found[topic] not in known and topic not in self._stream.start_over:
                raise StreamBroken(
                    f"Topic {topic} was deleted and made anew: what it held and was not taken in yet is gone. Have the "
                    f"source send it again, then start with --start-over {topic}."
                )
        return found

    def _ids_now(self, topics: set[str]) -> dict[str, str]:
        """The broker's ids of these topics, as of now. Raises what the broker says of one that is not there."""
        if self._admin is None:
            self._admin = self._stream.connection.connect(KafkaAdminClient)
        found = {}
        for said in self._admin.describe_topics(sorted(topics)):
            if said["error_code"]:
                raise for_code(said["error_code"])(said["name"])
            found[said["name"]] = str(said["topic_id"])
        return found

    def _forget_admin(self) -> None:
        """Close the second connection: the next who needs it makes another."""
        admin, self._admin = self._admin, None
        if admin is not None:
            with suppress(KafkaError, OSError):
                admin.close()

    def _are_of_their_topics(self, polled: Iterable[TopicPartition]) -> bool:
        """True if the topics are the ones whose positions we know.

        The client fetches by name: of a topic that was made anew while we were frozen or cut off, it would go on at the
        old position. No id ever comes back; so where it is the same after the records came, they are of that topic.
        """
        ids = self._ids_now({tp.topic for tp in polled})
        return all(self._spots[tp].name == tracking_name(tp.topic, ids[tp.topic], tp.partition) for tp in polled)

    def _follow(self, consumer: Any, polled: Mapping[TopicPartition, Sequence[Any]]) -> bool:
        """True if these records go on from where the store stands. Refuses to go on where some are gone, or a topic.

        Offsets that never were records (of aborted transactions, or compacted away) look like a gap: it is believed
        only when it is there again after asking for the very record that is missing.
        """
        if not self._are_of_their_topics(polled):
            self._unsure |= set(polled)
            return False
        gaps = {tp: (self._spots[tp].next, records[0].offset) for tp, records in polled.items()}
        gaps = {tp: gap for tp, gap in gaps.items() if gap[0] != gap[1] and self._gaps.get(tp) != gap}
        if not gaps:
            return True
        begins = consumer.beginning_offsets(sorted(gaps))
        for tp, (stood, first) in gaps.items():
            if begins[tp] > stood:
                raise StreamBroken(_passed(tp, stood, begins[tp]))
            if first < stood and (tp, stood) == self._went_back:
                raise StreamBroken(
                    f"Topic {tp.topic}, partition {tp.partition} went back from {stood} to {first}: it is another "
                    "topic than it was. Have the source send again what is missing, then start with "
                    f"--start-over {tp.topic}."
                )
            if first < stood:
                self._went_back = (tp, stood)
            else:
                self._gaps[tp] = (stood, first)
        self._unsure |= set(polled)
        return False


def _refusal(error: KafkaError, stream: Stream, group: str) -> str:
    """Why we cannot go on, where waiting does not help, and what does."""
    match error:
        case UnsupportedCodecError():
            why = (
                "a source compresses what it sends in a way that cannot be read here. Install what reads it "
                "(pip install 'kafka-python[lz4,snappy,zstd]'), or have the source compress with gzip"
            )
        case InvalidSessionTimeoutError():
            why = f"it does not allow a session timeout of {stream.session_timeout_ms / 1_000:g} s: give another"
        case GroupAuthorizationFailedError():
            why = f"we may not read as group {group}: give another --group, or allow us to read in this one"
        case _:
            why = f"{type(error).__name__}; see deploy/README.md for the rights that an intake needs"
    return f"Kafka at {stream.connection.bootstrap} does not let us go on: {why}. Nothing was lost."


def _let_go(consumer: Any) -> None:
    """Drop what the client kept back of partitions while they rested.

    kafka-python 3.0.12 gives such records back only while it has never emptied another partition's, and does not fetch
    a partition of which it keeps any: so one that rested could stand still for ever (Fetcher.fetched_records: what it
    compares with None is an empty object by then). Nothing is lost: the position is where we sought.
    """
    parked: dict[TopicPartition, Any] = getattr(consumer._fetcher, "_paused_partition_records", {})
    for tp in parked.keys() - consumer.paused():
        del parked[tp]


def _highwater(consumer: Any, tp: TopicPartition) -> int | None:
    """Where a partition ends, as last heard; None where nothing was heard, or where it is not ours any more."""
    try:
        end: int | None = consumer.highwater(tp)
    except IllegalStateError:
        return None  # a rebalance came in between, on the client's own thread
    return end


def _passed(tp: TopicPartition, stood: int, begins: int) -> str:
    return (
        f"Topic {tp.topic}, partition {tp.partition} begins at {begins} now, but only what was before {stood} was "
        "taken in: its retention has passed our position. Have the source send again what is missing, then start with "
        f"--start-over {tp.topic}."
    )
