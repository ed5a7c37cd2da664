"""Finds planted things again in the events of a ledger, and in nothing else: no index, no cache, no state of the intake.

`Who` reads which child and which place a planted thing means, out of the entries and their sealed parts; `Finder` reads
the entries about them, a topic at a time as columns, and says in a sentence what it does not find.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import polars as pl

from domain.ledger.bodies import open_part
from domain.ledger.commands import Done, carry_out
from domain.ledger.commands.places import SucceedPlace
from domain.ledger.commands.pupils import MergeIdentities
from domain.ledger.ledger import Ledger
from domain.ledger.reader import frames
from domain.moments import days, from_days, parse_date
from simulation import Planted, Sought

Row = dict[str, Any]

_LATE = 2 * 3_600_000_000
"""Between the taking and the saving of a register, by the school's own word."""

_SEALED = ("salt", "sealed_key", "sealed", "sealed_hash")
_IN_REGISTERS = (
    *("MarkRecorded", "MarkForeseen", "MarkAmended", "MarkWithdrawn", "OlderEntryLearned"),
    *("ProviderAttendanceReported", "EngagementReported"),
)
_BY_KIND = (
    *("PupilEntered", "PupilDeleted", "LeavingStated", "SessionCancelled", "InputHeld", "InputResolved"),
    *("PlaceSucceeded", "IdentitiesMerged"),
)
"""What the finders below look at beside what a planted thing names."""


def _day(text: Any) -> int | None:
    """Days since 1970 of a date as messages write it; None for one that is impossible."""
    found = parse_date(text) if isinstance(text, str) else None
    return None if found is None else days(found)


def _columns(ledger: Ledger, topics: Sequence[str], columns: Sequence[str] | None = None) -> Iterator[Any]:
    yield from frames(ledger.store, 1, ledger.store.head()[0], topics=topics, columns=columns)


def _opened(ledger: Ledger, rows: pl.DataFrame) -> Iterator[tuple[Row, Row]]:
    """Rows of a frame, each with the text of its sealed part."""
    keys = ledger.keys.get_many({key for key in rows["sealed_key"] if key is not None})
    for row in rows.iter_rows(named=True):
        key = keys.get(row["sealed_key"])
        yield row, {} if key is None else open_part(row, key)


def everything(ledger: Ledger, topic: str) -> list[Row]:
    """Every entry of a topic."""
    return [row for _, _, frame in _columns(ledger, [topic]) for row in frame.iter_rows(named=True)]


class Who:
    """Which children, lines and places planted things are about."""

    def __init__(self, ledger: Ledger, planted: Sequence[Planted]) -> None:
        wanted = {mis for one in planted for mis in one.pupils}
        self.pupils: dict[str, str] = {}
        """The child's stream, by the id that a MIS gave it (the made-up ones are each given once)."""
        self.lines: dict[str, set[str]] = defaultdict(set)
        """The lines of a child, by its stream."""
        self.places: dict[str, bytes] = {}
        """By LAESTAB (the first of that name), URN, and a provider's own id."""
        for _, _, frame in _columns(ledger, ["LocalIdGiven"], ("stream", *_SEALED)):
            for row, text in _opened(ledger, frame):
                if text["mis_pupil"] in wanted:
                    self.pupils[text["mis_pupil"]] = row["stream"]
        children = pl.Series(sorted(set(self.pupils.values())), dtype=pl.String)
        for _, _, frame in _columns(ledger, ["LineOpened"], ("stream", *_SEALED)):
            for row, text in _opened(ledger, frame.filter(pl.col("stream").is_in(children.implode()))):
                self.lines[row["stream"]].add(text["line"].hex())
        for _, _, frame in _columns(ledger, ["PlaceDescribed"]):
            for row in frame.sort("position").iter_rows(named=True):
                for name in (row["laestab"], row["urn"], row["local_id"]):
                    if name is not None:
                        self.places.setdefault(name, row["place"])

    def ids(self, mis: str) -> set[str]:
        """What leads to a child: its stream and its lines."""
        child = self.pupils.get(mis)
        return set() if child is None else {child, *self.lines[child]}


def act(ledger: Ledger, planted: Sequence[Planted], who: Who) -> int:
    """Carry out what only a person may: identities merged, places succeeded. Answers how many."""
    done = 0
    for one in planted:
        if one.expect["becomes"] == "merged":
            pupil, other = (bytes.fromhex(who.pupils[mis].removeprefix("pupil/")) for mis in one.pupils)
            said = carry_out(ledger, MergeIdentities(pupil=pupil, other_pupil=other, basis="school_confirms"))
        elif one.expect["becomes"] == "succeeded":
            old, new = (who.places[str(one.expect[name])] for name in ("old_urn", "new_urn"))
            on = from_days(_day(one.expect["on"]) or 0)
            said = carry_out(
                ledger,
                SucceedPlace(
                    old_place=old,
                    new_place=new,
                    on=on,
                    kind="academy_conversion",
                    registers_move=True,
                    custody_with=new,
                ),
            )
        else:
            continue
        assert isinstance(said, Done), said
        done += 1
    return done


class Finder:
    """The entries about planted things, as the ledger holds them."""

    def __init__(self, ledger: Ledger, planted: Sequence[Planted], who: Who) -> None:
        self.ledger = ledger
        self.who = who
        self.counts: Counter[str] = Counter()
        """Planted things found, by kind."""
        self._about: dict[tuple[str, str], list[Row]] = defaultdict(list)
        """Rows by topic and by what they are about: a line, a child's stream, a register's stream, a message."""
        self._all: dict[str, list[Row]] = defaultdict(list)
        self._messages = {message for one in planted for message in one.messages}
        self._ids = {found for one in planted for mis in one.pupils for found in who.ids(mis)}
        self._closed = {
            f"attendance-register/{who.places[one.place].hex()}/{one.date}/{session}"
            for one in planted
            if one.expect["becomes"] == "cancelled"
            for session in ("AM", "PM")
        }
        topics = {sought.topic for one in planted for sought in one.events} | set(_BY_KIND)
        self._read_headers()
        for topic in sorted(topics - set(_IN_REGISTERS) - {"EntriesReceived"}):
            self._read(topic)
        for topic in _IN_REGISTERS:
            self._read_register(topic)

    # --- reading

    def _read_headers(self) -> None:
        wanted = _bytes_of(self._messages)
        self._headers: dict[tuple[str, int], Row] = {}
        for topic, _, frame in _columns(self.ledger, ["EntriesReceived"]):
            for row in frame.filter(pl.col("message").is_in(wanted.implode())).iter_rows(named=True):
                self._headers[row["stream"], row["version"]] = row
                self._put(topic, row, (row["message"].hex(), row["stream"]))

    def _read(self, topic: str) -> None:
        messages, ids = _bytes_of(self._messages), pl.Series(sorted(self._ids), dtype=pl.String)
        lines = _bytes_of(one for one in self._ids if "/" not in one)
        for _, _, frame in _columns(self.ledger, [topic]):
            wanted = pl.col("stream").is_in(ids.implode()) | pl.col("stream").str.slice(-32).is_in(ids.implode())
            if "message" in frame.columns:
                wanted |= pl.col("message").is_in(messages.implode())
            if "line" in frame.columns:
                wanted |= pl.col("line").is_in(lines.implode())
            small = topic in ("InputHeld", "InputResolved", "PlaceSucceeded", "SessionCancelled")
            for row in (frame if small else frame.filter(wanted)).iter_rows(named=True):
                about = {row["stream"], row["stream"][-32:]}
                about.update(row[name].hex() for name in ("line", "message") if row.get(name) is not None)
                self._put(topic, row, about)

    def _read_register(self, topic: str) -> None:
        lines = _bytes_of(one for one in self._ids if "/" not in one)
        streams = pl.Series(sorted(self._closed), dtype=pl.String)
        headers = pl.DataFrame(sorted(self._headers), schema={"stream": pl.String, "header": pl.Int32}, orient="row")
        for _, _, frame in _columns(self.ledger, [topic]):
            wanted = pl.col("line").is_in(lines.implode()) | pl.col("stream").is_in(streams.implode())
            told = frame.join(headers, on=["stream", "header"], how="semi")
            for row in pl.concat([frame.filter(wanted), told]).unique("position").iter_rows(named=True):
                header = self._headers.get((row["stream"], row["header"]))
                about = {row["line"].hex()} | ({row["stream"]} if row["stream"] in self._closed else set())
                if header is not None:
                    about.add(header["message"].hex())
                    row["came_by"] = header["how"]
                self._put(topic, row, about)

    def _put(self, topic: str, row: Row, about: Iterable[str]) -> None:
        self._all[topic].append(row)
        for one in about:
            self._about[topic, one].append(row)

    # --- asking

    def rows(self, topic: str, about: Iterable[str]) -> list[Row]:
        """The rows of a topic about any of these, in order."""
        found = {row["position"]: row for one in about for row in self._about.get((topic, one), ())}
        return [found[position] for position in sorted(found)]

    def by_message(self, topic: str, one: Planted) -> list[Row]:
        """The rows of a topic that a planted thing's messages brought."""
        return self.rows(topic, one.messages)

    def of_its_pupils(self, one: Planted, rows: Iterable[Row]) -> list[Row]:
        """Those of the rows that are about the pupils on whom it was planted."""
        ids = {found for mis in one.pupils for found in self.who.ids(mis)}
        return [row for row in rows if row["line"].hex() in ids]

    def chain(self, mis: str, date: str | None, session: str | None) -> list[tuple[str, Row]]:
        """The entries of a pupil's session, in order."""
        day = _day(date)
        found = [
            (row["position"], topic, row)
            for topic in _IN_REGISTERS[:5]
            for row in self.rows(topic, self.who.ids(mis))
            if row["date"] == day and row["session"] == session
        ]
        return [(topic, row) for _, topic, row in sorted(found, key=lambda entry: entry[0])]

    def current(self, one: Planted) -> str | None:
        """The code that stands at the end in the session of the last of the pupils."""
        stands: str | None = None
        for topic, row in self.chain(one.pupils[-1], one.date, one.session):
            if topic in ("MarkRecorded", "MarkAmended"):
                stands = row["code" if topic == "MarkRecorded" else "new"]
            elif topic == "MarkWithdrawn":
                stands = None
        return stands

    def missing(self, planted: Sequence[Planted]) -> list[str]:
        """What was planted and is not there, each as a sentence."""
        said = []
        for one in planted:
            wrong = self._wrong_with(one)
            if not wrong:
                self.counts[one.kind] += 1
            said += [f"{one.kind} at {one.place} on {one.date}: {what} ({one.sentence})" for what in wrong]
        return said

    def _wrong_with(self, one: Planted) -> list[str]:
        wrong = [
            f"{sought.topic} {dict(sought.fields)} was found {count} times, not {sought.times}"
            for sought in one.events
            if (count := self._count(one, sought)) < sought.times or (count > sought.times and sought.times != 1)
        ]
        wrong += _FINDERS[str(one.expect["becomes"])](self, one)
        if "current" in one.expect and one.pupils and one.kind != "settings_change":
            stands = self.current(one)
            if stands != one.expect["current"]:
                wrong.append(f"{stands!r} stands, not {one.expect['current']!r}")
        return wrong

    def _count(self, one: Planted, sought: Sought) -> int:
        ids = None if sought.pupil is None else self.who.ids(one.pupils[sought.pupil])
        message = None if sought.message is None else one.messages[sought.message]
        rows = self.rows(sought.topic, [message] if ids is None and message is not None else ids or ())
        if message is not None:
            by = {row["position"] for row in self.rows(sought.topic, [message])}
            rows = [row for row in rows if row["position"] in by]
        rows = [row for row in rows if all(_same(row.get(name), value) for name, value in sought.fields.items())]
        if not sought.text or not rows:
            return len(rows)
        opened = _opened(self.ledger, pl.DataFrame([{name: row[name] for name in _SEALED} for row in rows]))
        return sum(all(_same(text.get(name), value) for name, value in sought.text.items()) for _, text in opened)


def _bytes_of(ids: Iterable[str]) -> pl.Series:
    return pl.Series([bytes.fromhex(one) for one in sorted(ids)], dtype=pl.Binary)


def _same(stored: Any, said: Any) -> bool:
    """A stored value beside one as messages write it."""
    if isinstance(stored, bytes):
        return bool(stored.hex() == said)
    if isinstance(stored, int) and isinstance(said, str):
        return stored == _day(said)
    return bool(stored == said)


# --- what became of what was planted before any of its events were named


def _fails(**checks: tuple[Any, Any]) -> list[str]:
    return [f"{name} is {found!r}, not {wanted!r}" for name, (found, wanted) in checks.items() if found != wanted]


def _mark(found: Finder, one: Planted) -> list[str]:
    if not one.pupils:
        return _class_kept(found, one)
    chain = found.chain(one.pupils[-1], one.date, one.session)
    wrong = _older(found, one) if "older" in one.expect else []
    if "code_sent" in one.expect:
        wrong += _fails(code_sent=([row["code_sent"] for _, row in chain][-1:], [one.expect["code_sent"]]))
    return wrong + _fails(marks=([topic for topic, _ in chain].count("MarkRecorded"), 1))


def _class_kept(found: Finder, one: Planted) -> list[str]:
    headers = found.by_message("EntriesReceived", one)
    marks = len(found.by_message("MarkRecorded", one))
    media = [row["medium"] for row in headers]
    late = [row["said_at"] - row["opened_said"] > _LATE for row in headers]
    return _fails(marks=(marks, one.expect["rows"]), medium=(media, [one.expect["medium"]]), late=(late, [True]))


def _amendment(found: Finder, one: Planted) -> list[str]:
    made = found.by_message("MarkAmended", one)
    if one.kind != "settings_change":  # which amends marks of others as well
        made = found.of_its_pupils(one, made)
    same: dict[str, tuple[Any, Any]] = {
        name: ({row[name] for row in made}, {one.expect[name]}) for name in ("cause",) if name in one.expect
    }
    if "operation" in one.expect:
        same["operation"] = ({row["operation"].hex() for row in made}, {one.expect["operation"]})
    if "reason_state" in one.expect:
        same["reason_state"] = ({row["reason_state"] for row in made}, {one.expect["reason_state"]})
    same["original"] = (made[0]["original"] if made else None, one.expect["original"])
    return _fails(amendments=(len(made), one.expect["rows"]), **same)


def _withdrawal(found: Finder, one: Planted) -> list[str]:
    made = found.of_its_pupils(one, found.by_message("MarkWithdrawn", one))
    return _fails(withdrawals=(len(made), one.expect["rows"]), how=({row["how"] for row in made}, {one.expect["how"]}))


def _foreseen(found: Finder, one: Planted) -> list[str]:
    return _fails(foreseen=(len(found.by_message("MarkForeseen", one)), one.expect["rows"]))


def _older(found: Finder, one: Planted) -> list[str]:
    older = [row["code"] for t, row in found.chain(one.pupils[-1], one.date, one.session) if t == "OlderEntryLearned"]
    return _fails(older=(one.expect["older"] in older, True))


def _duplicate(found: Finder, one: Planted) -> list[str]:
    headers = Counter(row["message"].hex() for row in found.by_message("EntriesReceived", one))
    wanted = [1] + [0] * (len(one.messages) - 1)
    return _fails(headers=([headers[message] for message in one.messages], wanted))


def _held(found: Finder, one: Planted) -> list[str]:
    rule = one.expect["rule"]
    held = [row for row in found._all["InputHeld"] if row["rule"] == rule]
    if rule != "g1":  # what cannot be read names no message
        held = [row for row in held if row["message"] is not None and row["message"].hex() == one.messages[-1]]
    resolved = {row["held"] for row in found._all["InputResolved"]}
    waits = [row["rows"] for row in held if row["held"] not in resolved]
    return _fails(held=(waits, [one.expect["rows"]]))


def _replayed(found: Finder, one: Planted) -> list[str]:
    marks = [row for row in found.rows("MarkRecorded", found.who.ids(one.pupils[0])) if row.get("came_by") == "replay"]
    return _fails(replayed=(len(marks), one.expect["rows"]))


def _nothing(found: Finder, one: Planted) -> list[str]:
    if one.kind != "closure_rows":
        return _fails(
            marks=([topic for topic, _ in found.chain(one.pupils[-1], one.date, one.session)], ["MarkRecorded"])
        )
    place = found.who.places[one.place].hex()
    made = found.ledger.store.stream_names(f"attendance-register/{place}/{one.date}/")
    return _fails(registers=(made, []))


def _entered(found: Finder, one: Planted) -> list[str]:
    entered = found.by_message("PupilEntered", one)
    child = found.who.ids(one.pupils[-1])
    wrong = _fails(entered=(len(found.rows("PupilEntered", child)) > 0 and len(entered) > 0, True))
    if "starting_day" in one.expect:
        wrong += _fails(starting_day=(entered[-1]["starting_day"], _day(one.expect["starting_day"])))
    return wrong + _fails(children=(len({found.who.pupils.get(mis) for mis in one.pupils}), 1))


def _deleted(found: Finder, one: Planted) -> list[str]:
    made = [(row["left_on"], row["deleted_on"]) for row in found.rows("PupilDeleted", found.who.ids(one.pupils[0]))]
    return _fails(deleted=(made, [(_day(one.expect["left_on"]), _day(one.expect["deleted_on"]))]))


def _leaving(found: Finder, one: Planted) -> list[str]:
    stated = {row["leaving_on"] for row in found.rows("LeavingStated", found.who.ids(one.pupils[0]))}
    return _deleted(found, one) + _fails(leaving=(stated, {_day(one.expect["left_on"])}))


def _cancelled(found: Finder, one: Planted) -> list[str]:
    place, day = found.who.places[one.place].hex(), _day(one.date)
    cancelled = [
        row for row in found._all["SessionCancelled"] if row["stream"] == f"place/{place}" and row["date"] == day
    ]
    registers = {stream for stream in found._closed if f"/{place}/{one.date}/" in stream}
    stands: dict[tuple[bytes, str], str] = {}
    for topic, name in (("MarkRecorded", "code"), ("MarkAmended", "new")):
        for row in found.rows(topic, registers):
            stands[row["line"], row["session"]] = row[name]
    said = Counter(stands.values())
    return _fails(cancelled=(len(cancelled), 2), marks=(dict(said), {"Y4": 2 * int(one.expect["roll"] or 0)}))


def _events(_: Finder, one: Planted) -> list[str]:
    return [] if one.events else ["no event is named that would show it"]


def _merged(found: Finder, one: Planted) -> list[str]:
    stays, other = (found.who.pupils.get(mis, "") for mis in one.pupils)
    merged = [row["other_pupil"].hex() for row in found.rows("IdentitiesMerged", [stays])]
    apart = len(found.who.lines[stays]) >= 1 and len(found.who.lines[other]) >= 1
    return _fails(merged=(merged, [other.removeprefix("pupil/")]), lines_of_both=(apart and stays != other, True))


def _succeeded(found: Finder, one: Planted) -> list[str]:
    old, new = (found.who.places[str(one.expect[name])] for name in ("old_urn", "new_urn"))
    made = [(row["old_place"], row["new_place"], row["on"]) for row in found._all["PlaceSucceeded"]]
    return _fails(succeeded=((old, new, _day(one.expect["on"])) in made, True))


_FINDERS: Mapping[str, Callable[[Finder, Planted], list[str]]] = {
    "mark": _mark,
    "amendment": _amendment,
    "withdrawal": _withdrawal,
    "foreseen": _foreseen,
    "older": _older,
    "duplicate": _duplicate,
    "held": _held,
    "replayed": _replayed,
    "nothing": _nothing,
    "entered": _entered,
    "deleted": _deleted,
    "leaving": _leaving,
    "cancelled": _cancelled,
    "events": _events,
    "merged": _merged,
    "succeeded": _succeeded,
}
"""By what it becomes."""
