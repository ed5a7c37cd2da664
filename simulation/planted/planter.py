"""Picking whom something is planted on, and the list of it.

A planter picks pupils that are otherwise in school, and a class and day that nothing else is planted in, so that what
should come of it can be said beforehand. What a place is too small, or the time too short, for, is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import date
from random import Random

from simulation.authority import Authority, Group, Pupil
from simulation.post import Post
from simulation.school import Day, School
from simulation.summary import Planted

_SHARE_RESERVED = 0.6
_MOST_RESERVED = 40
Spot = tuple[Pupil, Group, int]
"""A pupil, its class, and the index of a day."""


class Planter:
    """Plants in schools before their year begins, and keeps the list."""

    def __init__(self, authority: Authority, schools: Sequence[School], post: Post, rng: Random) -> None:
        self.planted: list[Planted] = []
        self.authority = authority
        self.schools = schools
        self.post = post
        self.rng = rng
        self.free: dict[int, list[tuple[Pupil, Group]]] = {}
        """By place: pupils kept for planting, on whom nothing is planted yet."""
        for school in schools:
            self.free[school.place.number] = self._reserve(school)

    def _reserve(self, school: School) -> list[tuple[Pupil, Group]]:
        everyone = [(pupil, group) for group in school.place.groups for pupil in group.pupils]
        chosen = self.rng.sample(everyone, min(_MOST_RESERVED, int(len(everyone) * _SHARE_RESERVED)))
        for pupil, _ in chosen:
            pupil.reserved, pupil.part_time = True, False
        return chosen

    def release(self) -> None:
        """Those on whom nothing was planted are pupils like others; the others make up for the absences of the rest."""
        for school in self.schools:
            for pupil, _ in self.free.pop(school.place.number):
                pupil.reserved = False
            everyone = school.place.pupils
            ordinary = [pupil for pupil in everyone if not pupil.reserved]
            for pupil in ordinary:
                pupil.propensity *= len(everyone) / len(ordinary)

    def spot(
        self, school: School, *, days: int = 1, first: int = 0, after: int = 0, avoid: Collection[int] = ()
    ) -> Spot | None:
        """A free pupil, and the first of so many free days of its class with `after` more days behind them.

        `avoid`: indices of days that do not serve.
        """
        free = self.free[school.place.number]
        last = len(school.days) - days - after
        if last < first:
            return None
        for n, (pupil, group) in enumerate(free):
            starts = [
                at
                for at in range(first, last + 1)
                if at not in avoid and all(self.is_open(school, group, index) for index in range(at, at + days))
            ]
            if starts:
                at = self.rng.choice(starts)
                school.pupil_busy.update((group.name, index) for index in range(at, at + days))
                del free[n]
                return pupil, group, at
        return None

    def is_open(self, school: School, group: Group, index: int) -> bool:
        """May something be planted on a pupil of this class on that day?"""
        return (group.name, index) not in school.class_busy and school.days[index] not in school.snow

    def class_spot(self, school: School, *, after: int = 0) -> tuple[Group, int] | None:
        """A class and a day that nothing else is planted in."""
        spots = [
            (group, index)
            for group in school.place.groups
            for index in range(len(school.days) - after)
            if len(group.pupils) > 1
            and self.is_open(school, group, index)
            and (group.name, index) not in school.pupil_busy
        ]
        if not spots:
            return None
        group, index = self.rng.choice(spots)
        school.class_busy.add((group.name, index))
        return group, index

    def class_spot_with_pupil(self, school: School) -> Spot | None:
        """The same, with a free pupil in the class."""
        free = self.free[school.place.number]
        for n, (pupil, group) in enumerate(free):
            days = [
                index
                for index in range(len(school.days))
                if self.is_open(school, group, index) and (group.name, index) not in school.pupil_busy
            ]
            if days:
                index = self.rng.choice(days)
                school.class_busy.add((group.name, index))
                del free[n]
                return pupil, group, index
        return None

    def note(
        self,
        kind: str,
        school: School,
        pupils: Sequence[Pupil],
        day: date | str | None,
        session: str | None,
        sentence: str,
        messages: Sequence[bytes],
        **expect: str | int | bool | None,
    ) -> None:
        """Put something on the list, once it is in the post."""
        self.planted.append(
            Planted(
                kind,
                school.place.laestab,
                tuple(pupil.mis for pupil in pupils),
                day.isoformat() if isinstance(day, date) else day,
                session,
                sentence,
                tuple(message.hex() for message in messages),
                expect,
            )
        )

    def after(self, school: School, index: int, apply: Callable[[Day], None]) -> None:
        """Do this when the registers of a day are made and not yet sent."""
        school.afternoons.setdefault(index, []).append(apply)

    def before(self, school: School, index: int, apply: Callable[[Day], None]) -> None:
        """Do this before the registers of a day are made."""
        school.mornings.setdefault(index, []).append(apply)

    def any_class(self, school: School, *, first: int, after: int) -> tuple[Group, int] | None:
        """A class, and a run of days in which no register of it is played with."""
        spots = [
            (group, index)
            for group in school.place.groups
            for index in range(first, len(school.days) - after)
            if group.pupils and all(self.is_open(school, group, index + n) for n in range(after + 1))
        ]
        if not spots:
            return None
        group, index = self.rng.choice(spots)
        school.pupil_busy.update((group.name, index + n) for n in range(after + 1))
        return group, index
