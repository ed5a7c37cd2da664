"""Unique pupil numbers as an authority issues them: permanent ones and temporary ones (reference: field 2.1)."""

from __future__ import annotations

CHECK_LETTERS = "ABCDEFGHJKLMNPQRTUVWXYZ"


def check_letter(digits: str) -> str:
    """The letter before the twelve characters of a UPN: the sum of position times digit from position 2, modulo 23."""
    worth = [int(c) if c.isdigit() else CHECK_LETTERS.index(c) for c in digits]
    return CHECK_LETTERS[sum(position * w for position, w in enumerate(worth, start=2)) % 23]


class UpnIssuer:
    """Gives each pupil a UPN of its own. Its authority and school are where it was issued, not where the pupil is."""

    def __init__(self, la_code: str) -> None:
        self._la = la_code
        self._given: dict[int, int] = {}
        self._temporary: dict[int, int] = {}

    def issue(self, year: int) -> str:
        """The next UPN of the year (of which the UPN holds two digits)."""
        given = self._given.get(year, 0)
        self._given[year] = given + 1
        digits = f"{self._la}{2000 + given // 999:04d}{year % 100:02d}{given % 999 + 1:03d}"
        return check_letter(digits) + digits

    def temporary(self, year: int) -> str:
        """The next temporary UPN: a letter in the last place says that it is one."""
        given = self._temporary.get(year, 0)
        self._temporary[year] = given + 1
        digits = f"{self._la}{3000 + given // 99:04d}{year % 100:02d}{given % 99 + 1:02d}A"
        return check_letter(digits) + digits
