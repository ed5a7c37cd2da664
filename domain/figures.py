"""Rates as integers: one expression for every percentage that Rollbook prints, the same as in its SQL (sql.md 5).

Floating point rounds half to even, and databases differ about decimals; the published rates are half up. So a rate is
an integer, in hundred-thousandths of a percentage point, and only its text has a decimal point.
"""

from __future__ import annotations

from typing import Final

_PLACES: Final = 5
_UNIT: Final = 100_000


def rate(part: int, whole: int) -> int:
    """100 x part / whole in hundred-thousandths of a percentage point, half up; whole is at least 1.

    `rate(1, 8) == 1250000`, which is 12.50000 per cent. No possible session means no rate: ask before you call.
    """
    if part < 0 or whole < 0:
        raise ValueError(f"A rate is made of counts, and {part} of {whole} is none.")
    if whole == 0:
        raise ZeroDivisionError("There is no rate where there is no possible session.")
    return (part * 200 * _UNIT + whole) // (2 * whole)


def rate_text(hundred_thousandths: int) -> str:
    """The text of a rate that is not negative: 9466300 becomes `94.66300`."""
    return f"{hundred_thousandths // _UNIT}.{hundred_thousandths % _UNIT:0{_PLACES}d}"


def percentage(part: int, whole: int) -> str:
    """100 x part / whole with five decimals, half up: `94.66300`, as the published files print it."""
    return rate_text(rate(part, whole))
