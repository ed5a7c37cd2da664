"""A school year of an authority, day by day, as its sources would send it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from random import Random

from simulation.authority import Place, mixed
from simulation.messages import (
    Row,
    calendar_stated,
    codes_stated,
    place_stated,
    roll_stated,
    sources_stated,
    staff_stated,
    times_stated,
    whole_row,
)
from simulation.planted import plant
from simulation.planted.planter import ROUND_SIZE, Planter
from simulation.post import Post
from simulation.school import School
from simulation.summary import Summary, write_planted
from simulation.terms import (
    DAY,
    HOUR,
    SECOND,
    Term,
    bank_holidays,
    last_day_of_week,
    midnight,
    school_days,
    terms,
    weekdays,
)
from simulation.writing import Deliveries

SCHOOL_YEAR = date(2025, 9, 1)


def simulate_year(
    out: Path,
    *,
    places: int,
    pupils: int,
    weeks: int,
    seed: int,
    authority: str = "805",
    start: date = SCHOOL_YEAR,
    progress: Callable[[int], None] | None = None,
    faults: bool = True,
) -> Summary:
    """Write the deliveries of the first `weeks` school weeks (39: the year) to `out`, and what was planted beside it.

    `progress` is called after each day with the marks written so far. Without `faults` nothing in the file ends held.
    Raises ValueError, with a sentence, for numbers that make no authority.
    """
    rng = Random(seed)
    of = terms(start)
    until = last_day_of_week(of, weeks)
    made, everyone = mixed(authority, start, rng, places=places, pupils=pupils)
    with Deliveries(out, rng.randbytes(16)) as deliveries:
        post = Post(deliveries, rng)
        schools: list[School] = []
        for place in everyone:
            shut = _closures(of, rng)
            days = [day for day in school_days(of, shut) if day <= until]
            schools.append(School(place, days, shut, post, rng))
        providers = [made.provider() for _ in range(0, places, ROUND_SIZE)]
        planter = Planter(made, schools, providers, of, post)
        plant(planter, with_faults=faults)
        introduce(post, everyone, of, {s.place.number: s.shut for s in schools}, start, providers=providers)
        for day in weekdays(of):
            if day > until:
                break
            for school in schools:
                if day in school.shut:
                    school.closed(day)
                else:
                    school.work(day)
                    school.forget(day)
            post.deliver(midnight(day) + DAY)
            if progress is not None:
                progress(post.marks)
        post.deliver(None)
    planted = sorted(planter.planted, key=lambda p: (p.date or "", p.place, p.kind, p.pupils))
    summary = Summary(out, deliveries.count, post.marks, post.rows, planted)
    write_planted(summary)
    return summary


def _closures(of: list[Term], rng: Random) -> dict[date, str]:
    """The first day is INSET for all; four more INSET days differ by place; bank holidays in term."""
    shut = dict.fromkeys(bank_holidays(of), "bank_holiday")
    shut[of[0].first] = "inset"
    for term in rng.sample(of[1:], 4):
        shut[term.first if rng.random() < 0.6 else term.last] = "inset"
    return shut


def introduce(
    post: Post,
    places: list[Place],
    of: list[Term],
    shut: Mapping[int, Mapping[date, str]],
    start: date,
    *,
    providers: Sequence[Place] = (),
    row: Row = whole_row,
) -> None:
    """Places and sources from the operator; then times, calendar, codes, staff and roll from each place's source.

    A place that is not in `shut` tells no calendar."""
    at = midnight(of[0].first) + 4 * HOUR
    for place in (*places, *providers):
        at += SECOND // 100
        post.operate("PlaceStated", place.local_id, at, place_stated(place))
    at += SECOND
    post.operate("SourcesStated", "sources", at, sources_stated([*places, *providers], start))
    for place in providers:
        at += SECOND // 10
        post.state("StaffStated", place, at, staff_stated(place), received_at=at + 1000)
    for place in places:
        post.deliver(at)  # or the rolls of all places would lie in memory at once
        at += SECOND // 10
        post.state("SessionTimesStated", place, at, times_stated(place, start), received_at=at + 1000)
        if place.number in shut:
            calendar = calendar_stated(start, of, shut[place.number])
            post.state("CalendarStated", place, at + 10_000, calendar, received_at=at + 11_000)
        codes = codes_stated(place.profile, start)
        post.state("CodesStated", place, at + 20_000, codes, received_at=at + 21_000)
        if place.profile.carries_person:
            post.state("StaffStated", place, at + 30_000, staff_stated(place), received_at=at + 31_000)
        post.state("PupilsStated", place, at + 40_000, roll_stated(place, row), received_at=at + 41_000)
