"""What a provider last reported of a pupil in a session: attendance and engagement, no codes of regulation 10.

Reports stand in the register of the provider's session beside marks, if it has any, and never among them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from domain.events import Fields, Stored

if TYPE_CHECKING:
    from domain.attendance_register.register import Told

ATTENDED = frozenset(("yes", "part", "no", "not_known"))

CLEAR: Mapping[str, tuple[str, ...]] = {
    "ProviderAttendanceReported": ("due", "attended", "arrived_at", "left_at", "minutes", "told_home_school_at"),
    "EngagementReported": ("minutes",),
}
"""By event: what it reports in clear."""
SEALED: Mapping[str, tuple[str, ...]] = {
    "ProviderAttendanceReported": ("reason",),
    "EngagementReported": ("detail",),
}
"""By event: what it reports in its sealed text."""

Key = tuple[str, bytes, str | None, str | None]
"""Event, line; and of engagement the session, if it was said, and the system that counted."""
Values = tuple[Any, ...]


class Report(NamedTuple):
    """The last word on a line."""

    version: int
    values: Values
    told: Told
    earlier: frozenset[Values] = frozenset()
    """What was reported before it, or is known to have been."""


def key_of(topic: str, fields: Fields) -> Key:
    """Of what a report is: two systems that count one pupil's minutes do not contradict each other."""
    if topic == "ProviderAttendanceReported":
        return topic, fields["line"], None, None
    return topic, fields["line"], fields.get("session"), fields.get("system")


def values_of(topic: str, fields: Fields, text: Fields | None) -> Values:
    """What a report says."""
    sealed = text or {}
    return (*(fields.get(name) for name in CLEAR[topic]), *(sealed.get(name) for name in SEALED[topic]))


def fold(reports: dict[Key, Report], told: Told, stored: Stored) -> None:
    """Fold a report. One that amends none, where another stands, is older than it, and never the current one."""
    key = key_of(stored.topic, stored.fields)
    values = values_of(stored.topic, stored.fields, stored.text)
    known = reports.get(key)
    if known is None:
        reports[key] = Report(stored.version, values, told)
    elif stored.fields.get("amends") is None:
        reports[key] = known._replace(earlier=known.earlier | {values})
    else:
        reports[key] = Report(stored.version, values, told, known.earlier | {known.values})
