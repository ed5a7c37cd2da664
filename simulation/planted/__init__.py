"""What is planted: one of each thing that happens every day, in each place that can send it, and a few faults."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from simulation.planted import (
    arranged,
    beforehand,
    coming_and_going,
    corrections,
    delivered,
    faults,
    identities,
    on_the_roll,
    snow,
    unknown,
    upheavals,
)
from simulation.planted.makers import Plant
from simulation.planted.planter import ROUND_SIZE, Planter
from simulation.school import School

Anywhere = Callable[[Planter, School], object]
"""Plants something, if there is room; nobody asks whether there was."""

_ANYWHERE: tuple[Anywhere, ...] = (
    coming_and_going.left,
    coming_and_going.entered_late,
    unknown.days,
    coming_and_going.joined,
    unknown.weeks,
    unknown.months,
    coming_and_going.left_in_future,
    coming_and_going.wrong_check_letter,
)
_BY_NIGHT: tuple[Anywhere, ...] = (coming_and_going.entered_late, delivered.gone_from_snapshot, unknown.next_night)
_STREAMED: tuple[Anywhere, ...] = (
    unknown.hours,
    unknown.arrived_late,
    coming_and_going.left_back_dated,
    delivered.saved_same_day,
    delivered.saved_next_day,
    delivered.resent,
    delivered.same_values,
    delivered.overtaken_register,
    delivered.overtaken_change,
    delivered.removed,
    delivered.change_before_register,
)
_WITH_REASONS: tuple[Anywhere, ...] = (
    corrections.with_reason,
    corrections.without_reason,
    corrections.twice,
    beforehand.confirmed,
    beforehand.never_confirmed,
    beforehand.but_came,
    corrections.settings_changed,
)


_ONCE_A_ROUND: tuple[Plant, ...] = (
    upheavals.outage,
    on_the_roll.boarder_marked,
    on_the_roll.under_five,
    on_the_roll.sixth_former,
    arranged.part_time,
    arranged.placed_at_home,
    identities.returner,
    arranged.off_site,
    arranged.leave_granted,
    arranged.leave_refused,
    arranged.leave_withdrawn,
    arranged.evidence,
    identities.temporary_upn,
    identities.entered_twice,
    identities.without_upn,
    on_the_roll.place_agreed,
    on_the_roll.place_not_taken_up,
    on_the_roll.household,
    on_the_roll.transfer,
    upheavals.term_rewritten,
)
"""Rarer things: one of each in every ten places, or as many of them as there is room for."""


def plant(planter: Planter, *, with_faults: bool) -> None:
    """Everything that happens every day; with faults also what ends held, once in the authority."""
    if len(planter.schools) >= ROUND_SIZE:  # a smaller authority can spare no school for it
        any(upheavals.conversion(planter, school) for school in reversed(planter.schools[:ROUND_SIZE]))
    snow.plant(planter)
    for first in range(0, len(planter.schools), ROUND_SIZE):
        _round(planter, planter.schools[first : first + ROUND_SIZE])
    for school in planter.schools:
        for everyday in _everyday(school):
            everyday(planter, school)
    coming_and_going.moved(planter)
    if with_faults:
        done: set[str] = set()
        for school in planter.schools:
            for fault in faults.FAULTS:
                if not school.place.profile.nightly and fault.__name__ not in done and fault(planter, school):
                    done.add(fault.__name__)
    planter.release()


def _round(planter: Planter, schools: Sequence[School]) -> None:
    """What happens once in ten places, each thing at the first that can, and no two begun at the same place."""
    units = [school for school in schools if school.place.phase == "PRU"]
    others = [school for school in schools if school not in units]
    any(arranged.dual_registration(planter, school, unit) for unit in units for school in others)
    for n, tried in enumerate(_ONCE_A_ROUND):
        turn = n % len(schools)
        any(tried(planter, school) for school in (*schools[turn:], *schools[:turn]))


def _everyday(school: School) -> tuple[Anywhere, ...]:
    """What this place can send; first what few places can, for a small place has few pupils to spare."""
    profile = school.place.profile
    found: tuple[Anywhere, ...] = ()
    if profile.raw:
        found += (delivered.not_marked_yet,)
    if profile.sends_hash:
        found += (delivered.hash_rows,)
    if profile.nightly:
        found += _BY_NIGHT
    elif not profile.carries_reason:
        found += (corrections.by_bare_feed,)
    found += tuple(plant for plant in _ANYWHERE if plant not in found)
    if not profile.nightly:
        found += _STREAMED
    if profile.carries_reason:
        found += _WITH_REASONS
    return found
