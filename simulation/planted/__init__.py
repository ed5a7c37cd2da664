"""What is planted: one of each thing that happens every day, in each place that can send it, and a few faults."""

from __future__ import annotations

from collections.abc import Callable

from simulation.planted import beforehand, coming_and_going, corrections, delivered, faults, snow, unknown
from simulation.planted.planter import Planter
from simulation.school import School

Plant = Callable[[Planter, School], None]

_ANYWHERE: tuple[Plant, ...] = (
    coming_and_going.left,
    coming_and_going.entered_late,
    unknown.days,
    coming_and_going.joined,
    unknown.weeks,
    unknown.months,
    coming_and_going.left_in_future,
    coming_and_going.wrong_check_letter,
)
_BY_NIGHT: tuple[Plant, ...] = (coming_and_going.entered_late, delivered.gone_from_snapshot, unknown.next_night)
_STREAMED: tuple[Plant, ...] = (
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
_WITH_REASONS: tuple[Plant, ...] = (
    corrections.with_reason,
    corrections.without_reason,
    corrections.twice,
    beforehand.confirmed,
    beforehand.never_confirmed,
    beforehand.but_came,
    corrections.settings_changed,
)


def plant(planter: Planter, *, with_faults: bool) -> None:
    """Everything that happens every day; with faults also what ends held, once in the authority."""
    snow.plant(planter)
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


def _everyday(school: School) -> tuple[Plant, ...]:
    """What this place can send; first what few places can, for a small place has few pupils to spare."""
    profile = school.place.profile
    found: tuple[Plant, ...] = ()
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
