"""How pupils attend: absences in runs, drawn so that codes come out about as often as the published frequencies say.

An absence is an episode: a code, a first session and a length. Each code has some usual shapes; how often an episode
of it begins follows from the published share of sessions. Absence is lowest on Wednesdays and highest on Friday
afternoons (reference: field 3.3).

The frequencies (data/) contain public sector information licensed under the Open Government Licence v3.0.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from itertools import accumulate
from random import Random

from simulation.authority import AM, PM, Pupil

_ALL_DAY, _MORNING, _AFTERNOON = (0, 2), (0, 1), (1, 1)
_SHAPES: dict[str, tuple[tuple[tuple[int, int], int], ...]] = {
    "I": ((_ALL_DAY, 45), ((0, 4), 24), ((0, 6), 12), ((0, 10), 5), (_AFTERNOON, 9), (_MORNING, 5)),
    "O": ((_ALL_DAY, 60), (_MORNING, 18), (_AFTERNOON, 17), ((0, 6), 5)),
    "G": (((0, 10), 50), ((0, 4), 30), (_ALL_DAY, 20)),
    "C": ((_ALL_DAY, 55), (_MORNING, 20), (_AFTERNOON, 25)),
    "M": ((_MORNING, 55), (_AFTERNOON, 35), (_ALL_DAY, 10)),
    "E": ((_ALL_DAY, 30), ((0, 4), 30), ((0, 6), 20), ((0, 10), 10), (_AFTERNOON, 10)),
    "U": ((_MORNING, 100),),
    "L": ((_MORNING, 88), (_AFTERNOON, 12)),
    "B": ((_ALL_DAY, 60), (_AFTERNOON, 40)),
    "K": (((0, 10), 100),),
    "P": ((_AFTERNOON, 50), (_ALL_DAY, 50)),
    "W": (((0, 10), 100),),
    "J1": ((_MORNING, 50), (_AFTERNOON, 50)),
    "R": ((_ALL_DAY, 80), ((0, 4), 20)),
    "T": (((0, 20), 100),),
    "C1": ((_ALL_DAY, 100),),
    "Y7": ((_ALL_DAY, 100),),
}
_ABSENT = ("I", "O", "G", "C", "M", "E", "U", "J1", "R", "T", "C1")
_WEEKDAY = (1.0, 0.96, 0.90, 0.97, 1.12)
_SATURATION = 1.06
"""Whoever is absent cannot begin to be absent: the rates of beginnings are a little higher than the shares."""


@cache
def published(phase: str) -> dict[str, float]:
    """Share of possible sessions by code. A PRU is simulated as a secondary school with far more absence."""
    text = (files("simulation") / "data" / "code_frequency_national_202526.csv").read_text("utf-8")
    wanted = "Secondary" if phase == "PRU" else phase
    shares = {
        row["code"]: float(row["per_10000_possible_sessions"]) / 10_000
        for row in csv.DictReader(text.splitlines())
        if row["education_phase"] == wanted
    }
    if phase == "PRU":
        for code in ("I", "O", "M", "E", "C2", "B"):
            shares[code] *= 4
    shares["Y7"] = 0.0005
    return shares


@dataclass(frozen=True, slots=True)
class _Beginnings:
    rate: float
    """Per day."""
    episodes: tuple[tuple[str, int, int], ...]
    weights: tuple[float, ...]


def _beginnings(phase: str, codes: tuple[str, ...]) -> _Beginnings:
    shares = published(phase)
    episodes: list[tuple[str, int, int]] = []
    rates: list[float] = []
    for code in codes:
        shapes = _SHAPES[code]
        whole = sum(weight for _, weight in shapes)
        length = sum(sessions * weight for (_, sessions), weight in shapes) / whole
        for (first, sessions), weight in shapes:
            episodes.append((code, first, sessions))
            rates.append(_SATURATION * 2 * shares.get(code, 0.0) / length * weight / whole)
    return _Beginnings(sum(rates), tuple(episodes), tuple(accumulate(rates)))


class Behaviour:
    """The habits of one phase."""

    def __init__(self, phase: str) -> None:
        self._absent = _beginnings(phase, _ABSENT)
        self._other = _beginnings(phase, tuple(code for code in _SHAPES if code not in _ABSENT))
        self.trip = published(phase)["V"]
        """The chance that a whole class is on a visit all day."""
        self.part_time = 2 * published(phase)["C2"]
        """The share of pupils who by agreement come in the morning only."""

    def day(self, pupil: Pupil, day: date, rng: Random) -> tuple[str, str]:
        """What the morning and the afternoon of one pupil turn out to be."""
        if pupil.reserved:
            return AM, PM
        if not pupil.run_left:
            drawn = rng.random()
            absent = self._absent.rate * pupil.propensity * _WEEKDAY[day.weekday()]
            if drawn >= absent + self._other.rate:
                return AM, pupil.afternoon
            kind = self._absent if drawn < absent else self._other
            code, first, sessions = rng.choices(kind.episodes, cum_weights=kind.weights)[0]
            if code == "W" and pupil.nc_year < 10:
                code, sessions = "P", 1
            if sessions == 1 and day.weekday() == 4 and code in ("O", "C"):
                first = 1
            pupil.run_code, pupil.run_left = code, sessions
            if first:
                pupil.run_left -= 1
                return AM, code
        code = pupil.run_code
        pupil.run_left -= 1
        if not pupil.run_left:
            return code, pupil.afternoon
        pupil.run_left -= 1
        return code, code
