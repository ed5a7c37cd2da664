"""Makers of planted things: each finds room for one, and the thing itself says only what happens then.

A maker answers whether there was room: a place may be too small, or the time too short.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from simulation.authority import Group, Pupil
from simulation.planted.planter import Planter
from simulation.planted.story import Story
from simulation.school import Day, School

Plant = Callable[[Planter, School], bool]
"""Plants something at a place, if it has room for it."""
OnClass = Callable[[Planter, School, Day, Group], None]
OnPupil = Callable[[Planter, School, Day, Pupil, Group], None]
"""What happens when the registers of the day are made, and not yet sent."""


def on_pupil(*, days: int = 1, first: int = 0, after: int = 0) -> Callable[[OnPupil], Plant]:
    """On a free pupil, over so many days of its class, with so many more behind them."""

    def make(happens: OnPupil) -> Plant:
        @wraps(happens)
        def plant(planter: Planter, school: School) -> bool:
            spot = planter.spot(school, days=days, first=first, after=after)
            if spot is None:
                return False
            pupil, group, index = spot
            planter.after(school, index, lambda today: happens(planter, school, today, pupil, group))
            return True

        return plant

    return make


def on_class(*, after: int = 0) -> Callable[[OnClass], Plant]:
    """On a class, on a day on which nothing else is planted in it."""

    def make(happens: OnClass) -> Plant:
        @wraps(happens)
        def plant(planter: Planter, school: School) -> bool:
            spot = planter.class_spot(school, after=after)
            if spot is None:
                return False
            group, index = spot
            planter.after(school, index, lambda today: happens(planter, school, today, group))
            return True

        return plant

    return make


def on_class_and_pupil(happens: OnPupil) -> Plant:
    """On a class as `on_class` has it, and a free pupil in it."""

    @wraps(happens)
    def plant(planter: Planter, school: School) -> bool:
        spot = planter.class_spot_with_pupil(school)
        if spot is None:
            return False
        pupil, group, index = spot
        planter.after(school, index, lambda today: happens(planter, school, today, pupil, group))
        return True

    return plant


def tells(
    kind: str, sentence: str, *, days: int, first: int = 0, new: bool = False
) -> Callable[[Callable[[Story], bool]], Plant]:
    """A story of so many days, on a free pupil or on a new one."""

    def make(told: Callable[[Story], bool]) -> Plant:
        @wraps(told)
        def plant(planter: Planter, school: School) -> bool:
            story = planter.story(school, kind, sentence, days=days, first=first, new=new)
            return story is not None and told(story)

        return plant

    return make
