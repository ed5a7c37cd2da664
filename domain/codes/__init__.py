"""The national attendance codes: what each means, where it stands in the law, and how it is counted.

The table is data (`national.csv`, in the order in which the law decides: Table 1, Table 2, Table 3, then the codes that
no table holds, then the retired ones); this module only reads it. Nothing here refuses a code: a school may send any
string, and what is odd about it is for an answer to say.

Two facts are kept apart on purpose. **How a code is counted** is proved against every row of the published figures,
which still count J as approved activity, H and F as authorised and Y as no possible session, years after those ended.
**Whether a code is retired** on a date is the law's business, and becomes a label.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from importlib.resources import files
from types import MappingProxyType


class StatisticalClass(StrEnum):
    """How the Department for Education counts a session with this code (law.md 1.2, 1.4)."""

    ATT = "ATT"
    AEA = "AEA"
    AUTH = "AUTH"
    UNAUTH = "UNAUTH"
    NPA = "NPA"
    ADM = "ADM"


COUNTED_AS: Mapping[StatisticalClass, str] = MappingProxyType(
    {
        StatisticalClass.ATT: "present",
        StatisticalClass.AEA: "approved educational activity",
        StatisticalClass.AUTH: "authorised absence",
        StatisticalClass.UNAUTH: "unauthorised absence",
        StatisticalClass.NPA: "not a possible session",
        StatisticalClass.ADM: "not collected",
    }
)
"""The words of the published figures for each class; the last two stand outside the denominator."""

ATTENDANCE = frozenset({StatisticalClass.ATT, StatisticalClass.AEA})
ABSENCE = frozenset({StatisticalClass.AUTH, StatisticalClass.UNAUTH})
POSSIBLE = ATTENDANCE | ABSENCE
"""possible sessions = attendance + absence (law.md 1.4)."""


@dataclass(frozen=True, slots=True)
class Code:
    """One row of the national table."""

    code: str
    """As the law prints it."""
    meaning: str
    """In our own words."""
    table: str
    """Where regulation 10 has it: `1`, `2`, `3`, `reg10(10)`, `reg10(8)(b)`; `none` if it is not in the Regulations."""
    statistical_class: StatisticalClass
    sessions: frozenset[str]
    """The sessions in which it can stand: `/` in the morning only, `\\` in the afternoon only."""
    must_record: frozenset[str]
    """What the register itself must hold beside the code: `nature` (reg 10(5)-(6))."""
    rests_on: frozenset[str]
    """Facts without which the code should not have been chosen: leave, agreement, activity, ..."""
    pupils: str
    """Whose attendance it can describe: `any`, `csa` (of compulsory school age), `not_csa`, `prospective`."""
    residual: bool
    """True if the law gives it to what no other row covers."""
    late: bool
    """True if the published `late_sessions` counts it."""
    valid_from: date | None
    """First day of its use; None if it was in use before the records here begin."""
    valid_until: date | None
    """Last day of its use; None if it is still in use."""
    published_column: str | None
    """The column of the published files with its sessions; None for X, which they leave out."""
    source: str

    @property
    def possible(self) -> bool:
        """True if a session with this code is in the denominator."""
        return self.statistical_class in POSSIBLE

    def in_use(self, on: date) -> bool:
        """True if the code was in use on that session's date."""
        return (self.valid_from is None or self.valid_from <= on) and not self.retired(on)

    def retired(self, on: date) -> bool:
        """True if the code's use had ended before that session's date."""
        return self.valid_until is not None and self.valid_until < on


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def _read() -> Mapping[str, Code]:
    table: dict[str, Code] = {}
    lines = (files(__name__) / "national.csv").read_text(encoding="utf-8").splitlines()
    for row in csv.DictReader(lines):
        table[row["code"]] = Code(
            code=row["code"],
            meaning=row["meaning"],
            table=row["table"],
            statistical_class=StatisticalClass(row["class"]),
            sessions=frozenset(("AM", "PM") if row["session"] == "both" else (row["session"],)),
            must_record=frozenset(row["must_record"].split()),
            rests_on=frozenset(row["rests_on"].split()),
            pupils=row["pupils"],
            residual=row["residual"] == "yes",
            late=row["late"] == "yes",
            valid_from=_day(row["valid_from"]),
            valid_until=_day(row["valid_until"]),
            published_column=row["published_column"] or None,
            source=row["source"],
        )
    return MappingProxyType(table)


NATIONAL: Mapping[str, Code] = _read()
"""Every national code, current and retired, in the law's order of decision."""


def is_national(code: str) -> bool:
    """True if the string is a national code, current or retired; exactly as printed, so `i` is none."""
    return code in NATIONAL


def code(text: str) -> Code:
    """The row of a national code; KeyError with a sentence for any other string."""
    try:
        return NATIONAL[text]
    except KeyError:
        raise KeyError(f"{text!r} is not a national attendance code.") from None


def is_retired(code: str, on: date) -> bool:
    """True if this national code had ended before the session's date (law.md 1.5): a label, never a refusal.

    False for what is no national code: that is another label.
    """
    row = NATIONAL.get(code)
    return row is not None and row.retired(on)


def statistical_class(code: str, on: date) -> StatisticalClass | None:
    """How a session with this code on this date is counted; None if the code is not national.

    The law makes class a function of code and session date (law.md 1.5), so callers give both. No class has changed
    yet for any one code: the published figures count even the retired ones as they always did.
    """
    del on
    row = NATIONAL.get(code)
    return None if row is None else row.statistical_class


def is_possible(code: str, on: date) -> bool:
    """True if the session counts in the denominator of the attendance rate (law.md 1.4, 4)."""
    return statistical_class(code, on) in POSSIBLE
