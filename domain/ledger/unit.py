"""A unit of work: what one batch reads, decides and will write, kept apart from what is shared until it is committed.

States of aggregates (registers, lines, places, people) are cached between batches. A unit *takes out* of the cache
what it touches and puts it back only when the append has returned: if anything fails, what it touched is simply
forgotten. (The prototype that changed its cache before the commit lost a whole batch as "duplicates" when an append
failed once.) The same holds for identity rows and keys: what a unit adds is seen by that unit only, until the commit.

Whether the cache is still true is asked of the store once a batch: streams written since by anyone else are forgotten.
That is the speed; the guarantee is UNIQUE(stream, version), which refuses a stale decision whatever was cached.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar, cast

from domain.admission_register import line as lines
from domain.arrangement import arrangement as arrangements
from domain.attendance_register import register as registers
from domain.case import case as cases
from domain.events import Event, Fields, KeyOf, Stored
from domain.identifiers import normalise_upn
from domain.identity import facts_of
from domain.ledger.bodies import fields_of, open_state, seal_and_encode
from domain.ledger.caches import Found, Roll, Shared, State
from domain.ledger.keystore import Key, KeyKind, NewKey
from domain.ledger.store import Appended, Batch, Chunk, CountRow, IdentityRow, MessageRow, Row, TrackingRow
from domain.people import People
from domain.people import evolve as evolve_people
from domain.people import stream_of as people_stream
from domain.place import place as places
from domain.pupil import EVERYONE, can_identify, line_scope, names_nobody
from domain.pupil import stream_of as pupil_stream
from domain.pupil.pupil import Pupil, number_as_given, one_child, staying
from domain.pupil.pupil import evolve as evolve_pupil
from schemas.marks import plain_marks

S = TypeVar("S", bound=State)

_FACTS_KEPT = 100_000


class Marks(NamedTuple):
    """Ordinary marks of one register, to be written from a template."""

    stream: str
    version: int
    lines: Sequence[bytes]
    tails: Sequence[bytes]


class _Pending(NamedTuple):
    stamp: int
    version: int
    event: Event


class Unit:
    """One batch. Read states, record events, then `batch()` and, after the append, `committed()`."""

    def __init__(self, shared: Shared, now: int, others_wrote: Collection[str] = ()) -> None:
        self._shared = shared
        self._store = shared.store
        self.now = now
        """The moment of the message being decided, UTC microseconds: the stamp of a simulated clock."""
        self._states: dict[str, State] = {}
        self._pending: list[_Pending | tuple[int, Marks]] = []
        self._about_pupils: dict[str, list[Event]] = {}
        self._fresh: set[str] = set()
        """Streams named by an id that was made here: nothing to read."""
        self._made: set[str] = set()
        """Those ids, hexadecimal: nothing can lead on from them yet."""
        self.people_seen: dict[tuple[bytes, int, bytes, str], tuple[bytes, str]] = {}
        """(person, kind) by place, school year, source and user id, for callers to remember within this batch."""
        self.groups_seen: dict[tuple[bytes, int, str], bytes] = {}
        """Groups by place, school year and label, likewise."""
        self._absent: set[tuple[str, str, str]] = set()
        """Names that led nowhere when this unit asked. See `batch` for what makes that safe."""
        self._new_facts: dict[tuple[str, str, str], list[Found]] = {}
        self._own_rolls: dict[tuple[bytes, bytes, int], Roll] = {}
        self._rolls_touched: set[bytes] = set()
        self._mended: set[bytes | None] = set()
        self.others_wrote = others_wrote
        """Streams that other writers moved since the last batch: what waits for a pupil or a place may be mended."""
        for stream in others_wrote:
            room, _, rest = stream.partition("/")
            if room in ("admission-register", "place"):
                self.mend(bytes.fromhex(rest.split("/")[0]))
                self.mend(None)
        self._key_ids: set[bytes] = set()
        self.messages: list[MessageRow] = []
        self.counted: list[CountRow] = []
        self.held_bytes: list[tuple[bytes, bytes]] = []
        self.held_done: set[bytes] = set()
        self.names_positions = False
        """True once a body names a position that this batch will be given: then no other writer may come between."""
        self._ever_joined: frozenset[bytes] | None = None
        """Identities that were ever merged with another; None: not asked for yet, or changed here."""
        self._ever_renumbered: frozenset[bytes] | None = None
        """Identities that were ever given another number; None: not asked for yet, or changed here."""
        self._numbered_here = False
        """True once a number was given here: then no roll that is shared can be trusted."""
        self._joined_here = False
        """True once a merge was made or undone here: then no roll that is shared can be trusted."""
        self.counts_on_all = False
        """True once a decision counts on what is *not* in the ledger: then no other writer may come between either."""
        self._recorded = 0
        self._la_code: str | None = None

    # --- states

    def _state(self, stream: str, new: Callable[[str], S], evolve: Callable[[S, Stored], S]) -> S:
        state = self._states.get(stream)
        if state is None:
            state = self._shared.states.take(stream)
            if state is None:
                fresh = new(stream)
                for row in () if stream in self._fresh else self._store.read_stream(stream):
                    fresh = evolve(fresh, self._opened(row))
                state = fresh
            self._states[stream] = state
        return cast("S", state)

    def preload(
        self,
        streams: Iterable[str],
        new: Callable[[str], S],
        evolve: Callable[[S, Stored], S],
        worth: Callable[[Fields], bool] | None = None,
    ) -> list[S]:
        """States of many streams of one kind, read together where they are not at hand.

        `worth` says by the clear fields of a stream's first entry whether it is worth opening: streams that are not at
        hand and not worth it are left out.
        """
        wanted = list(streams)
        missing = [name for name in wanted if name not in self._states]
        for name in missing:
            taken = self._shared.states.take(name)
            if taken is not None:
                self._states[name] = taken
        missing = [name for name in missing if name not in self._states]
        for at in range(0, len(missing), 500):
            for name, rows in self._store.read_streams(missing[at : at + 500]).items():
                if worth is not None and not worth(fields_of(rows[0].state)):
                    continue
                fresh = new(name)
                for row in rows:
                    fresh = evolve(fresh, self._opened(row))
                self._states[name] = fresh
        return [self._state(name, new, evolve) for name in wanted if worth is None or name in self._states]

    def _opened(self, row: Row) -> Stored:
        return Stored(row.version, row.topic, *open_state(row.state, self._shared.keys))

    def register(self, place: bytes, day: int, session: str) -> registers.Register:
        """The attendance register of a session."""
        return self._state(registers.stream_of(place, day, session), registers.Register, registers.evolve)

    def new_id(self, stream_of: Callable[[bytes], str]) -> bytes:
        """16 random bytes for something new, whose stream need not be read: it cannot exist."""
        made = os.urandom(16)
        self._fresh.add(stream_of(made))
        self._made.add(made.hex())
        return made

    def line(self, place: bytes, line: bytes) -> lines.Line:
        """A line of the admission register."""
        return self._state(lines.stream_of(place, line), lines.Line, lines.evolve)

    def place(self, place: bytes) -> places.Place:
        """A place."""
        return self._state(places.stream_of(place), places.Place, places.evolve)

    def pupil(self, pupil: bytes) -> Pupil:
        """A child's identity."""
        return self._state(pupil_stream(pupil), Pupil, evolve_pupil)

    def arrangement(self, arrangement: bytes) -> arrangements.Arrangement:
        """An arrangement of a pupil's week."""
        return self._state(arrangements.stream_of(arrangement), arrangements.Arrangement, arrangements.evolve)

    def case_of(self, line_or_place: bytes) -> cases.Case:
        """The case of a line, or a school's own; a new one where there is none yet."""
        found = self.find("case", "", line_or_place.hex())
        case = found[0].id if found else self.new_id(cases.stream_of)
        return self._state(cases.stream_of(case), cases.Case, cases.evolve)

    def people(self, place: bytes) -> People:
        """The people of a place."""
        return self._state(people_stream(place), People, evolve_people)

    def stream_names(self, prefix: str, until: str | None = None) -> list[str]:
        """Names of streams, those of this unit included."""
        names = set(self._store.stream_names(prefix, until))
        for name, state in self._states.items():
            if state.version and (name.startswith(prefix) if until is None else prefix <= name < until):
                names.add(name)
        return sorted(names)

    # --- who is who

    def find(self, kind: str, scope: str, value: str) -> list[Found]:
        """What an outside name leads to, in order of the day from which it holds."""
        known = self._shared.facts.get((kind, scope, value))
        if known is not None and not self._new_facts:
            return known
        return self.find_many(kind, scope, [value]).get(value, [])

    def find_many(self, kind: str, scope: str, values: Iterable[str]) -> dict[str, list[Found]]:
        """`find` for many values at once; values that lead nowhere are left out."""
        found: dict[str, list[Found]] = {}
        asked: dict[bytes, str] = {}
        for value in values:
            name = (kind, scope, value)
            known = self._shared.facts.get(name)
            if known is not None:
                found[value] = known
            elif name not in self._absent:
                asked[self._shared.identity_key(kind, scope, value)] = value
        if asked:
            if len(self._shared.facts) > _FACTS_KEPT:
                self._shared.facts.clear()
            for key, rows in self._store.find_identities(asked).items():
                known = [Found(row.id, row.valid_from) for row in rows]
                found[asked[key]] = self._shared.facts[(kind, scope, asked[key])] = known
            self._absent.update((kind, scope, value) for value in asked.values() if value not in found)
        if self._new_facts:
            for value in values:
                new = self._new_facts.get((kind, scope, value))
                if new:
                    found[value] = sorted([*found.get(value, ()), *new], key=lambda f: f.valid_from)
        return found

    def _add_facts(self, event: Event) -> None:
        """The identity rows of an event, written with the batch: whatever is recorded leads where it says.

        There is no other way into the index, so that it can be built again from the log (`ledger.rebuild`). Adding
        what is there already does nothing.
        """
        for fact in facts_of(event.stream, event.topic, event.fields, event.seal.text if event.seal else None):
            name, found = (fact.kind, fact.scope, fact.value), Found(fact.id, fact.valid_from)
            # Nobody can have named before what was made here, nor anything within it: no look-up.
            if fact.value in self._made or fact.scope.partition("/")[0] in self._made:
                self._absent.add(name)
            if found in self.find(*name):
                continue
            self._new_facts.setdefault(name, []).append(found)
            if fact.kind in ("mis_pupil", "upn", "line"):
                self._own_rolls.clear()
            if fact.kind == "line":
                place = bytes.fromhex(fact.scope.split("/")[0])
                self._rolls_touched.add(place)
                self.mend(place)
            if fact.kind == "placed":  # what a provider said of a pupil may have waited for the placement
                self.mend(bytes.fromhex(fact.value))

    def same_child(self, pupil: bytes) -> tuple[bytes, ...]:
        """The identities that are this one child by merges that stand: the one asked for first. Nearly always alone.

        Whether anybody was ever merged is asked once a unit, so that a child who never was costs no look-up.
        """
        if pupil not in self.ever_joined:
            return (pupil,)
        return one_child(pupil, self._joined_with, self.pupil)

    @property
    def ever_joined(self) -> frozenset[bytes]:
        """The identities that were ever merged with another."""
        if self._ever_joined is None:
            self._ever_joined = frozenset(found.id for found in self.find("same_child", "", EVERYONE))
        return self._ever_joined

    @property
    def ever_renumbered(self) -> frozenset[bytes]:
        """The identities that were ever given another number once they were known: few, and asked for once a unit."""
        if self._ever_renumbered is None:
            self._ever_renumbered = frozenset(found.id for found in self.find("renumbered", "", EVERYONE))
        return self._ever_renumbered

    def record_of_number(self, event: Event) -> None:
        """A UPN that was given: of whom, is known here at once, though pupils' events are written at the end."""
        pupil = self.pupil(bytes.fromhex(event.stream.removeprefix("pupil/")))
        number_as_given(pupil, event.fields, event.seal.text if event.seal else {})
        self.record_of_pupil(event)
        self._ever_renumbered = None
        self._numbered_here = True
        self._own_rolls.clear()

    def numbered(self, upn: str) -> bytes | None:
        """The child that a UPN leads to: the one child whose number it is by what was said last. None where it has not
        the shape of one, where nobody was given it, and where two children have it."""
        found = self.find("upn", "", upn) if can_identify(upn) else []
        return self._one_numbered(upn, found)

    def _one_numbered(self, upn: str, found: Sequence[Found]) -> bytes | None:
        """The same of what the number was found to lead to."""
        only = self.one_of(found)
        if only is not None or not found:
            return only
        return self.one_of([row for row in found if upn in self.pupil(row.id).claimed])

    def staying(self, pupil: bytes) -> bytes:
        """Of the identities that are this one child, the one that stays."""
        return staying(self.same_child(pupil), self.pupil)

    def _joined_with(self, pupil: bytes) -> list[bytes]:
        return [found.id for found in self.find("same_child", "", pupil.hex())]

    def one_of(self, found: Sequence[Found]) -> bytes | None:
        """The pupil that a number leads to, if it leads to one child: of one entered twice, the identity that stays."""
        pupils = list(dict.fromkeys(row.id for row in found))
        if len(pupils) < 2:
            return pupils[0] if pupils else None
        return self.staying(pupils[0]) if set(pupils) <= set(self.same_child(pupils[0])) else None

    def stays(self, place: bytes, school_year: int, pupil: bytes) -> list[Found]:
        """A child's lines at a place in a school year, by starting day: the identity's own; if it has none, those of
        the others that are the same child.

        Where one child stands twice on a register, each identity keeps its own line: marks go to the line of the one
        that the source names, and nobody moves them but the school.
        """
        scope = line_scope(place, school_year)
        own, *others = self.same_child(pupil)
        found = self.find("line", scope, own.hex())
        if found or not others:
            return found
        more = self.find_many("line", scope, [other.hex() for other in others])
        return sorted((stay for stays in more.values() for stay in stays), key=lambda stay: stay.valid_from)

    def record_of_identity(self, event: Event) -> None:
        """An event that a person decided about an identity: folded at once, and look-ups of who is who begin anew."""
        pupil = self._state(event.stream, Pupil, evolve_pupil)
        self.record([event], evolve_pupil, pupil)
        self._ever_joined = None
        self._joined_here = True
        self._own_rolls.clear()

    def mend(self, place: bytes | None) -> None:
        """Say that rows held for want of a pupil of this place (None: for want of a place) are worth another try."""
        self._mended.add(place)

    def take_mended(self) -> set[bytes | None]:
        """What was mended since this was last asked."""
        mended, self._mended = self._mended, set()
        return mended

    def roll(self, place: bytes, source: bytes, school_year: int) -> Roll:
        """The roll of a place and year as one source names it. Learned pupil by pupil: see `learn`."""
        name = (place, source, school_year)
        own = self._new_facts or self._joined_here or self._numbered_here
        rolls = self._own_rolls if own else self._shared.rolls
        found = rolls.get(name)
        if found is None:
            if len(rolls) > 2_000:
                rolls.clear()
            found = rolls[name] = Roll(place, source, school_year)
        return found

    def learn(self, roll: Roll, wanted: Iterable[tuple[str, str | None]]) -> None:
        """Find the lines of pupils that a roll does not hold yet, by MIS id, else by UPN. Where they disagree the MIS
        id of that source wins."""
        upns = {
            mis: upn and normalise_upn(upn)
            for mis, upn in wanted
            if mis not in roll.one and mis not in roll.several and not names_nobody(mis)
        }
        pupils = {mis: f[-1].id for mis, f in self.find_many("mis_pupil", roll.source.hex(), upns).items()}
        by_upn = {upn: mis for mis, upn in upns.items() if upn and mis not in pupils and can_identify(upn)}
        for upn, f in self.find_many("upn", "", by_upn).items():
            only = self._one_numbered(upn, f)
            if only is not None:  # a number that two children have identifies neither
                pupils[by_upn[upn]] = only
        scope = line_scope(roll.place, roll.school_year)
        found = self.find_many("line", scope, {p.hex() for p in pupils.values()})
        for mis, pupil in pupils.items():
            stays = found.get(pupil.hex()) or self.stays(roll.place, roll.school_year, pupil)
            if not stays:
                continue
            if len(stays) == 1:
                roll.one[mis] = stays[0].id
            else:
                roll.several[mis] = stays

    # --- the turn of the year

    def year_begun(self, place: bytes, school_year: int) -> bool:
        """True if the lines of the place were carried into that school year."""
        return school_year in self.place(place).years_begun

    def la_code(self, authority: bytes) -> str | None:
        """The three digits of the authority whose ledger this is, as last described."""
        if self._la_code is None:
            for row in self._store.read_stream(f"authority/{authority.hex()}"):
                if row.topic == "AuthorityDescribed":
                    self._la_code = self._opened(row).fields["la_code"]
        return self._la_code

    def lines_of(self, pupil: bytes) -> list[Fields]:
        """Every line that an identity ever had, as its stream tells it: line, place, school_year, starting_day."""
        stream = pupil_stream(pupil)
        told = [self._opened(row) for row in self._store.read_stream(stream)]
        texts = [stored.text for stored in told if stored.topic == "LineOpened"]
        for event in self._about_pupils.get(stream, ()):
            if event.topic == "LineOpened" and event.seal is not None:
                texts.append(event.seal.text)
        return [text for text in texts if text]

    def has_id_from(self, pupil: bytes, source: bytes) -> bool:
        """True if this source has given the child an id of its own."""
        stream = pupil_stream(pupil)
        told = [(e.topic, e.fields) for e in self._about_pupils.get(stream, ())]
        told += [(row.topic, self._opened(row).fields) for row in self._store.read_stream(stream)]
        return any(topic == "LocalIdGiven" and fields["known_to"] == source for topic, fields in told)

    # --- recording

    def record(self, events: Iterable[Event], evolve: Callable[[Any, Stored], Any], state: State) -> None:
        """Record events of one stream and fold them into its state."""
        for event in events:
            self._add_facts(event)
            self._put(event, evolve, state)

    def _put(self, event: Event, evolve: Callable[[Any, Stored], Any], state: State) -> None:
        stored = Stored(state.version + 1, event.topic, event.fields, event.seal.text if event.seal else None)
        self._pending.append(_Pending(self.now, stored.version, event))
        evolve(state, stored)
        self._recorded += 1

    def record_decided(self, events: Sequence[Event], last_version: int) -> None:
        """Record events of one stream that are folded into its state already; the last of them has this version."""
        first = last_version - len(events) + 1
        for n, event in enumerate(events):
            self._add_facts(event)
            self._pending.append(_Pending(self.now, first + n, event))
        self._recorded += len(events)

    def record_marks(self, register: registers.Register, lines: Sequence[bytes], tails: Sequence[bytes]) -> None:
        """Record ordinary marks, the last of their register, from template tails."""
        self._pending.append((self.now, Marks(register.stream, register.version - len(lines), lines, tails)))
        self._recorded += len(lines)

    def record_new(self, event: Event) -> None:
        """Record an event of a stream whose state nobody keeps: the ledger's own, the authority's."""
        self.record([event], _Plain.evolve, self._plain(event.stream))

    def _plain(self, stream: str) -> _Plain:
        return self._state(stream, _Plain, _Plain.evolve)

    def record_of_pupil(self, event: Event) -> None:
        """An event of a pupil's stream: written at the end of the batch, the pupils shuffled, so that neither place
        nor order in the log ties a pupil to the line that was entered beside it.

        They hide among the pupils of the batch only: one who comes alone in it is tied to the line by stamp and place,
        and one who comes alone in a message by the message that both name.
        """
        self._add_facts(event)
        self._about_pupils.setdefault(event.stream, []).append(event)
        self._recorded += 1

    def next_position(self) -> int:
        """The position that the next event will be given if nobody else writes first. Sets `names_positions`."""
        self.names_positions = True
        about_pupils = sum(map(len, self._about_pupils.values()))
        return self._shared.head + self._recorded - about_pupils + 1

    @property
    def events_recorded(self) -> int:
        """How many events this unit holds."""
        return self._recorded

    def flush_pupils(self) -> None:
        """Put the pupils' events here: at the end of the batch, after all else."""
        pupils = list(self._about_pupils.values())
        self._about_pupils = {}
        self._recorded -= sum(map(len, pupils))
        random.SystemRandom().shuffle(pupils)
        for events in pupils:
            pupil = self._state(events[0].stream, Pupil, evolve_pupil)
            for event in events:
                self._put(event, evolve_pupil, pupil)

    # --- writing

    def batch(self, tracking: Sequence[TrackingRow] = ()) -> Batch:
        """Everything as bytes. Makes the keys that are needed first: they are durable before the entries are.

        A batch whose bodies name positions, which adds identity rows because it found none, or which says that all was
        gone through, counts on nobody having written since it looked: two writers must not enter one child twice.
        """
        self.flush_pupils()
        keys = self._keys_for(self._pending)
        chunks: list[Chunk] = []
        for pending in self._pending:
            if isinstance(pending, _Pending):
                event = pending.event
                state = seal_and_encode(event, keys.get(event.seal.key) if event.seal else None)
                _add(chunks, event.stream, pending.version - 1, event.topic, [state], pending.stamp)
            else:
                stamp, marks = pending
                states = plain_marks(marks.lines, marks.tails)
                _add(chunks, marks.stream, marks.version, "MarkRecorded", states, stamp)
        return Batch(
            chunks=chunks,
            tracking=list(tracking),
            # By key, which tells nothing: a store that keeps rows in the order in which they came would show side by
            # side the row that leads to a line and the row that leads from it to its pupil.
            identity=sorted(
                IdentityRow(self._shared.identity_key(*name), found.id, found.valid_from)
                for name, new in self._new_facts.items()
                for found in new
            ),
            messages=self.messages,
            counted=self.counted,
            held_bytes=[(h, b) for h, b in self.held_bytes if h not in self.held_done],
            held_done=sorted(self.held_done),
            expected_head=(
                self._shared.head if self.names_positions or self.counts_on_all or self._new_facts else None
            ),
        )

    def _keys_for(self, pending: Iterable[object]) -> dict[KeyOf, Key]:
        wanted: dict[KeyOf, NewKey] = {}
        for p in pending:
            if isinstance(p, _Pending) and p.event.seal is not None:
                key = p.event.seal.key
                wanted[key] = NewKey(cast("KeyKind", key.kind), key.owner, key.scope)
        found = self._shared.keys.find_many(wanted.values())
        missing = [new for new in wanted.values() if new not in found]
        if missing:
            found = found | dict(zip(missing, self._shared.keys.new_keys(missing), strict=True))
            self._key_ids.update(found[new].id for new in missing)
        return {key: found[new] for key, new in wanted.items()}

    def committed(self, appended: Appended) -> None:
        """The append has returned: what this unit knows is now true of the ledger, and shared."""
        shared = self._shared
        states = self._states
        if appended.first != shared.head + 1:
            # Others wrote between the last look and the lock: to no stream that we wrote, but perhaps to one we read.
            others = self._store.streams_written_since(shared.head) - self._streams_written()
            shared.states.forget(others)
            shared.others_wrote |= others
            shared.forget_who_is_who()
            states = {name: state for name, state in states.items() if name not in others}
        shared.head = max(shared.head, appended.last)
        shared.states.put_back(states.values())
        for name in self._new_facts:
            shared.facts.pop(name, None)
        if self._joined_here or self._numbered_here:
            shared.rolls.clear()  # any roll may have found a pupil by a number that is now another's too
        elif self._new_facts:
            for roll in [r for r in shared.rolls if r[0] in self._rolls_touched or self._new_pupils(r)]:
                del shared.rolls[roll]
        self._states = {}
        shared.keys.confirm(self._key_ids)

    def _streams_written(self) -> set[str]:
        return {p.event.stream if isinstance(p, _Pending) else p[1].stream for p in self._pending}

    def _new_pupils(self, roll: tuple[bytes, bytes, int]) -> bool:
        source = roll[1].hex()
        return any(kind == "mis_pupil" and scope == source for kind, scope, _ in self._new_facts)


@dataclass(slots=True)
class _Plain:
    """A stream of which only the version matters."""

    stream: str
    version: int = 0

    @property
    def weight(self) -> int:
        return 3

    @staticmethod
    def evolve(state: _Plain, stored: Stored) -> _Plain:
        state.version = stored.version
        return state


def _add(chunks: list[Chunk], stream: str, version: int, topic: str, states: list[bytes], stamp: int) -> None:
    """Append to the last chunk where the new states simply go on from it."""
    if chunks:
        last = chunks[-1]
        if last.stream == stream and last.topic == topic and last.stamp == stamp:
            cast("list[bytes]", last.states).extend(states)
            return
    chunks.append(Chunk(stream, version, topic, states, stamp))
