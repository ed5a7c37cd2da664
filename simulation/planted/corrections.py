"""Planted: corrections, with and without reasons, and one settings change that corrects a class of marks."""

from __future__ import annotations

from collections.abc import Sequence

from simulation.authority import AM
from simulation.planted.planter import Planter
from simulation.school import Change, Day, School
from simulation.terms import HOUR, midnight


def _corrected(
    planter: Planter, school: School, kind: str, sentence: str, steps: Sequence[tuple[str, tuple[str, str] | None]]
) -> None:
    spot = planter.spot(school, after=len(steps))
    if spot is None:
        return
    pupil, group, index = spot

    def apply(today: Day) -> None:
        messages = [today.of(group, "AM").message]
        old = AM
        for n, (new, why) in enumerate(steps, start=1):
            change = Change(today.day, "AM", pupil.mis, old, new, why)
            messages.append(school.change([change], school.office_hours(index + n)))
            old = new
        explained = all(why is not None for _, why in steps) and school.place.profile.carries_reason
        planter.note(
            kind,
            school,
            [pupil],
            today.day,
            "AM",
            sentence,
            messages,
            becomes="amendment",
            rows=len(steps),
            original=AM,
            current=old,
            explained=explained,
            reason_state="given"
            if explained
            else ("not_given" if school.place.profile.carries_reason else "feed_cannot_carry"),
        )

    planter.after(school, index, apply)


def with_reason(planter: Planter, school: School) -> None:
    _corrected(
        planter,
        school,
        "correction_with_reason",
        "The mark is amended the next day, with reason, date and person.",
        [("I", ("wrong_pupil", "Two pupils with like names were swapped"))],
    )


def without_reason(planter: Planter, school: School) -> None:
    _corrected(
        planter,
        school,
        "correction_without_reason",
        "The mark is amended and labelled unexplained: this feed can carry reasons.",
        [("O", None)],
    )


def by_bare_feed(planter: Planter, school: School) -> None:
    _corrected(
        planter,
        school,
        "correction_by_feed_without_reasons",
        "The mark is amended; reason and person are not carried by this feed, which is no fault of the school.",
        [("M", None)],
    )


def twice(planter: Planter, school: School) -> None:
    _corrected(
        planter,
        school,
        "corrected_twice",
        "Three entries stay readable, with two reasons: present, then O, then I.",
        [
            ("O", ("wrong_code", "Seen leaving before registration")),
            ("I", ("evidence_received", "Letter from the surgery")),
        ],
    )


def settings_changed(planter: Planter, school: School) -> None:
    spots = [spot for spot in (planter.spot(school, first=1, after=2) for _ in range(3)) if spot is not None]
    if not spots:
        return
    when = max(index for _, _, index in spots) + 1
    for pupil, group, index in spots:
        planter.late_mark(school, pupil, group, index, minutes=18)

    def apply(today: Day) -> None:
        since = school.days[max(0, min(index for _, _, index in spots))]
        rows = [
            Change(day, session, mis, "L", "U", ("rule_change", "Registers now close after 15 minutes"), minutes)
            for day, session, mis, minutes in school.lates
            if minutes > 15 and since <= day < today.day
        ]
        operation = school.post.message_id()
        message = school.change(
            rows,
            midnight(today.day) + 17 * HOUR,
            by_kind="system",
            by=None,
            cause="mis_rule",
            operation=operation,
            rule="closes after 15 minutes, version 2",
        )
        planter.note(
            "settings_change",
            school,
            [pupil for pupil, _, _ in spots],
            since,
            "AM",
            "One changed setting recalculates past marks, L to U: amendments of one operation, not human ones.",
            [message],
            becomes="amendment",
            rows=len(rows),
            original="L",
            current="U",
            cause="mis_rule",
            operation=operation.hex(),
        )

    planter.before(school, when, apply)
