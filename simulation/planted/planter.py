"""Picking whom something is planted on, and the list of it.

A planter picks pupils that are otherwise in school, and a class and day that nothing else is planted in, so that what
should come of it can be said beforehand. What a place is too small, or the time too short, for, is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import date

from simulation.authority import ROUND, Authority, Group, Place, Pupil
from simulation.planted.story import Story
from simulation.post import Post
from simulation.school import Day, School
from simulation.summary import Planted, Sought
from simulation.terms import Term

ROUND_SIZE = len(ROUND)
_SHARE_RESERVED = 0.6
_MOST_RESERVED = 40
Spot = tuple[Pupil, Group, int]
"""A pupil, its class, and the index of a day."""


class Planter:
    """Plants in schools before their year begins, and keeps the list."""

    def __init__(
        self,
        authority: Authority,
        schools: Sequence[School],
        providers: Sequence[Place],
        of: Sequence[Term],
        post: Post,
    ) -> None:
        self.planted: list[Planted] = []
        self.authority = authority
        self.schools = schools
        self.providers = providers
        self.terms = of
        self.post = post
        self.rng = post.rng
        self.free: dict[int, list[tuple[Pupil, Group]]] = {}
        """By place: pupils kept for planting, on whom nothing is planted yet."""
        for school in schools:
            self.free[school.place.number] = self._reserve(school)

    def _reserve(self, school: School) -> list[tuple[Pupil, Group]]:
        everyone = [(pupil, group) for group in school.place.groups for pupil in group.pupils]
        chosen = self.rng.sample(everyone, min(_MOST_RESERVED, int(len(everyone) * _SHARE_RESERVED)))
        for pupil, _ in chosen:
            pupil.reserved = True
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
        self,
        school: School,
        *,
        days: int = 1,
        first: int = 0,
        after: int = 0,
        avoid: Collection[int] = (),
        wanted: Callable[[Pupil], bool] | None = None,
    ) -> Spot | None:
        """A free pupil, and the first of so many free days of its class with `after` more days behind them.

        `avoid`: indices of days that do not serve. `wanted`: which pupils do.
        """
        free = self.free[school.place.number]
        last = len(school.days) - days - after
        if last < first:
            return None
        for n, (pupil, group) in enumerate(free):
            if wanted is not None and not wanted(pupil):
                continue
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

    def story(
        self, school: School, kind: str, sentence: str, *, days: int, first: int = 0, new: bool = False
    ) -> Story | None:
        """A story on a free pupil (or a new one) of a class, over so many school days in a row; None: no room."""
        if new:
            found = self.any_class(school, first=first, after=days - 1)
            if found is None:
                return None
            group, index = found
            return Story(self, school, kind, sentence, (self.new_pupil(group), group, index))
        spot = self.spot(school, days=days, first=first)
        return None if spot is None else Story(self, school, kind, sentence, spot)

    def new_pupil(self, group: Group) -> Pupil:
        """One more pupil for a class, who does what is planted and nothing else."""
        pupil = self.authority.pupil(group.pupils[0].nc_year)
        pupil.reserved = True
        return pupil

    def is_open(self, school: School, group: Group, index: int) -> bool:
        """May something be planted on a pupil of this class on that day?"""
        return (group.name, index) not in school.class_busy and school.days[index] not in school.snow

    def all_open(self, school: School, index: int | None = None) -> bool:
        """Is nothing planted in any class of this school, on that day or on any?"""
        days = range(len(school.days)) if index is None else (index,)
        busy = school.class_busy | school.pupil_busy
        return not any((g.name, n) in busy or school.days[n] in school.snow for g in school.place.groups for n in days)

    def close_to_others(self, school: School, days: Iterable[int]) -> None:
        """Nothing else may be planted in any class of this school on those days."""
        school.class_busy.update((group.name, index) for index in days for group in school.place.groups)

    def late_mark(self, school: School, pupil: Pupil, group: Group, index: int, *, minutes: int) -> None:
        """The pupil is late that morning."""
        school.kept_lates.add(pupil.mis)

        def apply(today: Day) -> None:
            today.of(group, "AM").put(pupil, "L", {"minutes_late": minutes})
            school.lates.append((today.day, "AM", pupil.mis, minutes))

        self.after(school, index, apply)

    def provider_of(self, school: School) -> Place:
        """The provider of off-site education in this part of the authority."""
        return self.providers[self.schools.index(school) // ROUND_SIZE]

    @property
    def start(self) -> date:
        """The first day of the year."""
        return self.authority.start

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
        *,
        events: tuple[Sought, ...] = (),
        **expect: str | int | bool | None,
    ) -> None:
        """Put something on the list, once it is in the post."""
        self.planted.append(
            Planted(
                kind,
                school.place.called,
                tuple(pupil.mis for pupil in pupils),
                day.isoformat() if isinstance(day, date) else day,
                session,
                sentence,
                tuple(message.hex() for message in messages),
                expect,
                events,
            )
        )

    def after(self, school: School, index: int, apply: Callable[[Day], None]) -> None:
        """Do this when the registers of a day are made and not yet sent."""
        school.afternoons.setdefault(index, []).append(apply)

    def at_last(self, school: School, index: int, apply: Callable[[Day], None]) -> None:
        """Do this when nothing more is planted in the registers of a day."""
        school.evenings.setdefault(index, []).append(apply)

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
