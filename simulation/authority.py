"""The made-up authority: its places, their sources, staff, classes and pupils. Every name is invented here.

Sources differ on purpose in what they carry, as real feeds do (reference: field 1.1 and 2.4).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import pairwise
from random import Random

CHECK_LETTERS = "ABCDEFGHJKLMNPQRTUVWXYZ"
CLASS_SIZE = 30
FIRST_LOCAL_ID = 1001

_STEMS = (
    "Marram", "Saltmarsh", "Dunlin", "Fernbeck", "Whinfell", "Sandpiper", "Harebell", "Cobblestone", "Larkrise",
    "Thornybrook", "Gannet Hill", "Tidewrack", "Oxlip", "Bramblegate", "Curlew Sands", "Hollowdene", "Kittiwake",
    "Meadowsweet", "Peppercorn", "Quillside", "Ropewalk", "Sloe Lane", "Teasel", "Umberfield", "Vetchling", "Wagtail",
    "Yarrowby", "Zephyr Point",
)  # fmt: skip
_FORENAMES = (
    "Aila", "Barnaby", "Ceri", "Dilys", "Ebrahim", "Fenna", "Gwilym", "Hana", "Idris", "Jory", "Kerensa", "Linus",
    "Mabli", "Nima", "Orla", "Perran", "Quilla", "Rowan", "Sunniva", "Tamsin", "Ulric", "Verity", "Wilf", "Xanthe",
    "Yusra", "Zelda", "Anwen", "Bodhi", "Clem", "Dara", "Elowen", "Farid", "Greer", "Hester", "Ilya", "Juniper",
)  # fmt: skip
_SURNAMES = (
    "Ashgrove", "Birkwhistle", "Coppergate", "Dunnockley", "Elderfen", "Fallowdale", "Gorsehill", "Haddockson",
    "Inglebright", "Jackdawson", "Kelpworth", "Lanternby", "Mossop-Vale", "Nettlefold", "Osierbed", "Pipitson",
    "Quernstone", "Reedmace", "Samphire", "Turnstone", "Underbank", "Viperbugle", "Wheatearson", "Yaffleton",
    "Zostera", "Bilberrow", "Cloudberry", "Driftwood-Lee", "Eiderton", "Fulmarson", "Guillemot", "Hobbyhorse",
)  # fmt: skip
_STREETS = ("Sandgrain Row", "Old Ropewalk", "Kelp Lane", "Lantern Street", "Thrift Close", "Cocklebed Way")


def check_letter(digits: str) -> str:
    """The letter before the twelve characters of a UPN: the sum of position times digit from position 2, modulo 23."""
    worth = [int(c) if c.isdigit() else CHECK_LETTERS.index(c) for c in digits]
    return CHECK_LETTERS[sum(position * w for position, w in enumerate(worth, start=2)) % 23]


class UpnIssuer:
    """Gives each pupil a UPN of its own. Its authority and school are where it was issued, not where the pupil is."""

    def __init__(self, la_code: str) -> None:
        self._la = la_code
        self._given: dict[int, int] = {}

    def issue(self, year: int) -> str:
        """The next UPN of the year (of which the UPN holds two digits)."""
        given = self._given.get(year, 0)
        self._given[year] = given + 1
        digits = f"{self._la}{2000 + given // 999:04d}{year % 100:02d}{given % 999 + 1:03d}"
        return check_letter(digits) + digits


@dataclass(frozen=True, slots=True)
class Profile:
    """What a source is and can carry."""

    name: str
    system: str
    route: str
    delivery: str = "stream"
    carries_person: bool = True
    carries_reason: bool = True
    carries_entry_time: bool = True
    sends_hash: bool = False
    """Sends `#` rows on days when the place is closed."""
    raw: dict[str, str] = field(default_factory=dict)
    """Local codes by the national code that they stand for."""

    @property
    def nightly(self) -> bool:
        """A snapshot at night instead of a stream."""
        return self.delivery != "stream"


DIRECT = Profile("direct", "Lanternlight MIS", "direct")
LOCAL_CODES = Profile(
    "local codes",
    "Cobbler SIS",
    "partner_xml",
    sends_hash=True,
    raw={"I": "ILL", "N": "UNK", "M": "DR", "G": "HOL", "V": "TRIP", "L": "LT", "O": "UNA"},
)
NIGHTLY = Profile(
    "nightly",
    "Nightjar Extracts",
    "aggregator",
    delivery="snapshot_daily",
    carries_person=False,
    carries_reason=False,
    carries_entry_time=False,
)
NAMELESS = Profile("no reasons or names", "Plainfeed", "aggregator", carries_person=False, carries_reason=False)
CLOSURE_ROWS = Profile("closure rows", "Tallyman", "direct", sends_hash=True)
COUNTS = Profile("counts", "Tallyman", "direct")

_MIX = (
    ("Primary", DIRECT),
    ("Secondary", LOCAL_CODES),
    ("Special", NIGHTLY),
    ("PRU", NAMELESS),
    ("Primary", CLOSURE_ROWS),
    ("Primary", NIGHTLY),
    ("Primary", NAMELESS),
    ("Secondary", DIRECT),
    ("Primary", LOCAL_CODES),
    ("Primary", DIRECT),
)
_WEIGHT = {"Primary": 250, "Secondary": 900, "Special": 90, "PRU": 50}
_YEARS = {"Primary": range(7), "Secondary": range(7, 12), "Special": range(12), "PRU": range(9, 12)}
_FIRST_ESTAB = {"Primary": 2001, "Secondary": 4001, "Special": 7001, "PRU": 1101}
_ENDING = {"Primary": "Primary School", "Secondary": "Academy", "Special": "School", "PRU": "Pupil Referral Unit"}


@dataclass(slots=True, eq=False)
class Pupil:
    """A child on a register of one place."""

    mis: str
    upn: str
    full_name: str
    name_used: str
    sex: str
    birth_date: date
    nc_year: int
    address: str
    starting_day: date
    propensity: float
    """How many times as often absent as the average pupil of the phase."""
    part_time: bool = False
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
    """As in the published files, with PRU beside them."""
    profile: Profile
    name: str
    laestab: str
    urn: str
    local_id: str
    source: bytes
    times: tuple[int, int, int, int, int, int]
    """AM begins, register closes, ends; PM the same; minutes of the local day."""
    staff: list[Member]
    groups: list[Group]

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
        """All on roll, class by class."""
        return [pupil for group in self.groups for pupil in group.pupils]


def describe(place: Place) -> dict[str, str | int | bool | None]:
    """The fields of PlaceStated that follow from the kind of place."""
    kind, phase = {
        "Primary": ("maintained", "primary"),
        "Secondary": ("academy", "secondary"),
        "Special": ("maintained", "special"),
        "PRU": ("pru", "ap"),
    }[place.phase]
    years = _YEARS[place.phase]
    return {
        "kind": kind,
        "phase": phase,
        "reg11_binds": kind == "maintained",
        "state_funded": True,
        "in_daily_share": True,
        "boarding": "none",
        "age_low": years[0] + 4,
        "age_high": years[-1] + 5,
        "name": place.name,
        "from": "2019-09-01",
        "address": f"{place.number} {_STREETS[place.number % len(_STREETS)]}, Marram-on-Sea",
        "proprietor": f"The made-up proprietor of {place.name}",
    }


class Authority:
    """Makes places and pupils, all from one generator, so that a seed gives the same authority each time."""

    def __init__(self, la_code: str, start: date, rng: Random) -> None:
        if len(la_code) != 3 or not la_code.isdigit():
            raise ValueError(f"an authority's code has three digits, as 805 has, not {la_code!r}")
        self.la_code = la_code
        self._start = start
        self._rng = rng
        self._upns = UpnIssuer(la_code)
        self._pupils = 0
        self._made: dict[str, int] = {}
        self._places = 0

    def place(self, phase: str, profile: Profile, pupils: int) -> Place:
        """One more place, with its staff and its starting roll in classes of at most thirty."""
        rng = self._rng
        number = self._places
        self._places += 1
        nth = self._made.get(phase, 0)
        self._made[phase] = nth + 1
        stem = _STEMS[number % len(_STEMS)] + ("" if number < len(_STEMS) else f" {number // len(_STEMS) + 1}")
        begins = {"Primary": 530, "Secondary": 515, "Special": 540, "PRU": 555}[phase] + 5 * rng.randrange(2)
        afternoon = 780 if phase != "Secondary" else 800
        years = _YEARS[phase]
        roll = [self.pupil(years[n * len(years) // pupils], spread=True) for n in range(pupils)]
        chunks = -(-pupils // CLASS_SIZE)
        cuts = [n * pupils // chunks for n in range(chunks + 1)]
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
            profile=profile,
            name=f"{stem} {_ENDING[phase]}",
            laestab=f"{self.la_code}{_FIRST_ESTAB[phase] + nth}",
            urn=str(900001 + number),
            local_id=str(FIRST_LOCAL_ID + number),
            source=rng.randbytes(16),
            times=(begins, begins + 30, 720, afternoon, afternoon + 20, 925),
            staff=staff,
            groups=groups,
        )

    def pupil(self, nc_year: int, *, spread: bool = False) -> Pupil:
        """One more pupil of a national curriculum year. `spread`: on roll since the phase began, as most are."""
        rng = self._rng
        self._pupils += 1
        begin = self._start.year if self._start.month >= 8 else self._start.year - 1
        born_after = date(begin - 5 - nc_year, 9, 1)
        birth = born_after + timedelta(days=rng.randrange(365))
        stage = 0 if nc_year < 7 else 7
        entered = begin - (nc_year - stage) if spread else begin
        forename, second, surname = rng.choice(_FORENAMES), rng.choice(_FORENAMES), rng.choice(_SURNAMES)
        return Pupil(
            mis=str(100000 + self._pupils),
            upn=self._upns.issue(begin - nc_year),
            full_name=f"{forename} {second} {surname}",
            name_used=forename,
            sex=rng.choice("FM"),
            birth_date=birth,
            nc_year=nc_year,
            address=f"{rng.randrange(1, 99)} {rng.choice(_STREETS)}, Marram-on-Sea",
            starting_day=self._start if entered == begin else date(entered, 9, 3),
            propensity=_propensity(rng),
        )

    def same_child(self, pupil: Pupil) -> Pupil:
        """The same child at another place: the UPN goes with it, the id of the MIS does not."""
        new = self.pupil(pupil.nc_year)
        new.upn, new.full_name, new.name_used = pupil.upn, pupil.full_name, pupil.name_used
        new.sex, new.birth_date, new.address = pupil.sex, pupil.birth_date, pupil.address
        return new

    def _name(self) -> str:
        return f"{self._rng.choice(_FORENAMES)} {self._rng.choice(_SURNAMES)}"


def _propensity(rng: Random) -> float:
    """One on average, and far from even: most are seldom absent, some often, a few hardly ever come."""
    drawn = rng.random()
    if drawn < 0.85:
        return 0.55 * rng.gammavariate(2.5, 0.4)
    return 2.4 * rng.gammavariate(6, 1 / 6) if drawn < 0.98 else rng.uniform(8, 13)


def _year_name(nc_year: int) -> str:
    return "R" if nc_year == 0 else str(nc_year)


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
    kinds = [_MIX[n % len(_MIX)] for n in range(places)]
    rolls = [10 + part for part in share(pupils - 10 * places, [_WEIGHT[phase] for phase, _ in kinds])]
    made = [authority.place(phase, profile, roll) for (phase, profile), roll in zip(kinds, rolls, strict=True)]
    return authority, made
