"""A planted thing told day by day: what is said of a pupil, when, and which events must come of it.

One maker for whatever has the shape "a school says this on one day and that on another": each message and each mark is
told together with the events that it must leave in the ledger, so that the list and the file cannot part.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

from simulation.authority import Group, Place, Pupil
from simulation.messages import pupil_row
from simulation.school import Change, Day, School
from simulation.summary import Sought
from simulation.terms import HOUR, MINUTE, SECOND, midnight

if TYPE_CHECKING:
    from simulation.planted.planter import Planter


class Story:
    """What happens to a pupil of a class in the days from a first one on. `done` puts it on the list."""

    def __init__(
        self, planter: Planter, school: School, kind: str, sentence: str, spot: tuple[Pupil, Group, int]
    ) -> None:
        self.planter = planter
        self.school = school
        self.kind = kind
        self.sentence = sentence
        self.pupil, self.group, self.index = spot
        self.pupils = [self.pupil]
        self.sought: list[Sought] = []
        self.messages: list[bytes] = []

    def day(self, n: int) -> date:
        """The n-th school day of the story."""
        return self.school.days[self.index + n]

    def on(self, n: int) -> str:
        """The same as messages write it."""
        return self.day(n).isoformat()

    def at(self, n: int, clock: str) -> int:
        """A local time of that day, within five minutes."""
        hours, minutes = clock.split(":")
        return (
            midnight(self.day(n)) + int(hours) * HOUR + int(minutes) * MINUTE + self.planter.rng.randrange(5 * MINUTE)
        )

    @property
    def head(self) -> str | None:
        """Who decides, as far as this source carries persons."""
        return self.school.place.staff[0].user_id if self.school.place.profile.carries_person else None

    @property
    def officer(self) -> str | None:
        """Who keys it, as far as this source carries persons."""
        return self.school.place.officer if self.school.place.profile.carries_person else None

    def says(
        self, n: int, clock: str, name: str, fields: Mapping[str, Any], *sought: Sought, by: Place | None = None
    ) -> None:
        """A message of the school (or of another place), and what it leaves in the ledger."""
        self.messages.append(self.planter.post.state(name, by or self.school.place, self.at(n, clock), fields))
        self.expects(*sought)

    def expects(self, *sought: Sought) -> None:
        """Events that the last message leaves."""
        self.sought += [replace(one, message=len(self.messages) - 1) for one in sought]

    def finds(self, *sought: Sought) -> None:
        """Events that come of no message of this story."""
        self.sought += sought

    def states(self, n: int, clock: str, *sought: Sought, **more: Any) -> None:
        """PupilsStated of one row; `pupil=` where it is not about the story's own."""
        pupil = more.pop("pupil", self.pupil)
        row = pupil_row(pupil, self.group.name, **{"by": self.officer, **more})
        self.says(n, clock, "PupilsStated", {"whole": False, "pupils": [row]}, *sought)

    def arranges(self, n: int, clock: str, what: str, *sought: Sought, **block: Any) -> None:
        """ArrangementStated of one row."""
        row = {**self.who, "local_id": f"{self.kind}-{self.pupil.mis}", "what": what, "by": self.officer, **block}
        self.says(n, clock, "ArrangementStated", {"arrangements": [row]}, *sought)

    @property
    def who(self) -> dict[str, str | None]:
        """How a row names the pupil."""
        return {"mis_pupil": self.pupil.mis, "upn": self.pupil.upn}

    def marks(self, n: int, session: str, code: str, *, pupil: int = 0, detail: dict[str, Any] | None = None) -> None:
        """What the class's register says of a pupil in a session; an empty code: nothing."""
        child = self.pupils[pupil]

        def apply(today: Day) -> None:
            today.of(self.group, session).put(child, code, detail)

        self.planter.after(self.school, self.index + n, apply)
        if code:
            fields = {"date": self.on(n), "session": session, "code": code}
            self.finds(Sought("MarkRecorded", fields, pupil=pupil))

    def changes(self, n: int, clock: str, session: str, old: str, new: str, why: tuple[str, str]) -> None:
        """The mark of that day is changed on the day itself."""
        change = Change(self.day(n), session, self.pupil.mis, old, new, why)
        self.messages.append(self.school.change([change], self.at(n, clock)))
        fields = {"date": self.on(n), "session": session, "original": old, "new": new}
        self.expects(Sought("MarkAmended", fields))

    def comes(self, n: int, *pupils: Pupil) -> None:
        """From this day on the class's registers name them."""
        self.planter.before(self.school, self.index + n, lambda _: self.group.pupils.extend(pupils))

    def goes(self, n: int, pupil: Pupil | None = None) -> None:
        """From this day on they do not."""
        if self.index + n < len(self.school.days):
            gone = pupil or self.pupil
            self.planter.before(self.school, self.index + n, lambda _: self.group.pupils.remove(gone))

    def leaves(self, n: int, clock: str, *sought: Sought) -> None:
        """PupilLeft, keyed on the last day."""
        at = self.at(n, clock)
        row = {
            **self.who,
            "leaving_on": self.on(n),
            "deleted_on": self.on(n),
            "ground": "r9_1a" if self.school.place.profile.carries_reason else None,
            "destination": "school",
            "by": self.officer,
            "said_at": at if self.school.place.profile.carries_entry_time else None,
        }
        self.messages.append(self.school.post.state("PupilLeft", self.school.place, at + SECOND, {"leavers": [row]}))
        self.expects(*sought)

    def done_by_register(self, **expect: Any) -> bool:
        """Put it on the list when the class's register of the first morning is made: that is the message."""

        def apply(today: Day) -> None:
            self.messages.append(today.of(self.group, "AM").message)
            self.done(**expect)

        self.planter.after(self.school, self.index, apply)
        return True

    def done(self, becomes: str = "events", **expect: Any) -> bool:
        """Put it on the list."""
        self.planter.note(
            self.kind,
            self.school,
            self.pupils,
            self.day(0),
            "AM",
            self.sentence,
            self.messages,
            becomes=becomes,
            rows=len(self.messages),
            events=tuple(self.sought),
            **expect,
        )
        return True
