"""Identifiers of the field: UPN, LAESTAB, URN, and Rollbook's own ids, each with what can be said against it.

A check returns findings, which become labels. None is an exception and none is a reason to hold an input: schools do
send mistyped numbers, and the register is theirs (field.md 2.1 for the formats).
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final

from stdnum.gb.upn import calc_check_digit


class Finding(StrEnum):
    """What is odd about an identifier, as a sentence that an answer may print."""

    UPN_LENGTH = "A UPN has 13 characters."
    UPN_SHAPE = "A UPN is a letter, 11 digits, and a digit or (if temporary) a letter; I, O and S are not used."
    UPN_CHECK_LETTER = "The check letter of the UPN does not agree with its other characters."
    LAESTAB_SHAPE = "A LAESTAB has seven digits: three for the authority, four for the establishment."
    URN_SHAPE = "A URN has six digits."


_LETTER: Final = "[A-HJ-NP-RT-Z]"
_UPN: Final = re.compile(f"{_LETTER}[0-9]{{11}}(?:[0-9]|(?P<temporary>{_LETTER}))")
_LAESTAB: Final = re.compile("[0-9]{7}")
_LAESTAB_WRITTEN: Final = re.compile("([0-9]{3})[/ -]([0-9]{4})")
_URN: Final = re.compile("[0-9]{6}")
_ID: Final = re.compile("[0-9a-f]{32}")
_UPN_LENGTH: Final = 13


def is_id(text: str) -> bool:
    """True if the text can be one of Rollbook's own ids: 32 hexadecimal digits in lower case."""
    return _ID.fullmatch(text) is not None


def normalise_upn(text: str) -> str:
    """The UPN as it is kept and looked up: upper case, no spaces. What is wrong in it stays wrong."""
    return "".join(text.split()).upper()


def check_upn(text: str) -> list[Finding]:
    """What is odd about a UPN, permanent or temporary; an empty list if nothing is.

    The authority inside a UPN is where it was issued, maybe decades ago, so it is not held against any list.
    """
    upn = normalise_upn(text)
    if len(upn) != _UPN_LENGTH:
        return [Finding.UPN_LENGTH]
    if _UPN.fullmatch(upn) is None:
        return [Finding.UPN_SHAPE]
    if calc_check_digit(upn[1:]) != upn[0]:
        return [Finding.UPN_CHECK_LETTER]
    return []


def is_temporary_upn(text: str) -> bool:
    """True if the UPN has the shape of a temporary one: its last character is a letter."""
    found = _UPN.fullmatch(normalise_upn(text))
    return found is not None and found["temporary"] is not None


def normalise_laestab(text: str) -> str:
    """The LAESTAB as it is kept and looked up, always text: `805/1234` becomes `8051234`."""
    plain = text.strip()
    found = _LAESTAB_WRITTEN.fullmatch(plain)
    return found[1] + found[2] if found else plain


def check_laestab(text: str) -> list[Finding]:
    """What is odd about a LAESTAB; an empty list if nothing is. Whether its authority is known is another question."""
    return [] if _LAESTAB.fullmatch(normalise_laestab(text)) else [Finding.LAESTAB_SHAPE]


def laestab_authority(text: str) -> str | None:
    """The three digits of the authority in a LAESTAB; None if it is not seven digits."""
    laestab = normalise_laestab(text)
    return laestab[:3] if _LAESTAB.fullmatch(laestab) else None


def normalise_urn(text: str) -> str:
    """The URN as it is kept and looked up, always text, without surrounding spaces."""
    return text.strip()


def check_urn(text: str) -> list[Finding]:
    """What is odd about a URN, a school's number in Get Information About Schools; an empty list if nothing is."""
    return [] if _URN.fullmatch(normalise_urn(text)) else [Finding.URN_SHAPE]
