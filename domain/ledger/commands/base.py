"""What every command is: a guarded value, said by somebody, recorded or refused with a sentence."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from enum import StrEnum
from typing import Annotated, Any, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from domain.events import NOBODY, Origin, Person
from domain.ledger.ledger import Ledger
from domain.ledger.unit import Unit
from domain.moments import days

CONSOLE = Origin()
"""Where a command comes from: a person, and no message."""
NO_PLACE = "There is no such place in the ledger; describe it first."
NO_PUPIL = "There is no such pupil in the ledger; the child is entered by a school first."
NO_LINE = "There is no such line on the admission register of this place."


class Names(StrEnum):
    """What an id in a command names, so that whoever fills it in can look the thing up by a number that people know."""

    PLACE = "place"
    PEOPLE_OF = "place or authority"
    """Whose people are meant: a place's, or the authority's own."""
    PUPIL = "pupil"
    LINE = "line"
    PERSON = "person"
    SOURCE = "source"
    PARENT = "parent"
    GROUP = "group"


_Sixteen = Field(min_length=16, max_length=16)
Id = Annotated[bytes, _Sixteen]
PlaceId = Annotated[bytes, _Sixteen, Names.PLACE]
PeopleId = Annotated[bytes, _Sixteen, Names.PEOPLE_OF]
PupilId = Annotated[bytes, _Sixteen, Names.PUPIL]
LineId = Annotated[bytes, _Sixteen, Names.LINE]
PersonId = Annotated[bytes, _Sixteen, Names.PERSON]
SourceId = Annotated[bytes, _Sixteen, Names.SOURCE]
ParentId = Annotated[bytes, _Sixteen, Names.PARENT]
GroupId = Annotated[bytes, _Sixteen, Names.GROUP]
Text = Annotated[str, Field(min_length=1, max_length=4_000)]
"""Of a person's own words."""
Version = Annotated[int, Field(ge=1)]


class Command(BaseModel):
    """What someone wants recorded. Refuses unknown members; `by` is a person of this ledger, if known."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    by: PersonId | None = Field(default=None, description="Who says it.")

    @property
    def said_by(self) -> Person:
        """Who says it."""
        return NOBODY if self.by is None else Person(self.by, "named")


class Done(NamedTuple):
    """The command was recorded."""

    first: int
    last: int
    """Positions of its entries; last < first: it said nothing new."""
    made: bytes | None = None
    """The id of what it made, if it made something that has one."""
    remark: str | None = None
    """What whoever said it should know, such as that a setting is weaker than the regulation."""


class Refused(NamedTuple):
    """The command was not recorded, and why."""

    sentence: str


class Made(NamedTuple):
    """What a command made has an id."""

    id: bytes


class Noted(NamedTuple):
    """Recorded, with a remark for whoever said it."""

    remark: str


Answer = Refused | Made | Noted | None
Handler = Callable[[Ledger, Unit, Any], Answer]
"""Decides one kind of command in a unit of work."""


def day(value: date | None) -> int | None:
    """A date as the ledger keeps it."""
    return None if value is None else days(value)
