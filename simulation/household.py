"""What a school knows of a child beside its name: parents and characteristics, at rates like England's.

Both follow from the child alone (a hash of what it is called), so that nothing is drawn and nothing kept: whoever asks
twice is told the same, and two hundred thousand households need no memory. Telephone numbers are of those set aside for
drama, e-mail addresses of a domain that cannot exist.
"""

from __future__ import annotations

from hashlib import shake_128
from typing import Any

from simulation.authority import Pupil
from simulation.names import FORENAMES, STREETS, SURNAMES, TOWN

_WHOLE = 10_000
_BYTES = 96
"""Three for each number: of two, those below 5,536 would come too often."""
_RARE: tuple[tuple[str, str, int], ...] = (
    ("looked_after", "yes", 70),
    ("social_worker", "yes", 300),
    ("cp_plan", "yes", 50),
    ("young_carer", "yes", 120),
    ("gtrsb", "yes", 40),
    ("medical_condition", "Asthma, inhaler in the office", 600),
)
"""Kind, value, and how many of ten thousand have it."""
_EHCP, _SEN_SUPPORT, _FREE_MEALS, _EVER_FREE_MEALS = 500, 1_300, 2_500, 2_900
_ETHNICITIES = (("WBRI", 6_500), ("AOTH", 7_600), ("BAFR", 8_200), ("MWBC", 8_900), ("WOTW", 9_700), ("REFU", _WHOLE))
_LANGUAGES = (("ENG", 7_900), ("POL", 8_200), ("URD", 8_500), ("ARA", 8_700), ("OTH", _WHOLE))
_ONE_PARENT, _THREE_PARENTS, _APART, _OTHER_NAME = 2_300, 9_700, 7_600, 7_500


class _Lot:
    """Numbers below ten thousand that follow from a child."""

    def __init__(self, pupil: Pupil, what: str) -> None:
        about = f"{what} {pupil.full_name} {pupil.birth_date} {pupil.address}"
        self._digest = shake_128(about.encode()).digest(_BYTES)
        self._at = 0

    def draw(self) -> int:
        """The next of them."""
        self._at += 3
        return int.from_bytes(self._digest[self._at - 3 : self._at], "big") % _WHOLE

    def of(self, words: tuple[str, ...]) -> str:
        """One of these words."""
        return words[self.draw() % len(words)]


def _banded(drawn: int, bands: tuple[tuple[str, int], ...]) -> str:
    return next(value for value, below in bands if drawn < below)


def parents(pupil: Pupil) -> list[dict[str, Any]]:
    """Rows of ParentRow: one, two or three, the first of whom lives with the child."""
    lot = _Lot(pupil, "parents")
    drawn = lot.draw()
    count = 1 if drawn < _ONE_PARENT else 3 if drawn >= _THREE_PARENTS else 2
    apart, family = lot.draw() >= _APART, pupil.full_name.rsplit(" ", 1)[-1]
    rows = []
    for order in range(1, count + 1):
        name = lot.of(FORENAMES)
        surname = family if lot.draw() < _OTHER_NAME else lot.of(SURNAMES)
        here = order == 1 or (order == 2 and not apart)
        rows.append(
            {
                "mis_parent": f"{pupil.mis}-{order}",
                "name": f"{name} {surname}",
                "lives_with": here,
                "order": order,
                "address": pupil.address if here else f"{lot.draw() % 98 + 1} {lot.of(STREETS)}, {TOWN}",
                "phones": f"07700 900{lot.draw() % 1000:03d}",
                "email": f"{name.lower()}.{order}@{surname.lower()}.invalid" if lot.draw() % 2 else None,
                "relationship": ("mother", "father", "carer")[order - 1],
            }
        )
    return rows


def characteristics(pupil: Pupil) -> list[dict[str, Any]]:
    """Rows of CharacteristicRow: what is said of ten thousand is what is said of a hundred, and no more."""
    lot = _Lot(pupil, "characteristics")
    found = [
        ("ethnicity", _banded(lot.draw(), _ETHNICITIES)),
        ("language", _banded(lot.draw(), _LANGUAGES)),
    ]
    need, meals = lot.draw(), lot.draw()
    if pupil.special or need < _EHCP:
        found += [("sen_provision", "E"), ("ehcp", "yes")]
    elif need < _EHCP + _SEN_SUPPORT:
        found.append(("sen_provision", "K"))
    if meals < _FREE_MEALS:
        found.append(("fsm", "yes"))
    if meals < _EVER_FREE_MEALS:
        found.append(("pupil_premium", "yes"))
    found += [(kind, value) for kind, value, of_ten_thousand in _RARE if lot.draw() < of_ten_thousand]
    return [{"kind": kind, "value": value} for kind, value in found]
