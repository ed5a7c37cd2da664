"""Random weeks of a school office: what is keyed, day after day, by whom and how late; every message a real one.

Made to meet what answers depend on: absences that run, amendments, withdrawals, calendars told anew, leavers and
comers, boarders, and all of it out of order.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, NamedTuple

from hypothesis import strategies as st

from domain.ledger.commands import (
    AskForReturns,
    CloseAttendanceReturn,
    Command,
    Done,
    MakeReturns,
    MakeSetting,
    MergeIdentities,
    OneReturn,
    ReturnInterval,
    SicknessBelief,
    UndoMerge,
    carry_out,
)
from tests.making import NIGHTLY, PLACE, TERMS, School, moment
from tests.scenarios.arranging import part_time

CHILDREN = ("Ann", "Ben", "Cal")
COMERS = ("Dan", "Eve")
DAYS = tuple(str(date(2025, 9, 1) + timedelta(days=n)) for n in range(26) if n % 7 < 5)
SESSIONS = tuple(f"{day} {half}" for day in DAYS for half in ("AM", "PM"))
NUMBERS = ("B805200017129", "H801200001001", "B805200017129", "A805200017129", "none yet", "M80520001713A")
"""Of children, some of them wrong."""
ABSENT = ("G", "N", "O", "U", "O", "N")
CODES = ("/", "/", "I", "L", "B", "C", "D", "#", "Y4", "Q?", *ABSENT)


class Act(NamedTuple):
    """Something that an office does."""

    kind: str
    session: int
    days: int
    """How many days it spans, or how late it is."""
    who: int
    codes: tuple[str, ...]
    hours: int
    """Since the act before it."""


acts = st.lists(
    st.builds(
        Act,
        st.sampled_from(
            "takes takes takes spell spell changes changes changes removes foresees leaves enters closes reopens"
            " cancels terms boards year nightly describes part_time returned returned closes_return believes asks"
            " agrees sets numbers numbers joins".split()
        ),
        st.integers(0, len(SESSIONS) - 1),
        st.integers(1, 9),
        st.integers(0, 4),
        st.tuples(*[st.sampled_from(CODES)] * 3),
        st.integers(0, 60),
    ),
    min_size=3,
    max_size=7,
)


class Office:
    """A school's office, and the hour that its clock shows."""

    def __init__(self, school: School) -> None:
        self.school = school
        self._hour = 24

    def does(self, *story: Act) -> None:
        """One act after another."""
        for act in story:
            self._hour += act.hours
            do(self.school, act, _when(self._hour))


def _when(hour: int) -> str:
    day = date(2025, 8, 31) + timedelta(days=hour // 24)
    return f"{day} {hour % 24:02d}:15"


def do(school: School, act: Act, at: str) -> None:
    """One act, at a moment."""
    when = SESSIONS[act.session]
    day = when.split()[0]
    name = (*CHILDREN, *COMERS)[act.who]
    child = CHILDREN[act.who % 3]
    until = str(date.fromisoformat(day) + timedelta(days=act.days))
    match act.kind:
        case "takes":
            school.takes("7B", when, at, **dict(zip(CHILDREN, act.codes, strict=True)))
        case "spell":
            code = ABSENT[act.session % len(ABSENT)]
            spell = {s: {child: code} for s in SESSIONS[act.session : act.session + 2 * act.days]}
            school.snapshot(day, until, at, spell, whole=False)
        case "changes":
            who: dict[str, Any] = {child: act.codes[0]}
            school.changes(when, at, by="K", reason="As we now know." if act.days % 2 else None, **who)
        case "removes":
            school.removes(when, at, child)
        case "foresees":
            school.foresees(when, at, **{child: act.codes[0]})
        case "leaves":
            school.leaves(name, day, at)
        case "enters":
            school.enters(name, at=at, starting_day=day, birth_date=f"20{9 + act.days % 8:02d}-05-0{act.days}")
        case "closes":
            school.plans(at, closures=[(day, min(until, DAYS[-1]), "inset")])
        case "reopens":
            school.plans(at, closures=[], whole=True)
        case "cancels":
            said = {"date": day, "session": when.split()[1], "whole": True, "why": "weather"}
            school.says("ClosureStated", at, reversed=act.days % 3 == 0, reason="Snow.", **said)
        case "terms":
            moved = [("autumn1", "202526", DAYS[act.days % 4], "2025-10-24"), *TERMS[1:]]
            school.plans(at, terms=moved)
        case "boards":
            school.enters(child, at=at, boarder="boarder" if act.days % 2 else "no", boarder_from=day)
        case "year":
            school.enters(child, at=at, nc_year=act.days, birth_date=f"201{act.days % 5}-03-01")
        case "nightly":
            school.takes("7B", when, at, source=NIGHTLY, said=None, by=None, **{child: act.codes[1]})
        case "describes":
            school.describes_place(at, phase=("secondary", "special", "primary")[act.days % 3], name=PLACE["name"])
        case "returned" | "closes_return" | "believes" | "asks" | "agrees" | "sets":
            says(school, _command(school, act, child, date.fromisoformat(day), date.fromisoformat(until)), at)
        case "numbers":
            upn = NUMBERS[act.days % len(NUMBERS)]
            former = NUMBERS[act.session % len(NUMBERS)] if act.days > len(NUMBERS) else None
            school.enters(name, at=at, upn=upn, former_upn=former)
        case "joins":
            _joins(school, act, at)
        case "part_time":
            part_time(school, at, child, "started", f"{day} to {until}", purpose="transition")


def says(school: School, command: Command, at: str) -> None:
    """Something that a person says at the console, unless it was said before in the same words."""
    answer = carry_out(school.ledger, command, moment(at))
    assert isinstance(answer, Done) or "already" in answer.sentence, answer


def _joins(school: School, act: Act, at: str) -> None:
    """Two identities become one child, or the last ones to become so are parted."""
    merges, pupils = school.entries("IdentitiesMerged"), [e["pupil"] for e in school.entries("PupilIdentified")]
    parted = {said["merge"] for said in school.entries("IdentityMergeUndone")}
    if merges and merges[-1].position not in parted and act.days % 2:
        command: Command = UndoMerge(merge=merges[-1].position, reason="Not one child.")
    else:
        stays, other = pupils[act.who % len(pupils)], pupils[(act.who + 1) % len(pupils)]
        command = MergeIdentities(pupil=stays, other_pupil=other, basis="school_confirms")
    says(school, command, at)


def _command(school: School, act: Act, child: str, first: date, last: date) -> Command:
    """A return, or what the returns depend on."""
    (line, *_) = [line for line, name in school.name_of().items() if name == child]
    place = school.entries("PlaceDescribed")[0]["place"]
    position = school.head
    match act.kind:
        case "returned":
            kinds = ("attendance", "attendance", "sickness", "sickness", "new_pupil", "deletion", "attendance")
            limbs = ("p7a", "p7b", "p9_total", "p9_consecutive", "none", "none", "none")
            at = act.session % len(kinds)
            of_run: dict[str, Any] = {} if limbs[at] == "none" else {"run_from": first, "run_days": act.days}
            one = OneReturn.model_validate({"line": line, "limb": limbs[at], "content": b"As sent.", **of_run})
            said = {"place": place, "kind": kinds[at], "returns": (one,), "computed_at": position}
            return MakeReturns.model_validate({**said, "definition": bytes(32)})
        case "closes_return":
            return CloseAttendanceReturn(place=place, from_day=first, to=last, pupils=act.days % 2)
        case "believes":
            until = last if act.days % 2 else None
            limb = "total_15" if act.days % 3 else "consecutive_15"
            said = {"place": place, "line": line, "limb": limb, "on": first, "expected_until": until}
            return SicknessBelief.model_validate(said)
        case "asks":
            kind = "new_pupil" if act.days % 2 else "deletion"
            return AskForReturns.model_validate({"place": place, "kind": kind, "asked_on": first})
        case "agrees":
            every = None if act.days % 3 == 0 else act.days
            return ReturnInterval(place=place, from_day=first, interval_days=every, termly=every is None)
        case _:
            names = ("attendance_return_interval_days", "sickness_prompt_days", "sickness_prompt_sessions")
            return MakeSetting(setting=names[act.days % 3], value=act.days, applies_from=first)
