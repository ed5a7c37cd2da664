"""The made-up authority: its places, their staff, classes, houses and pupils, all from one generator."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import pairwise
from random import Random

from simulation.names import FORENAMES, STEMS, STREETS, SURNAMES, TOWN
from simulation.sources import CLOSURE_ROWS, DIRECT, LOCAL_CODES, NAMELESS, NIGHTLY, PROVIDER, Profile
from simulation.upns import UpnIssuer

CLASS_SIZE = 30
FIRST_LOCAL_ID = 1001
AM, PM = "/", "\\"
"""Present, in the morning and in the afternoon."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of school."""

    phase: str
    """As in the published files, with PRU beside them."""
    profile: Profile
    nursery: bool = False
    """Takes three-year-olds, who come in the morning."""
    reception: bool = True
    """Else its youngest are five on 31 August."""
    sixth_form: bool = False
    boarding: bool = False
    """One in ten of its pupils boards: on the roll, and in no register (regulation 10(1))."""

    @property
    def years(self) -> range:
        """The national curriculum years that it takes."""
        years = _YEARS[self.phase]
        youngest = years[0] - self.nursery if self.reception else max(1, years[0])
        return range(youngest, years[-1] + 1 + 2 * self.sixth_form)


ROUND = (
    Kind("Primary", DIRECT),
    Kind("Secondary", LOCAL_CODES),
    Kind("Special", NIGHTLY),
    Kind("PRU", NAMELESS),
    Kind("Primary", CLOSURE_ROWS, nursery=True),
    Kind("Primary", NIGHTLY),
    Kind("Primary", NAMELESS),
    Kind("Secondary", DIRECT, sixth_form=True, boarding=True),
    Kind("Primary", LOCAL_CODES),
    Kind("Primary", DIRECT),
)
"""Ten places; an authority is as many rounds of them as it needs."""
_WEIGHT = {"Primary": 250, "Secondary": 900, "Special": 90, "PRU": 50}
_YEARS = {"Primary": range(7), "Secondary": range(7, 12), "Special": range(12), "PRU": range(9, 12)}
_FIRST_ESTAB = {"Primary": 2001, "Secondary": 4001, "Special": 7001, "PRU": 1101}
_ENDING = {"Primary": "Primary School", "Secondary": "Academy", "Special": "School", "PRU": "Pupil Referral Unit"}
_BOARDERS = 10
_NIGHTS = ("boarder", "six_nights", "seven_nights")


@dataclass(slots=True, eq=False)
class Pupil:
    """A child on a register of one place."""

    mis: str
    upn: str | None
    full_name: str
    name_used: str
    sex: str
    birth_date: date
    nc_year: int
    address: str
    starting_day: date
    propensity: float
    """How many times as often absent as the average pupil of the phase."""
    afternoon: str = PM
    """What an afternoon in which nothing happens says: present, or the code of who comes in the morning only."""
    boarder: str | None = None
    status: str = "C"
    """Enrolment status: current, or main or subsidiary where two schools have the child."""
    special: bool = False
    """At a special school."""
    reserved: bool = False
    """Kept for planted things: in school, unless one of them says otherwise."""
    run_code: str = ""
    run_left: int = 0
    """Sessions that the present absence still lasts."""


@dataclass(slots=True, eq=False)
class Group:
    """A class, with the member of staff who takes its register."""

    name: str
    taker: str
    pupils: list[Pupil]


@dataclass(frozen=True, slots=True)
class Member:
    """A member of staff (or a login that several share)."""

    user_id: str
    name: str
    kind: str = "staff"
    office: str | None = None


@dataclass(slots=True, eq=False)
class Place:
    """A school or unit, and the one source that speaks for it."""

    number: int
    phase: str
    """As in the published files, with PRU and Provider beside them."""
    profile: Profile
    name: str
    laestab: str | None
    """A provider has none, and no URN."""
    urn: str | None
    local_id: str
    source: bytes
    times: tuple[int, int, int, int, int, int]
    """AM begins, register closes, ends; PM the same; minutes of the local day."""
    staff: list[Member]
    groups: list[Group]
    years: range = range(0)
    houses: list[Group] = field(default_factory=list)
    """Boarders: on the roll, in no register."""
    ukprn: str | None = None

    @property
    def called(self) -> str:
        """By what the list of planted things names it: its LAESTAB, or a provider's own id."""
        return self.laestab or self.local_id

    @property
    def officer(self) -> str:
        """The user id of the attendance officer."""
        return self.staff[1].user_id

    @property
    def shared_login(self) -> str:
        """The user id that the whole office knows."""
        return self.staff[2].user_id

    @property
    def pupils(self) -> list[Pupil]:
        """All who are in a register, class by class."""
        return [pupil for group in self.groups for pupil in group.pupils]

    @property
    def roll(self) -> list[tuple[Pupil, Group]]:
        """All on the roll, boarders last."""
        return [(pupil, group) for group in (*self.groups, *self.houses) for pupil in group.pupils]


_KINDS = {
    "Primary": ("maintained", "primary"),
    "Secondary": ("academy", "secondary"),
    "Special": ("maintained", "special"),
    "PRU": ("pru", "ap"),
    "Provider": ("unregistered_provider", "none"),
}


def describe(place: Place) -> dict[str, str | int | bool | None]:
    """The fields of PlaceStated that follow from the kind of place."""
    kind, phase = _KINDS[place.phase]
    school = place.phase != "Provider"
    return {
        "kind": kind,
        "phase": phase,
        "reg11_binds": kind == "maintained",
        "state_funded": school,
        "in_daily_share": school,
        "boarding": "some" if place.houses else "none",
        "age_low": place.years[0] + 4 if school else None,
        "age_high": place.years[-1] + 5 if school else None,
        "ukprn": place.ukprn,
        "name": place.name,
        "from": "2019-09-01",
        "address": f"{place.number} {STREETS[place.number % len(STREETS)]}, {TOWN}",
        "proprietor": f"The made-up proprietor of {place.name}",
    }


class Authority:
    """Makes places and pupils, all from one generator, so that a seed gives the same authority each time."""

    def __init__(self, la_code: str, start: date, rng: Random) -> None:
        if len(la_code) != 3 or not la_code.isdigit():
            raise ValueError(f"an authority's code has three digits, as 805 has, not {la_code!r}")
        self.la_code = la_code
        self.start = start
        self._rng = rng
        self._upns = UpnIssuer(la_code)
        self._pupils = 0
        self._made: dict[str, int] = {}
        self._places = 0
        self._providers = 0

    def place(self, kind: Kind, pupils: int) -> Place:
        """One more place, with its staff and its starting roll in classes of at most thirty."""
        rng, phase, years = self._rng, kind.phase, kind.years
        number = self._places
        self._places += 1
        nth = self._made.get(phase, 0)
        self._made[phase] = nth + 1
        stem = STEMS[number % len(STEMS)] + ("" if number < len(STEMS) else f" {number // len(STEMS) + 1}")
        begins = {"Primary": 530, "Secondary": 515, "Special": 540, "PRU": 555}[phase] + 5 * rng.randrange(2)
        afternoon = 780 if phase != "Secondary" else 800
        roll = [self.pupil(years[n * len(years) // pupils], spread=True) for n in range(pupils)]
        for pupil in roll:
            pupil.special = phase == "Special"
        boarders = roll[::_BOARDERS] if kind.boarding else []
        for n, pupil in enumerate(boarders):
            pupil.boarder = _NIGHTS[n % 3]
        if boarders:
            roll = [pupil for pupil in roll if pupil.boarder is None]
        chunks = -(-len(roll) // CLASS_SIZE)
        cuts = [n * len(roll) // chunks for n in range(chunks + 1)]
        staff = [
            Member(f"H{number + 1:03d}", self._name(), office="teacher_in_charge" if phase == "PRU" else "head"),
            Member(f"A{number + 1:03d}", self._name(), office="attendance_champion"),
            Member(f"OFFICE{number + 1:03d}", "School office", kind="shared_login"),
        ]
        groups: list[Group] = []
        letters: dict[str, int] = {}
        for first, last in pairwise(cuts):
            members = roll[first:last]
            low, high = members[0].nc_year, members[-1].nc_year
            year = _year_name(low) if low == high else f"{_year_name(low)}-{_year_name(high)}"
            letters[year] = letters.get(year, -1) + 1
            teacher = Member(f"T{number + 1:03d}-{len(groups) + 1:02d}", self._name())
            staff.append(teacher)
            groups.append(Group(year + _letter(letters[year]), teacher.user_id, members))
        return Place(
            number=number + 1,
            phase=phase,
            profile=kind.profile,
            name=f"{stem} {_ENDING[phase]}",
            laestab=f"{self.la_code}{_FIRST_ESTAB[phase] + nth}",
            urn=str(900001 + number),
            local_id=str(FIRST_LOCAL_ID + number),
            source=rng.randbytes(16),
            times=(begins, begins + 30, 720, afternoon, afternoon + 20, 925),
            staff=staff,
            groups=groups,
            years=years,
            houses=[Group("House", staff[1].user_id, boarders)] if boarders else [],
        )

    def provider(self) -> Place:
        """An unregistered provider of education off site: a place without roll or codes, with a source of its own."""
        self._providers += 1
        number = 9000 + self._providers
        return Place(
            number=number,
            phase="Provider",
            profile=PROVIDER,
            name=f"{STEMS[-self._providers % len(STEMS)]} Workshop {self._providers}",
            laestab=None,
            urn=None,
            local_id=f"AP{self._providers:03d}",
            source=self._rng.randbytes(16),
            times=(540, 570, 720, 780, 800, 900),
            staff=[Member(f"P{self._providers:03d}", self._name(), "provider_staff", "person_in_charge")],
            groups=[],
            ukprn=str(10090000 + self._providers),
        )

    def pupil(self, nc_year: int, *, spread: bool = False) -> Pupil:
        """One more pupil of a national curriculum year. `spread`: on roll since the phase began, as most are."""
        rng = self._rng
        self._pupils += 1
        begin = self.start.year if self.start.month >= 8 else self.start.year - 1
        born_after = date(begin - 5 - nc_year, 9, 1)
        birth = born_after + timedelta(days=rng.randrange(365))
        stage = 0 if nc_year < 7 else 7
        entered = begin - max(0, nc_year - stage) if spread else begin
        forename, second, surname = rng.choice(FORENAMES), rng.choice(FORENAMES), rng.choice(SURNAMES)
        return Pupil(
            mis=str(100000 + self._pupils),
            upn=self._upns.issue(begin - nc_year),
            full_name=f"{forename} {second} {surname}",
            name_used=forename,
            sex=rng.choice("FM"),
            birth_date=birth,
            nc_year=nc_year,
            address=f"{rng.randrange(1, 99)} {rng.choice(STREETS)}, {TOWN}",
            starting_day=self.start if entered == begin else date(entered, 9, 3),
            propensity=_propensity(rng),
            afternoon="X" if nc_year < 0 or (nc_year > 11 and self._pupils % 2) else PM,
        )

    def temporary_upn(self) -> str:
        """A temporary UPN."""
        return self._upns.temporary(self.start.year)

    def same_child(self, pupil: Pupil) -> Pupil:
        """The same child at another place: the UPN goes with it, the id of the MIS does not."""
        new = self.pupil(pupil.nc_year)
        new.upn, new.full_name, new.name_used = pupil.upn, pupil.full_name, pupil.name_used
        new.sex, new.birth_date, new.address = pupil.sex, pupil.birth_date, pupil.address
        return new

    def _name(self) -> str:
        return f"{self._rng.choice(FORENAMES)} {self._rng.choice(SURNAMES)}"


def _propensity(rng: Random) -> float:
    """One on average, and far from even: most are seldom absent, some often, a few hardly ever come."""
    drawn = rng.random()
    if drawn < 0.85:
        return 0.55 * rng.gammavariate(2.5, 0.4)
    return 2.4 * rng.gammavariate(6, 1 / 6) if drawn < 0.98 else rng.uniform(8, 13)


def _year_name(nc_year: int) -> str:
    return {-1: "N", 0: "R"}.get(nc_year, str(nc_year))


def _letter(nth: int) -> str:
    letter = chr(65 + nth % 26)
    return letter if nth < 26 else letter + str(nth // 26 + 1)


def share(total: int, weights: Sequence[float]) -> list[int]:
    """`total` divided in proportion, exactly (each part the difference of two rounded-down sums)."""
    whole = sum(weights)
    ends = [0]
    running = 0.0
    for weight in weights:
        running += weight
        ends.append(int(total * running / whole + 1e-9))
    ends[-1] = total
    return [b - a for a, b in pairwise(ends)]


def mixed(la_code: str, start: date, rng: Random, *, places: int, pupils: int) -> tuple[Authority, list[Place]]:
    """Primary, secondary, special and PRU places that together hold this many pupils."""
    if places < 1:
        raise ValueError("a simulation needs at least one place")
    if pupils < 10 * places:
        raise ValueError(f"{places} places need at least {10 * places} pupils, not {pupils}")
    authority = Authority(la_code, start, rng)
    kinds = [ROUND[n % len(ROUND)] for n in range(places)]
    rolls = [10 + part for part in share(pupils - 10 * places, [_WEIGHT[kind.phase] for kind in kinds])]
    return authority, [authority.place(kind, roll) for kind, roll in zip(kinds, rolls, strict=True)]
