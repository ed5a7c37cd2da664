"""Messages about arrangements: leave, part-time timetables, activities, placements, dual registration, evidence.

Each row counts once: as a statement if it said anything new, as a duplicate if not, or as held. Nothing is refused for
being told after it began; a word that is not known becomes *other* or *not said*, and stays as sent where a sealed text
has room for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, NamedTuple

from consumers.hearing import Hearing, day_of, meaning, pick
from consumers.registers import MOST_SIGNS, REASON_CODES, SESSIONS
from consumers.statements import count, hold_dates
from domain.admission_register.particulars import Saying
from domain.arrangement.arrangement import Arrangement, evolve, mis_value, stream_of
from domain.arrangement.decide import Said, becomes, decide, needs_one, overtaken_before, same_block
from domain.arrangement.kinds import KINDS, TOPICS, WORDS, Does
from domain.arrangement.words import ACTIVITY_CODES
from domain.events import NOBODY, Fields
from domain.ledger.arrangements import arrangements_of, carry_late_told, parent_of_line, place_of, whole_story
from domain.ledger.turning import turn_of_the_year
from domain.ledger.unit import Unit
from domain.moments import academic_year_of
from domain.place.place import Place

Row = Mapping[str, Any]

ROWS: Mapping[str, str] = {"ArrangementStated": "arrangements", "PlacementStated": "placements"}
"""Where each of these messages has its rows."""

DATES = frozenset(
    "from to ended_on amended_on asked_on decided_on agreed_on review_on planned_end la_told_on held_on next_on"
    " approved_on consent_on received_on covers_from covers_to".split()
)
BOUNDS: Mapping[str, int] = MappingProxyType(
    {
        "due_mask": (1 << 14) - 1,
        **dict.fromkeys(("am_from", "am_to", "pm_from", "pm_to"), 24 * 60),
        **dict.fromkeys(("minutes_week", "minutes_without_parent"), 7 * 24 * 60),
    }
)
"""Numbers that can exist go from 0 to these."""
TEXTS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "leave": {"purpose": "purpose_text", "reasoning": "reasoning", "licence_reference": "licence_reference"},
        "part_time": {"circumstances": "circumstances"},
        "activity": {"nature": "nature_text", "place_name": "setting_name"},
        "placement": {
            "plan_section": "plan_section",
            "objectives": "objectives",
            "address": "address",
            "place_name": "setting_name",
        },
        "dual_registration": {"other_place_name": "other_name"},
        "evidence": {"text": "text"},
    }
)
"""By kind: the sealed text, and the field of a message that it comes from."""


class _Spoken(NamedTuple):
    """One row, taken apart."""

    number: int
    row: Row
    kind: str
    own: Row
    dates: Mapping[str, int | None]

    @property
    def what(self) -> str:
        return str(self.row["what"])

    @property
    def begins(self) -> int | None:
        """The day by which it is known, if the row names one."""
        return self.dates.get("from" if KINDS[self.kind].spans else "received_on")

    def day(self, said_on: int) -> int:
        """The day of which the row speaks."""
        named = (self.begins, self.dates.get("ended_on"), self.dates.get("held_on"))
        return next((day for day in named if day is not None), said_on)


def hear_arrangements(hearing: Hearing) -> None:
    """ArrangementStated, PlacementStated."""
    rows = hearing.message[ROWS[hearing.schema.name]]
    place = hearing.known_place(hearing.today, tuple(range(len(rows))))
    if place is None:
        return
    for number, row in enumerate(rows):
        spoken = _taken_apart(hearing, place, number, row)
        if spoken is not None:
            _arrangement(hearing, place, spoken)


def _taken_apart(hearing: Hearing, place: Place, number: int, row: Row) -> _Spoken | None:
    """A row's kind and dates; None where it speaks of none, of several, or of what cannot exist: held (g4)."""

    def held(sentence: str) -> None:
        hearing.taken.hold("g4", (number,), f"Row {number + 1}: {sentence}", place.id)

    if hearing.schema.name == "PlacementStated":
        blocks = {"placement": row}
    else:
        blocks = {name: row[name] for name in KINDS if row.get(name) is not None}
    if len(blocks) != 1:
        held("it is of no kind of arrangement, or of several at once; send a row for each.")
        return None
    kind, own = next(iter(blocks.items()))
    if row["what"] not in KINDS[kind].says:
        held(f"what it says of its arrangement is none of {', '.join(KINDS[kind].says)}; send it again.")
        return None
    both = {**own, **row}
    dates = {name: day_of(both[name]) for name in DATES if both.get(name)}
    first, last = dates.get("from"), dates.get("to")
    impossible = (
        None in dates.values()
        or (first is not None and last is not None and last < first)
        or any(both.get(name) not in (None, *SESSIONS) for name in ("from_session", "to_session", "ended_session"))
        or any(not 0 <= (both.get(name) or 0) <= most for name, most in BOUNDS.items())
    )
    if impossible or len(own.get("code") or "") > MOST_SIGNS:
        hold_dates(hearing, (number,), place.id)
        return None
    spoken = _Spoken(number, row, kind, own, dates)
    does = TOPICS[KINDS[kind].says[row["what"]]].does
    ends_when = does is Does.ENDS and kind != "leave" and dates.get("ended_on") is None
    received_when = kind == "evidence" and dates.get("received_on") is None
    if ends_when or received_when or (does is Does.REVIEWS and dates.get("held_on") is None):
        held("it names no day on which this was; send it again.")
        return None
    if kind == "activity" and does in (Does.STATES, Does.CHANGES, Does.CORRECTS):
        code = meaning(place, hearing.source, own["code"], spoken.day(hearing.said_on)).code
        if code not in ACTIVITY_CODES:
            held("an approved activity is recorded as B, P, W or V, and its code is none of them; send it again.")
            return None
    return spoken


def _arrangement(hearing: Hearing, place: Place, spoken: _Spoken) -> None:
    """One row: whose it is, which arrangement, what is new in it."""
    unit, number = hearing.unit, spoken.number
    day = spoken.day(hearing.said_on)
    year = academic_year_of(day)
    # Where the first half term is known the lines go on when it begins: who leaves on 31 August is still here until
    # then, whatever is said of somebody's arrangement in August.
    if year == academic_year_of(hearing.today) and day <= hearing.heard_on and place.first_day_of(year) is None:
        turn_of_the_year(unit, place.id, day)
    pupil = hearing.pupil_called(spoken.row["mis_pupil"], spoken.row["upn"])
    line = None if pupil is None else _line_on(hearing, place, pupil, day)
    if pupil is None or line is None:
        hearing.hold_unknown((number,), hearing.odd_number(spoken.row), place.id)
        return
    said = _said(hearing, place, spoken, pupil)
    story = _known(hearing, place, pupil, line, spoken, said)
    if not story and needs_one(said):
        hearing.taken.hold(
            "g5",
            (number,),
            f"Row {number + 1}: the arrangement that it calls {spoken.what} is not in the ledger, or there are several "
            "that it may mean; send how it began, or name it by its id or its first day, or dismiss it.",
            place.id,
        )
        return
    if not story and spoken.begins is None:
        sentence = f"Row {number + 1}: it names no day on which its arrangement began; send it again."
        hearing.taken.hold("g4", (number,), sentence, place.id)
        return
    saying = Saying(hearing.origin, NOBODY, hearing.today, place.carries(hearing.source, "reason"))
    parts = _told_of(hearing, place, pupil, line, spoken, story, said)
    new = [part for part in parts if becomes(part[0], part[2], saying) is not None]
    if new:  # who made an entry is named at their first entry of a school year, not where there is none
        saying = saying._replace(person=hearing.person(place.id, spoken.row["by"]))
    for state, home, told in new:
        unit.record(decide(state, state.line or line, home, told, saying), evolve, state)
        carry_late_told(unit, home, pupil, state)
    count(hearing, bool(new))


def _line_on(hearing: Hearing, place: Place, pupil: bytes, day: int) -> bytes | None:
    """The line of the school year of a day; if there is none (not yet, or not here), the line of today's register."""
    for year in (academic_year_of(day), place.school_year_on(hearing.said_on), place.school_year_on(hearing.today)):
        found = pick(hearing.unit.stays(place.id, year, pupil), day)
        if found is not None:
            return found
    return None


def _known(hearing: Hearing, place: Place, pupil: bytes, line: bytes, spoken: _Spoken, said: Said) -> list[Arrangement]:
    """The arrangement of which a row speaks, over the school years; empty if the ledger holds none, or cannot tell.

    By the sender's id of it, if that is this child's; else by line, kind and first day.
    """
    unit, local_id = hearing.unit, spoken.row["local_id"]
    child = unit.same_child(pupil)
    found: list[bytes] = []
    if local_id:
        for known in unit.find("mis_arrangement", hearing.source.hex(), mis_value(said.kind, local_id)):
            owner = unit.find("pupil_of_line", "", unit.arrangement(known.id).line.hex())
            if owner and owner[-1].id in child:
                found.append(known.id)
    if not found:
        here = [s for s in arrangements_of(unit, line) if s.kind_name == said.kind]
        here = [s for s in here if not (local_id and s.text.get("local_id"))]
        if spoken.begins is None:
            day = spoken.day(hearing.said_on)
            here = [s for s in here if s.holds_on(day) and s.ended is None]
            here = here if len(here) == 1 else []
        else:
            # After a conversion the line has what went on, and the school names the day on which it began before that.
            begun = [(s, _first_part(unit, s)) for s in here]
            here = [s if _is_the_one(s, said) else first for s, first in begun if _either(s, first, said)]
        found = [s.id for s in here[-1:]]
    story = whole_story(unit, found)
    return [s for s in story if place_of(unit, place.id, pupil, s.line) is not None]


def _first_part(unit: Unit, state: Arrangement) -> Arrangement:
    """The arrangement that this one goes on from, back to the first whose text can still be opened."""
    while (previous := state.text.get("previous")) is not None:
        state = unit.arrangement(previous)
    return state


def _either(state: Arrangement, first: Arrangement, said: Said) -> bool:
    return _is_the_one(state, said) or (first is not state and _is_the_one(first, said))


def _is_the_one(state: Arrangement, said: Said) -> bool:
    """True if a row without an id of its own speaks of this arrangement. A second letter of one day is another."""
    if not state.kind.spans and said.does is Does.STATES:
        return same_block(state, said)
    for name in state.kind.known_by:
        said_so, stands = said.block.get(name), state.block.get(name)
        if said_so != stands and not (name == "from_session" and None in (said_so, stands)):
            return False
    return True


def _told_of(
    hearing: Hearing, place: Place, pupil: bytes, line: bytes, spoken: _Spoken, story: list[Arrangement], said: Said
) -> list[tuple[Arrangement, bytes, Said]]:
    """What a row says of which part of the story, and at which place that part is: of the part that holds on the day
    of which it speaks.

    An end is also that of the parts that the ledger itself had carried on after it.
    """
    unit = hearing.unit
    states = story or [unit.arrangement(unit.new_id(stream_of))]
    homes = [place_of(unit, place.id, pupil, state.line) or place.id if state.version else place.id for state in states]
    # Each line calls a parent by an id of its own.
    of_each = [_with_parent(unit, home, s.line or line, said) for s, home in zip(states, homes, strict=True)]
    parts = list(zip(states, homes, of_each, strict=True))
    states_it = said.does in (Does.STATES, Does.CHANGES)
    if said.does is not Does.REVIEWS:
        sent_at, said_on = hearing.origin.sent_at, hearing.said_on
        parts = [p for n, p in enumerate(parts) if not overtaken_before(p[0], states[:n], sent_at, said_on)]
        states = [p[0] for p in parts]
    known = [part for part in parts[:-1] if states_it and same_block(part[0], part[2])]
    if known:
        return known[:1]
    last_day: int | None = said.block.get("to") if KINDS[said.kind].spans else None  # of evidence `to` says nothing
    day = spoken.day(hearing.said_on)
    if said.does in (Does.ENDS, Does.REVIEWS):
        day = next((d for name in ("ended_on", "held_on") if (d := spoken.dates.get(name)) is not None), day)
    if states_it:
        day = hearing.said_on if last_day is None else min(hearing.said_on, last_day)
    at = max((n for n, state in enumerate(states) if state.version and state.begins <= day), default=0)
    if said.does is Does.ENDS:
        return parts[at:]
    told = [parts[at]]
    if said.does is not Does.REVIEWS and last_day is not None:
        word = "withdrawn" if said.kind == "leave" else "ended"
        fields = TOPICS[KINDS[said.kind].says[word]].fields
        ending = {"ended_on": last_day, "why": "not_said"} | ({"outcome": "not_said"} if "outcome" in fields else {})
        ends = replace(said, what=word, ending=ending)
        told += [(state, home, ends) for state, home, _ in parts[at + 1 :] if state.begins > last_day]
    return told


def _with_parent(unit: Unit, home: bytes, line: bytes, said: Said) -> Said:
    named = said.block.get("parent")
    if named is None:
        return said
    return replace(said, block=said.block | {"parent": parent_of_line(unit, home, line, named)})


# --- a row in our words


def _said(hearing: Hearing, place: Place, spoken: _Spoken, pupil: bytes) -> Said:
    """A row's block, ending, review and text, each in the words that the schemas have."""
    row, own, kind, dates = spoken.row, spoken.own, spoken.kind, spoken.dates
    text: Fields = {name: own.get(sent) or None for name, sent in TEXTS[kind].items()}
    fields = {name: value for name, value in {**own, **row}.items() if name not in DATES} | dict(dates)
    for (of_kind, name), word in WORDS.items():
        if of_kind in ("", kind):
            sent = fields.get(name)
            fields[name] = word.unsaid if not sent else sent if sent in word.known else word.otherwise
            if sent and sent not in word.known and word.kept_in is not None:
                _keep(text, word.kept_in, name, sent)
    fields |= _ids(hearing, place, spoken, pupil, text)
    reason, reason_code = row["reason"], row["reason_code"]
    if reason_code is not None and reason_code not in REASON_CODES:
        reason_code, reason = "other", reason or reason_code
    return Said(
        kind=kind,
        what=spoken.what,
        block=fields,
        text=text | {"local_id": row["local_id"] or None},
        ending=fields,
        review=fields,
        amended_on=dates.get("amended_on"),
        reason=reason,
        reason_code=reason_code,
    )


def _keep(text: Fields, where: str, name: str, sent: str) -> None:
    """Keep a word that is not known, as it was sent, beside the sealed text."""
    text[where] = f"{text[where]} [{name}: {sent}]" if text.get(where) else f"[{name}: {sent}]"


def _ids(hearing: Hearing, place: Place, spoken: _Spoken, pupil: bytes, text: Fields) -> Fields:
    """The fields of a kind that are ids or codes: persons, places, a parent, what a code stands for."""
    own, unit = spoken.own, hearing.unit
    day = spoken.day(hearing.said_on)
    match spoken.kind:
        case "leave":
            raw = own["code"] or ""
            means = meaning(place, hearing.source, raw, day)
            if means.sent is not None and not means.code and not means.blank:
                _keep(text, "reasoning", "code", means.sent)
            return {"code": means.code, "decided_by": hearing.person(place.id, own["decided_by"]).by}
        case "part_time":
            named = own["mis_parent"]
            return {"parent": unit.pupil(pupil).parent_called(hearing.source, named, None) if named else None}
        case "activity":
            return {
                "place": _setting(hearing, own, "setting_", day),
                "code": meaning(place, hearing.source, own["code"], day).code,
                "approved_by": hearing.person(place.id, own["approved_by"]).by,
            }
        case "placement":
            authority = None
            if own["authority"]:
                authority = hearing.authority if unit.la_code(hearing.authority) == own["authority"] else None
                if authority is None:
                    _keep(text, "plan_section", "authority", own["authority"])
            return {"place": _setting(hearing, own, "setting_", day), "authority": authority}
        case "dual_registration":
            other = _setting(hearing, own, "other_", day, but=place.id)
            if own["main"] == "there" and other is None:
                _keep(text, "other_place_name", "main", own["main"])
            main = {"here": place.id, "there": other}.get(own["main"] or "")
            return {"other_place": other, "main_place": main}
        case _:
            return {}


def _setting(hearing: Hearing, own: Row, prefix: str, day: int, but: bytes | None = None) -> bytes | None:
    """The place that a row names, if this ledger knows it: by URN, LAESTAB, UKPRN or the source's own id.

    `but`: never this one, for an academy may keep the LAESTAB of the school that it was.
    """
    unit = hearing.unit
    known = hearing.place_called(own.get(f"{prefix}urn"), own.get(f"{prefix}laestab"), day)
    if known is None and own.get(f"{prefix}ukprn"):
        known = pick(unit.find("ukprn", "", own[f"{prefix}ukprn"]), day)
    if known is None and own.get(f"{prefix}local_id"):
        known = pick(unit.find("local_place", hearing.source.hex(), own[f"{prefix}local_id"]), day)
    return None if known == but else known


HEAR: Mapping[str, Callable[[Hearing], None]] = {
    "ArrangementStated": hear_arrangements,
    "PlacementStated": hear_arrangements,
}
"""Which of these hears which message."""
