"""The intake: deliveries in, entries out, each row ending as exactly one named outcome.

A batch of deliveries is decided and appended in one transaction, with the positions of what it was read from. If
another writer was first, everything cached is forgotten and the batch decided again; the third time it is decided
under the append lock, so nobody can be first again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, fields, replace
from typing import Any

from consumers import arrangements, history, people, providers, registers, statements, transfers
from consumers.ahead import UNREADABLE, Read, read
from consumers.deliveries import Delivery
from consumers.hearing import Hearing
from consumers.outcome import Counts, Held, Taken
from consumers.schema_ids import SchemaIds, means_elsewhere
from domain.authority import key_of
from domain.events import NOBODY, Origin, Person
from domain.ledger.held import BytesGone, Waiting, hold, kept_bytes, resolve, waiting
from domain.ledger.ledger import Ledger
from domain.ledger.store import MESSAGE_HASH_SIZE, CountRow, MessageRow, TrackingRow
from domain.ledger.unit import Unit
from schemas.catalogue import mis
from schemas.codec import decode, encode, encode_confluent

_HEAR: Mapping[str, Callable[[Hearing], None]] = {
    **statements.HEAR,
    **people.HEAR,
    **transfers.HEAR,
    **arrangements.HEAR,
    **providers.HEAR,
}
_ROWS: Mapping[str, str] = {
    **registers.ROWS,
    **statements.ROWS,
    **people.ROWS,
    **transfers.ROWS,
    **arrangements.ROWS,
    **providers.ROWS,
}


def rows_of(name: str, message: Mapping[str, Any]) -> int:
    """How many rows a message sends."""
    if name == "CalendarStated":
        return len(message["terms"]) + len(message["closures"])
    array = _ROWS.get(name)
    return 1 if array is None else len(message[array])


def only_rows(name: str, message: Mapping[str, Any], rows: Sequence[int]) -> dict[str, Any]:
    """The message cut to some of its rows."""
    if name == "CalendarStated":
        terms = len(message["terms"])
        return {
            **message,
            "whole": False,
            "terms": [message["terms"][n] for n in rows if n < terms],
            "closures": [message["closures"][n - terms] for n in rows if n >= terms],
        }
    array = _ROWS.get(name)
    if array is None:
        return dict(message)
    cut = {**message, array: [message[array][n] for n in rows]}
    if "whole" in cut:
        cut["whole"] = False  # what is cut is no longer the whole of anything
    return cut


Partition = tuple[str, int]
"""A topic and the number of one of its partitions."""


def count_name(topic: str, partition: int, name: str = "") -> str:
    """The row beside the log in which one of the counts of a partition grows; without a name, how they all begin."""
    return f"rows:{topic}:{partition}:{name}"


@dataclass(slots=True)
class _Result:
    counts: Counts
    held_now: dict[bytes, bool] = field(default_factory=dict)
    """Held ids, and whether their rows count among those of this intake."""
    resolved: set[bytes] = field(default_factory=set)
    held_here: dict[bytes, tuple[Waiting, bytes]] = field(default_factory=dict)
    """What was held in this very batch, with its bytes: a later message of the batch may set it free."""
    waits_for: dict[bytes, Waiting] = field(default_factory=dict)
    """What a replay left held, with the rule and place for which it waits now."""
    apart: dict[Partition, Counts] = field(default_factory=dict)
    """The same counts by the partition that the rows came from, for those that came from Kafka."""

    def of(self, topic: str | None, partition: int | None) -> Counts | None:
        """The counts of a partition; None for what came from a file."""
        return None if topic is None or partition is None else self.apart.setdefault((topic, partition), Counts())


class Intake:
    """Takes deliveries into a ledger. One for each process; not for use by several threads at once."""

    def __init__(
        self,
        ledger: Ledger,
        import_id: bytes | None = None,
        *,
        of_history: bool = False,
        ids: SchemaIds | None = None,
    ) -> None:
        """`import_id` for what comes from a file; `of_history` where it is another system's records; `ids` of the
        registry that may know by now what is held because it did not."""
        self._ledger = ledger
        self._ids = ids
        self._import = import_id
        self._of_history = of_history
        self._waiting: dict[bytes, Waiting] = {w.id: w for w in waiting(ledger.store, ledger.keys)}
        self._hashes: set[tuple[bytes | None, bytes | None]] | None = None
        """Of the messages that wait, by source; None: not looked at since the last change."""
        self._ours: set[bytes] = set()
        """Held by this intake: their rows count as held until a replay takes them."""
        self.totals = Counts()
        """All that this import has counted, earlier runs of it included."""
        if import_id is not None:
            self._ours = {w.id for w in self._waiting.values() if w.fields.get("import") == import_id}
            for f in fields(Counts):
                name = f"import:{import_id.hex()}:{f.name}"
                setattr(self.totals, f.name, ledger.store.tracking_position(name))

    def take(self, deliveries: Sequence[Delivery], tracking: Sequence[TrackingRow] = ()) -> Counts:
        """Decide and append a batch. Returns what became of its rows, replays of what this intake held included.

        Raises AlreadyTaken where the tracking rows stand at or past these positions already.
        """
        return self.take_read([read(delivery) for delivery in deliveries], tracking)

    def take_read(self, messages: Sequence[Read], tracking: Sequence[TrackingRow] = ()) -> Counts:
        """`take` for deliveries that are decoded already."""
        return self._settle(lambda unit: self._decide(unit, messages), tracking)

    def take_apart(self, messages: Sequence[Read], tracking: Sequence[TrackingRow] = ()) -> Mapping[Partition, Counts]:
        """`take_read` for messages from Kafka: what became of their rows, by partition, is kept beside the log too."""
        apart: Mapping[Partition, Counts] = {}

        def decide(unit: Unit) -> _Result:
            nonlocal apart
            result = self._decide(unit, messages)
            apart = result.apart
            return result

        self._settle(decide, tracking)
        return apart

    def replay_waiting(self, only: Iterable[bytes] | None = None) -> Counts:
        """Try what is held again: at start, or because someone mended the cause."""
        chosen = list(self._waiting) if only is None else [h for h in only if h in self._waiting]
        if not chosen:
            return Counts()
        if self._ids is not None:
            self._ids.learn(self._named_elsewhere(chosen))  # here, because nobody is asked while the ledger is locked
        return self._settle(lambda unit: self._replay(unit, chosen, _Result(Counts())))

    def _named_elsewhere(self, chosen: Iterable[bytes]) -> Iterator[bytes]:
        """The values among these that nobody could explain, and a schema registry may."""
        for held in chosen:
            if self._waiting[held].fields["sentence"].startswith(UNREADABLE):
                with suppress(BytesGone):  # another process has taken it
                    _, kept = decode(kept_bytes(self._ledger.store, self._ledger.keys, held))
                    yield kept["value"]

    def dismiss(self, held: bytes, person: Person, why: str) -> None:
        """Say that a held input is not to be taken, and why. The bytes go; the log keeps that it was there.

        Raises BytesGone, with a sentence, where it was resolved or dismissed already.
        """

        def decide(unit: Unit) -> _Result:
            kept_bytes(self._ledger.store, self._ledger.keys, held)  # somebody else may have been first
            year = self._ledger.school_year_at(unit.now)
            resolve(unit, held, "dismissed", None, person, why, key_of(self._ledger.authority, year))
            return _Result(Counts(), resolved={held})

        self._settle(decide)

    @property
    def held(self) -> Mapping[bytes, Waiting]:
        """What waits, by held id."""
        return self._waiting

    # --- deciding

    def _settle(self, decide: Callable[[Unit], _Result], tracking: Sequence[TrackingRow] = ()) -> Counts:
        def tracked(result: _Result) -> list[TrackingRow]:
            return [*tracking, *self._counted(result.counts)]

        def decided(unit: Unit) -> _Result:
            result = decide(unit)
            self._count(unit, result)
            return result

        result, _ = self._ledger.settle(decided, tracked)
        self.totals += result.counts
        if result.resolved or result.held_now:
            self._hashes = None
        for held in result.resolved:
            self._waiting.pop(held, None)
        if result.held_now:
            new = waiting(self._ledger.store, self._ledger.keys, result.held_now)
            self._waiting |= {item.id: item for item in new}
            self._ours |= {held for held, ours in result.held_now.items() if ours}
        self._waiting |= {held: item for held, item in result.waits_for.items() if held in self._waiting}
        return result.counts

    def _counted(self, counts: Counts) -> list[TrackingRow]:
        """The totals of an import so far, kept as tracking rows so that a resumed import can say them whole."""
        if self._import is None:
            return []
        return [
            TrackingRow(f"import:{self._import.hex()}:{f.name}", getattr(self.totals, f.name) + getattr(counts, f.name))
            for f in fields(Counts)
            if getattr(counts, f.name)
        ]

    def _decide(self, unit: Unit, messages: Sequence[Read]) -> _Result:
        result = _Result(Counts(deliveries=len(messages)))
        if any(stream.startswith("ledger/held/") for stream in unit.others_wrote):
            self._waiting = {w.id: w for w in waiting(self._ledger.store, self._ledger.keys)}
        self._replay_mended(unit, result)
        seen = self._ledger.store.find_messages(
            (source, said.message["message"])
            for said in messages
            if said.message is not None and (source := said.delivery.source_id) is not None
        )
        fresh: dict[tuple[bytes, bytes], bytes] = {}
        for said in messages:
            unit.now = self._ledger.moment_of(said.delivery.received_at, unit.now)
            delivery = said.delivery
            part = result.of(delivery.topic, delivery.partition)
            before = None if part is None else replace(result.counts)
            self._one(unit, said, seen, fresh, result)
            if part is not None and before is not None:
                part += result.counts.less(before)
                part.deliveries += 1
            # At once, not at the end of the batch: what a batch holds is the same however deliveries are cut into them.
            self._replay_mended(unit, result)
        return result

    @staticmethod
    def _count(unit: Unit, result: _Result) -> None:
        """Let the rows beside the log grow by what was counted of each partition."""
        unit.counted += [
            CountRow(count_name(topic, partition, f.name), by)
            for (topic, partition), counts in result.apart.items()
            for f in fields(Counts)
            if (by := getattr(counts, f.name))
        ]

    def _one(
        self,
        unit: Unit,
        said: Read,
        seen: Mapping[tuple[bytes, bytes], bytes],
        fresh: dict[tuple[bytes, bytes], bytes],
        result: _Result,
    ) -> None:
        counts = result.counts
        delivery, name, message, fault, digest = said
        if message is None:
            counts.sent += 1
            if self._holds_already(delivery, digest, result):
                counts.duplicate += 1
                return
            self._hold(unit, delivery, None, {}, Held("g1", (), fault), self._origin(delivery, {}, digest), result)
            return
        sent = rows_of(name, message)
        counts.sent += sent
        origin = self._origin(delivery, message, digest)
        source = delivery.source_id
        if source is None or source != message["source"]:
            if self._holds_already(delivery, digest, result):
                counts.duplicate += sent
                return
            sentence = "The message names another source than the one that delivered it; send it on its own topic."
            self._hold(unit, delivery, name, message, Held("g2", (), sentence), origin, result)
            return
        known = (source, message["message"])
        earlier = fresh.get(known) or seen.get(known)
        if earlier is not None:
            again = earlier[:MESSAGE_HASH_SIZE] == digest[:MESSAGE_HASH_SIZE]
            if again or self._holds_already(delivery, digest, result):
                counts.duplicate += sent
                return
            sentence = "A message with this id and other bytes came before; give every message an id of its own."
            self._hold(unit, delivery, name, message, Held("g4", (), sentence), origin, result)
            return
        fresh[known] = digest
        unit.messages.append(MessageRow(source, message["message"], digest))
        taken = Taken(counts)
        hear(Hearing(unit, delivery, mis(name), message, source, origin, self._ledger.authority, taken=taken))
        for held in _by_rule(taken.held) if taken.held else ():
            self._hold(unit, delivery, name, message, held, origin, result)

    def _holds_already(self, delivery: Delivery, digest: bytes, result: _Result) -> bool:
        """True if these very bytes of this source wait already: an exact re-delivery is counted, not stored again."""
        if self._hashes is None:
            self._hashes = {(w.fields["source"], w.fields["message_hash"]) for w in self._waiting.values()}
        name = (delivery.source_id, digest)
        here = result.held_here.values()
        return name in self._hashes or any((w.fields["source"], w.fields["message_hash"]) == name for w, _ in here)

    def _origin(self, delivery: Delivery, message: Mapping[str, Any], digest: bytes) -> Origin:
        return Origin(
            source=delivery.source_id,
            message=message.get("message"),
            message_hash=digest,
            topic_sent=delivery.topic,
            partition=delivery.partition,
            offset=delivery.offset,
            sequence=message.get("sequence"),
            sent_at=message.get("sent_at"),
            said_at=message.get("saved_at"),
            # No broker took what comes from another system's records: whoever wrote the file also wrote its stamps.
            broker_at=None if self._of_history else delivery.received_at,
            broker_clock=None if self._of_history else delivery.clock,
            import_id=self._import,
        )

    def _hold(
        self,
        unit: Unit,
        delivery: Delivery,
        name: str | None,
        message: Mapping[str, Any],
        held: Held,
        origin: Origin,
        result: _Result,
    ) -> bytes:
        """Keep the message, cut to the rows that wait."""
        value, rows = delivery.value, 1 if name is None else rows_of(name, message)
        if name is not None and held.rows and len(held.rows) < rows:
            schema = mis(name)
            framed = encode_confluent if value[:1] == b"\x00" else encode
            value, rows = framed(schema, only_rows(name, message, held.rows)), len(held.rows)
        kept = encode(
            mis("Delivery"),
            {
                "source": delivery.source,
                "key": delivery.key,
                "received_at": delivery.received_at,
                "value": value,
            },
        )
        item = hold(unit, self._ledger.keys, kept, rows, held.rule, held.place, held.sentence, origin)
        result.held_here[item.id] = (item, kept)
        result.held_now[item.id] = True
        result.counts.held_in += rows
        return item.id

    # --- replaying

    def _replay_mended(self, unit: Unit, result: _Result) -> None:
        """Held rows of places that learned of pupils, oldest first; those that wait for a place, if any came."""
        while mended := unit.take_mended():
            if not (self._waiting or result.held_here):
                return
            here = (item for item, _ in result.held_here.values())
            chosen = [
                w.id
                for w in (*(result.waits_for.get(w.id, w) for w in self._waiting.values()), *here)
                if (w.rule == "g3" and w.place in mended) or (w.rule == "g2" and None in mended)
            ]
            self._replay(unit, chosen, result)

    def _replay(self, unit: Unit, chosen: Sequence[bytes], result: _Result) -> _Result:
        """Decide held inputs again, each as its own message with the moment it first arrived."""
        for held_id in chosen:
            if held_id not in result.resolved:
                self._replay_one(unit, held_id, result)
        return result

    def _replay_one(self, unit: Unit, held_id: bytes, result: _Result) -> None:
        if held_id in result.held_here:
            item, value = result.held_here[held_id]
        else:
            item = self._waiting[held_id]
            try:
                value = kept_bytes(self._ledger.store, self._ledger.keys, item.id)
            except BytesGone:  # another process has taken it
                result.resolved.add(item.id)
                return
        _, kept = decode(value)
        delivery = Delivery(kept["source"], kept["key"], kept["received_at"], kept["value"])
        # What was read once names its schema by fingerprint or by an id of our own. Of the rest a registry has the say,
        # and what one could not explain is not read by our ids: it might become something that it is not.
        why = item.fields["sentence"]
        ids = self._ids if why.startswith(UNREADABLE) else None
        if means_elsewhere(delivery.value, why) if ids is None else not ids.knows(delivery.value):
            return
        delivery, name, message, _, _ = read(delivery, ids)
        if message is None or item.rule == "g4" or delivery.source_id != message["source"]:
            return
        said = item.fields
        stated = {k: v for k, v in said.items() if k in _ORIGIN_FIELDS and k != "import"}
        origin = Origin(**stated, import_id=said.get("import"))
        origin = origin._replace(first_held_at=said.get("first_held_at") or item.held_at)
        source = message["source"]
        before, position = unit.events_recorded, unit.next_position()
        hearing = Hearing(unit, delivery, mis(name), message, source, origin, self._ledger.authority, replayed=True)
        hear(hearing)
        still = sum(len(h.rows) or item.rows for h in hearing.taken.held)
        if hearing.taken.held and still >= item.rows:
            now = next(iter(hearing.taken.held), None)
            if now is not None and (now.rule, now.place) != (item.rule, item.place):
                moved = replace(item, fields={**item.fields, "rule": now.rule, "place": now.place})
                if item.id in result.held_here:
                    result.held_here[item.id] = (moved, value)
                result.waits_for[item.id] = moved
            return
        became = "events" if unit.events_recorded > before else "duplicate"
        # What is new of a pupil's identity alone is written at the end of the batch, at no position known yet.
        resolve(unit, item.id, became, position if unit.next_position() > position else None, NOBODY)
        result.resolved.add(item.id)
        part = result.of(said.get("topic_sent"), said.get("partition"))
        if part is not None:
            part.held_out += item.rows
            part.held_in += still
            part += hearing.taken.counts
        ours = item.id in self._ours or result.held_now.get(item.id, False)
        if ours:
            result.counts.held_out += item.rows
            result.counts += hearing.taken.counts
        else:
            result.counts.replayed_earlier += item.rows - still
            result.counts.held_in -= still
        for held in _by_rule(hearing.taken.held):
            held_id = self._hold(unit, delivery, name, message, held, origin, result)
            if not ours:
                result.held_now[held_id] = False


_ORIGIN_FIELDS = frozenset(f for f in Origin().fields())


def hear(hearing: Hearing) -> None:
    """Give a message to the one who hears its kind."""
    name = hearing.schema.name
    if name == "RegisterTaken":
        registers.hear_register(hearing)
    elif name in registers.ROWS:
        registers.hear_rows(hearing)
    elif hearing.origin.of_history and name in history.HEAR:
        history.HEAR[name](hearing)
    else:
        _HEAR[name](hearing)


def _by_rule(held: Iterable[Held]) -> list[Held]:
    """One for each rule, place and cause: the message cut to all rows that wait for it."""
    together: dict[tuple[str, bytes | None, str | None], Held] = {}
    for one in held:
        name = (one.rule, one.place, one.because)
        known = together.get(name)
        if known is None:
            together[name] = one
        else:
            rows = () if not known.rows or not one.rows else tuple(sorted({*known.rows, *one.rows}))
            together[name] = known._replace(rows=rows)
    return list(together.values())


__all__ = ["Intake", "Taken", "hear", "only_rows", "rows_of"]
