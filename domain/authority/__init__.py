"""The local authority or trust that keeps the ledger, and the settings that change its answers."""

from __future__ import annotations

from domain.events import Event, KeyOf, Person, Seal

SETTINGS = (
    "attendance_return_interval_days",
    "sickness_prompt_sessions",
    "sickness_prompt_days",
    "nti_days",
    "nti_unit",
    "pn_local_rule",
    "c2_bars_notice",
    "window_over_succession",
    "count_foreseen",
    "k_under_delegated_agreement",
    "remote_reading",
    "suppress_below",
    "late_minutes",
)
"""The settings that may be made (events.md 1.1). The day from which one applies is part of it: the old one goes on
ruling questions as at an earlier day."""


def stream_of(authority: bytes) -> str:
    """The stream of an authority."""
    return f"authority/{authority.hex()}"


def key_of(authority: bytes, school_year: int) -> KeyOf:
    """The key of an authority's own notes in one school year: it counts as a place."""
    return KeyOf("place_year", stream_of(authority), str(school_year))


def described(authority: bytes, la_code: str, name: str, from_day: int) -> Event:
    """AuthorityDescribed."""
    return Event(
        stream_of(authority),
        "AuthorityDescribed",
        {"authority": authority, "la_code": la_code, "name": name, "from": from_day},
    )


def setting_made(
    authority: bytes,
    setting: str,
    value: int | str,
    applies_from: int,
    school_year: int,
    person: Person,
    authority_for_it: str | None,
) -> Event:
    """SettingMade. Refuses, with ValueError, a setting that no answer reads."""
    if setting not in SETTINGS:
        raise ValueError(f"There is no setting called {setting}; the settings are: {', '.join(SETTINGS)}.")
    seal = Seal(key_of(authority, school_year), "NoteText", {"text": authority_for_it}) if authority_for_it else None
    return Event(
        stream_of(authority),
        "SettingMade",
        {
            "setting": setting,
            "value_int": value if isinstance(value, int) else None,
            "value_text": value if isinstance(value, str) else None,
            "applies_from": applies_from,
            **person.fields(),
        },
        seal,
    )
