"""The local authority or trust that keeps the ledger, the settings that change its answers, and its agreements.

The settings are data (`settings.csv`): what each is where none was made, and beyond which value it would be weaker than
the regulation or guidance. Such a setting is recorded like any other; whoever makes it is told so, and answers say it.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from types import MappingProxyType

from domain.events import Event, Fields, KeyOf, Origin, Person, Seal


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting that may be made (events.md 1.1)."""

    name: str
    default: int | None
    """What holds where none was made; None: its answer says what then."""
    weaker_above: int | None
    """A greater value is weaker than the regulation or guidance; None: none is."""
    source: str


def _read() -> Mapping[str, Setting]:
    text = (files("domain.authority") / "settings.csv").read_text("utf-8")
    found = {}
    for row in csv.DictReader(text.splitlines()):
        default, weaker_above = (int(row[name]) if row[name] else None for name in ("default", "weaker_above"))
        found[row["setting"]] = Setting(row["setting"], default, weaker_above, row["source"])
    return MappingProxyType(found)


RULES: Mapping[str, Setting] = _read()
"""Every setting by name, in the order of the file."""

SETTINGS = tuple(RULES)
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


def weaker(setting: str, value: int | str) -> str | None:
    """A sentence where a value is weaker than the regulation or guidance; None where it is not, or is no number."""
    rule = RULES.get(setting)
    if rule is None or rule.weaker_above is None or not isinstance(value, int) or value <= rule.weaker_above:
        return None
    return f"{setting} of {value} is weaker than the rule, which has at most {rule.weaker_above}: {rule.source}."


def interval_agreed(authority: bytes, place: bytes, said: Fields, origin: Origin, person: Person) -> Event:
    """ReturnIntervalAgreed. `said`: interval_days (None: termly), from, agreed_on; days since 1970."""
    termly = said.get("interval_days") is None
    fields = {**said, "place": place, "termly": termly, **origin.fields(), **person.fields()}
    return Event(stream_of(authority), "ReturnIntervalAgreed", fields)


def weaker_interval(interval_days: int | None) -> str | None:
    """A sentence where an agreed interval (None: termly) is longer than guidance has it (law.md 3.3)."""
    rule = RULES["attendance_return_interval_days"]
    if interval_days is not None and interval_days <= (rule.weaker_above or 0):
        return None
    said = "Once a term" if interval_days is None else f"Every {interval_days} days"
    return f"{said} is less often than once per calendar month: {rule.source}."


def definition_adopted(authority: bytes, answer: str, digest: bytes, at: int) -> Event:
    """DefinitionAdopted: from a moment on (UTC microseconds) an answer is computed by what has this SHA-256."""
    fields = {"answer": answer, "digest": digest, "from": at}
    return Event(stream_of(authority), "DefinitionAdopted", fields)
