"""Two ledgers that were told the same, compared in everything but what chance gave them: ids, keys, salts, hashes of them.

A random id of the one stands where one random id of the other stands, everywhere, and no other does: that renaming is
learned as the entries are read side by side, and a second partner for an id that has one is a difference. Ids that
come from outside (of sources, of messages) are no chance: they must be the same in both.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, NamedTuple

from consumers.deliveries import Delivery
from domain.identity import facts_of
from domain.ledger.bodies import open_state
from domain.ledger.held import kept_bytes
from domain.ledger.ledger import Ledger
from domain.ledger.rebuild import compare
from domain.pupil import Fact
from schemas.codec import Undecodable, decode

BY_CHANCE = frozenset(("salt", "sealed", "sealed_hash"))
"""Fields that differ in two ledgers whatever happens: a fresh salt, and what is made with it."""
_IDS = re.compile(r"(?<![0-9a-f])(?:[0-9a-f]{32}|[0-9a-f]{8})(?![0-9a-f])")
"""An id in a text: whole, as in a stream's name, or its first eight digits, as in a sentence for a person."""


class Different(AssertionError):
    """Two ledgers do not say the same; the message says where."""


@dataclass
class Renaming:
    """Which id of the other ledger stands for which id of this one."""

    fixed: Collection[bytes] = ()
    """Ids from outside: the same in both."""
    there: dict[bytes, bytes] = field(default_factory=dict)
    here: dict[bytes, bytes] = field(default_factory=dict)

    def pair(self, one: bytes, other: bytes, where: str) -> None:
        """Take note that one stands for the other. Raises Different where either has another partner."""
        if (one in self.fixed or other in self.fixed) and one != other:
            raise Different(f"{where}: {one.hex()} here, {other.hex()} there, and one of them comes from outside.")
        if self.there.setdefault(one, other) != other or self.here.setdefault(other, one) != one:
            raise Different(f"{where}: {one.hex()} here and {other.hex()} there, but they stood for others before.")

    def same(self, one: Any, other: Any, where: str) -> None:
        """Compare two values, and learn from the ids in them. Raises Different."""
        if type(one) is not type(other):
            raise Different(f"{where}: {one!r} here, {other!r} there.")
        if isinstance(one, dict):
            if one.keys() != other.keys():
                raise Different(f"{where}: {sorted(one)} here, {sorted(other)} there.")
            for name in one.keys() - BY_CHANCE:
                self.same(one[name], other[name], f"{where}, {name}")
        elif isinstance(one, list):
            if len(one) != len(other):
                raise Different(f"{where}: {len(one)} here, {len(other)} there.")
            for n, pair in enumerate(zip(one, other, strict=True)):
                self.same(*pair, f"{where}, {n}")
        elif isinstance(one, bytes) and len(one) == len(other) == 16:
            self.pair(one, other, where)
        elif isinstance(one, str):
            self._same_text(one, other, where)
        elif one != other:
            raise Different(f"{where}: {one!r} here, {other!r} there.")

    def _same_text(self, one: str, other: str, where: str) -> None:
        if _IDS.sub("", one) != _IDS.sub("", other):
            raise Different(f"{where}: {one!r} here, {other!r} there.")
        for ours, theirs in zip(_IDS.findall(one), _IDS.findall(other), strict=True):
            if len(ours) == len(theirs) == 32:
                self.pair(bytes.fromhex(ours), bytes.fromhex(theirs), where)
            elif ours != theirs and not any(
                a.hex().startswith(ours) and b.hex().startswith(theirs) for a, b in self.there.items()
            ):
                raise Different(f"{where}: {one!r} here, {other!r} there.")

    def renamed(self, text: str) -> str:
        """A text of this ledger as the other would write it."""
        return _IDS.sub(lambda found: self._named_there(found[0]), text)

    def _named_there(self, digits: str) -> str:
        if len(digits) != 32:
            return digits
        return self.there.get(bytes.fromhex(digits), bytes.fromhex(digits)).hex()


def from_outside(deliveries: Iterable[Delivery]) -> set[bytes]:
    """Every id in these messages, and those of the sources that delivered them."""
    found: set[bytes] = set()
    for delivery in deliveries:
        if delivery.source_id is not None:
            found.add(delivery.source_id)
        with suppress(Undecodable):
            found.update(_ids_in(decode(delivery.value)[1]))
    return found


def _ids_in(value: Any) -> Iterator[bytes]:
    if isinstance(value, bytes) and len(value) == 16:
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from _ids_in(one)
    elif isinstance(value, list):
        for one in value:
            yield from _ids_in(one)


class Side(NamedTuple):
    """One of the two ledgers, and a way to ask its database."""

    ledger: Ledger
    ask: Callable[[str], list[tuple[Any, ...]]]
    """Rows of a SELECT over the tables of this ledger."""


class Told(NamedTuple):
    """An entry, opened."""

    position: int
    recorded_at: int
    stream: str
    version: int
    topic: str
    schema: bytes
    fields: dict[str, Any]
    text: dict[str, Any] | None
    among: tuple[str, int]
    """With whom it is shuffled: pupils' entries at the end of a batch, lines carried at the turn of the year. Any
    other entry stands alone at its position."""


def entries(ledger: Ledger) -> list[Told]:
    """All of a ledger."""
    head, _ = ledger.store.head()
    told: list[Told] = []
    for row in ledger.store.read_positions(1, head):
        fields, text = open_state(row.state, ledger.keys)
        entry = Told(*row[:5], row.state[:10], fields, text, ("alone", row.position))
        told.append(entry._replace(among=_among(entry, told[-1] if told else None)))
    return told


def _among(entry: Told, before: Told | None) -> tuple[str, int]:
    """Whether an entry is one of several that were shuffled, so that order ties nobody to anybody."""
    if entry.stream.startswith("pupil/"):
        return "pupils", entry.recorded_at
    turn = ("turn", entry.recorded_at)
    by_rule = entry.fields.get("source") is None
    if entry.topic == "LineCarriedForward":
        return turn
    if before is not None and before.among == turn and by_rule:
        goes_on = entry.stream == before.stream
        begins = entry.stream.startswith("arrangement/") and (entry.text or {}).get("previous") is not None
        if goes_on or begins:
            return turn
    return entry.among


def same_ledger(one: Side, other: Side, fixed: Collection[bytes]) -> Renaming:
    """Compare two ledgers whole: entries, identity index, messages, tracking, held bytes.

    `fixed` are the ids from outside. Gives the renaming under which they are the same; raises Different.
    """
    renaming = Renaming(fixed)
    here, there = entries(one.ledger), entries(other.ledger)
    same_entries(here, there, renaming)
    _same_index(one, other, here, there, renaming)
    _same_beside(one, other, renaming)
    return renaming


# --- entries


def same_entries(here: Sequence[Told], there: Sequence[Told], renaming: Renaming) -> None:
    """Entry by entry, every field. Pupils' entries at the end of a batch are shuffled: pupil by pupil."""
    if len(here) != len(there):
        raise Different(f"{len(here)} entries here, {len(there)} there.")
    at = 0
    for (kind, _), some in groupby(here, key=lambda entry: entry.among):
        ours = list(some)
        theirs = there[at : at + len(ours)]
        at += len(ours)
        if kind == "alone":
            _same_entry(ours[0], theirs[0], renaming)
        else:
            _same_shuffled(ours, theirs, renaming)


def _same_entry(one: Told, other: Told, renaming: Renaming, *, shuffled: bool = False) -> None:
    where = f"Entry {one.position}, {one.topic}"
    if not shuffled:
        renaming.same(one.position, other.position, where)
    for name in ("recorded_at", "stream", "version", "topic", "fields", "text"):
        renaming.same(getattr(one, name), getattr(other, name), f"{where}, {name}")
    if one.schema != other.schema:
        raise Different(f"{where}: written by two versions of its schema.")
    if len(one.fields.get("sealed") or b"") != len(other.fields.get("sealed") or b""):
        raise Different(f"{where}: its sealed parts are not of one length.")


def _same_shuffled(ours: Sequence[Told], theirs: Sequence[Told], renaming: Renaming) -> None:
    """Each stream here with the one stream there of which the same is told, as far as ids are known by now.

    The id of a new pupil is not, nor that of a new line; but the numbers and names under which they came are, and last
    year's line, and this year's by the time that it is told of its pupil: so each stream has exactly one partner.
    """
    where = f"Entries {ours[0].position} to {ours[-1].position}"
    if {entry.among for entry in theirs} != {ours[0].among}:
        raise Different(f"{where}: what is shuffled together here is not there.")
    here = _by_shape(ours, renaming.there.get, where)
    there = _by_shape(theirs, lambda known: known if known in renaming.here else None, where)
    if here.keys() != there.keys():
        raise Different(f"{where}: here only {here.keys() - there.keys()}, there only {there.keys() - here.keys()}.")
    for shape, mine in here.items():
        for one, other in zip(mine, there[shape], strict=True):
            _same_entry(one, other, renaming, shuffled=True)


Known = Callable[[bytes], bytes | None]


def _by_shape(told: Sequence[Told], known: Known, where: str) -> dict[str, list[Told]]:
    """The entries of each stream by all that they say, without the ids that nobody knows yet."""
    by_stream: dict[str, list[Told]] = {}
    for entry in told:
        by_stream.setdefault(entry.stream, []).append(entry)
    shapes = {}
    for stream, mine in by_stream.items():
        said = [(entry.version, entry.topic, _shape(entry.fields, known), _shape(entry.text, known)) for entry in mine]
        shapes[repr((_shape(stream, known), said))] = mine
    if len(shapes) != len(by_stream):
        raise Different(f"{where}: two streams cannot be told apart.")
    return shapes


def _shape(value: Any, known: Known) -> Any:
    if isinstance(value, bytes) and len(value) == 16:
        return known(value)
    if isinstance(value, str):
        return _IDS.sub(lambda id: str(known(bytes.fromhex(id[0]))) if len(id[0]) == 32 else id[0], value)
    if isinstance(value, dict):
        return [(name, _shape(value[name], known)) for name in sorted(value.keys() - BY_CHANCE)]
    if isinstance(value, list):
        return [_shape(one, known) for one in value]
    return value


# --- what lies beside the log


def _same_index(one: Side, other: Side, here: Sequence[Told], there: Sequence[Told], renaming: Renaming) -> None:
    """What leads to which id. A row shows nothing but its HMAC, under another key in each ledger: so each index must be
    that which its log gives, and the two logs must give the same."""
    for side in (one, other):
        if not compare(side.ledger.store, side.ledger.keys).agree:
            raise Different("An identity index is not what its log gives.")
    ours = {
        Fact(f.kind, renaming.renamed(f.scope), renaming.renamed(f.value), renaming.there.get(f.id, f.id), f.valid_from)
        for f in _facts(here)
    }
    if ours != (theirs := _facts(there)):
        raise Different(f"The identity indexes differ: {ours ^ theirs}.")
    _same_rows("count of identity rows", *(side.ask("SELECT count(*) FROM identity") for side in (one, other)))


def _facts(told: Iterable[Told]) -> set[Fact]:
    return {fact for entry in told for fact in facts_of(entry.stream, entry.topic, entry.fields, entry.text)}


def _same_beside(one: Side, other: Side, renaming: Renaming) -> None:
    """Messages taken in, how far whatever was taken in, and the bytes of what is held."""
    _same_rows("messages", *(side.ask("SELECT source, message, hash FROM messages") for side in (one, other)))
    tracking = "SELECT application_name, notification_id FROM tracking"
    ours = [(renaming.renamed(name), position) for name, position in one.ask(tracking)]
    _same_rows("tracking", ours, other.ask(tracking))
    held = {renaming.there.get(held, held): held for held in one.ledger.store.held_ids()}
    _same_rows("held inputs", [(held,) for held in held], [(held,) for held in other.ledger.store.held_ids()])
    for theirs, mine in held.items():
        kept = [kept_bytes(s.ledger.store, s.ledger.keys, id) for s, id in ((one, mine), (other, theirs))]
        if kept[0] != kept[1]:
            raise Different(f"Held input {mine.hex()}: its bytes differ.")


def _same_rows(what: str, ours: list[tuple[Any, ...]], theirs: list[tuple[Any, ...]]) -> None:
    if sorted(map(repr, ours)) != sorted(map(repr, theirs)):
        raise Different(f"The {what} differ: {set(map(repr, ours)) ^ set(map(repr, theirs))}.")
