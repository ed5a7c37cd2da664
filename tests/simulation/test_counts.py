"""Counts mode sends exactly what was published: no mark more, none less, none twice; and beside it who must not count.

Who counts is worked out here from the messages alone, by law.md 4: nothing is taken from the simulation but its file.
"""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from simulation import Summary, planted_path, simulate_counts
from simulation.counts import CountsNotFound, Stack, halves
from tests.simulation.model import deliveries

SPECIAL = {
    "/": 43154, "\\": 43863, "L": 713, "B": 954, "J": 0, "K": 0, "P": 0, "V": 185, "W": 0, "C": 723, "C1": 0,
    "C2": 887, "E": 520, "H": 0, "I": 4170, "J1": 0, "M": 850, "R": 13, "S": 0, "T": 2, "G": 467, "N": 4, "O": 2070,
    "U": 252, "F": 0,
}  # fmt: skip
AGES = {"Primary": range(5, 11), "Secondary": range(11, 16), "Special": range(5, 16)}
AUGUST = date(2024, 8, 31)
HOLIDAY = date(2025, 5, 26)
NOT_POSSIBLE = frozenset(("X", "D", "Q", "Y1", "Y2", "Y3", "Y4", "Y5", "Y6", "Y7"))
RETIRED = frozenset("FHJ")


@dataclass
class Told:
    """What a source said of its place."""

    codes: dict[str, str] = field(default_factory=dict)
    weekdays: int = 0
    terms: list[tuple[date, date]] = field(default_factory=list)
    closed: set[date] = field(default_factory=set)

    def held(self, day: date) -> bool:
        """By the calendar; where none was told, as far as anyone knows."""
        if not self.terms:
            return True
        in_term = any(first <= day <= last for first, last in self.terms)
        return in_term and bool(self.weekdays >> day.weekday() & 1) and day not in self.closed


@dataclass(frozen=True)
class Entry:
    """A row of a register, and every reason for which it must not count."""

    phase: str
    date: date
    session: str
    pupil: str
    code: str
    why: tuple[str, ...]


@dataclass(frozen=True)
class Person:
    """What a roll says of a pupil that matters here."""

    phase: str
    row: Mapping[str, Any]
    age: int
    begins: date
    last: date
    boards: date

    @classmethod
    def of(cls, phase: str, row: Mapping[str, Any]) -> Person:
        """From a row of a roll."""
        born = date.fromisoformat(row["birth_date"])
        age = AUGUST.year - born.year - ((AUGUST.month, AUGUST.day) < (born.month, born.day))
        begins, last = date.fromisoformat(row["starting_day"]), date.fromisoformat(row["leaving_on"] or "2999-12-31")
        boards = date.max if row["boarder"] in (None, "no") else date.fromisoformat(row["boarder_from"])
        return cls(phase, row, age, begins, last, boards)


@lru_cache(maxsize=8)
def people(path: Path) -> dict[str, Person]:
    """Everyone on a roll, by the source's id."""
    places = {d.record["local_id"]: d.record["phase"].title() for d in deliveries(path) if d.name == "PlaceStated"}
    stated = [d.record for d in deliveries(path) if d.name == "PupilsStated"]
    return {row["mis_pupil"]: Person.of(places[said["local_id"]], row) for said in stated for row in said["pupils"]}


@lru_cache(maxsize=8)
def entries(path: Path) -> tuple[Entry, ...]:
    """Every row of every register of a file."""
    return tuple(_entries(path))


def _entries(path: Path) -> Iterator[Entry]:
    told: dict[str, Told] = {}
    for d in deliveries(path):
        record = d.record
        place = told.setdefault(d.source, Told())
        if d.name == "SessionTimesStated":
            place.weekdays = record["times"][0]["weekdays"]
        elif d.name == "CalendarStated":
            place.terms = [(date.fromisoformat(t["from"]), date.fromisoformat(t["to"])) for t in record["terms"]]
            place.closed = {date.fromisoformat(c["from"]) for c in record["closures"]}
        elif d.name == "CodesStated":
            place.codes = {row["raw"]: row["code"] for row in record["codes"]} | {code: code for code in RETIRED}
        elif d.name == "RegisterTaken":
            day = date.fromisoformat(record["date"])
            held = place.held(day)
            for mark in record["marks"]:
                pupil = people(path)[mark["mis_pupil"]]
                code = place.codes.get(mark["code"], "")
                why = tuple(_reasons(pupil, day, code, held))
                yield Entry(pupil.phase, day, record["session"], mark["mis_pupil"], code, why)


def _reasons(pupil: Person, day: date, code: str, held: bool) -> Iterator[str]:
    """Every reason of law.md 1.4 and 4 for which an entry stands in no published figure."""
    if not code:
        yield "unmapped"
    if code in ("Z", "#"):
        yield "no_mark"
    if code in NOT_POSSIBLE:
        yield "not_possible"
    if not pupil.begins <= day <= pupil.last:
        yield "off_roll"
    if pupil.row["enrolment_status"] == "G":
        yield "guest"
    if day >= pupil.boards:
        yield "boarder"
    if not held:
        yield "not_held"
    if pupil.age < 5:
        yield "under_five"
    if pupil.age > 15:
        yield "over_fifteen"
    if pupil.age == 15 and day >= HOLIDAY:
        yield "year_11"
    if pupil.begins >= HOLIDAY and pupil.row["admission"] != "transferred_on_succession":
        yield "late_joiner"


def counted(path: Path) -> list[Entry]:
    """The rows that count."""
    return [entry for entry in entries(path) if not entry.why]


@pytest.fixture(scope="module")
def special(tmp_path_factory: pytest.TempPathFactory, published_csv: Path) -> Summary:
    return simulate_counts(tmp_path_factory.mktemp("counts") / "special.avro", published_csv, "805", "Special")


@pytest.fixture(scope="module")
def a_fifth(tmp_path_factory: pytest.TempPathFactory, published_csv: Path) -> Path:
    """Counts of all three phases, each a fifth of those of Hartlepool's special schools."""
    with published_csv.open(encoding="utf-8-sig", newline="") as file:
        (row,) = (r for r in csv.DictReader(file) if (r["old_la_code"], r["education_phase"]) == ("805", "Special"))
    row |= {name: str(int(n) // 5) for name, n in row.items() if name.startswith("reason_")}
    authorised = sum(int(n) for name, n in row.items() if "_authorised_" in name)
    possible = sum(int(n) for name, n in row.items() if name.startswith("reason_") and name != "reason_present")
    row |= {"authorised_absence": str(authorised), "possible_sessions": str(possible), "enrolments": "53.5"}
    path = tmp_path_factory.mktemp("counts") / "fifth.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, row)
        writer.writeheader()
        writer.writerows({**row, "education_phase": phase} for phase in AGES)
    return path


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory, a_fifth: Path) -> Summary:
    """Those, as a file."""
    return simulate_counts(tmp_path_factory.mktemp("counts") / "three.avro", a_fifth, "805")


def test_hartlepools_special_schools_get_their_98827_sessions_code_by_code(special: Summary) -> None:
    sent = Counter(entry.code for entry in counted(special.path))
    assert sent == Counter({code: n for code, n in SPECIAL.items() if n})
    assert sent.total() == sum(SPECIAL.values()) == 98827
    assert special.expected_counts == {"Special": SPECIAL}


def test_each_phase_gets_its_own_whoever_stands_beside(three: Summary) -> None:
    for phase in AGES:
        sent = Counter(entry.code for entry in counted(three.path) if entry.phase == phase)
        assert sent == Counter({code: n // 5 for code, n in SPECIAL.items() if n // 5})


def test_who_counts_is_of_an_age_that_is_published_and_in_the_year_group_of_that_age(three: Summary) -> None:
    ages: dict[str, set[int]] = {phase: set() for phase in AGES}
    birthdays: dict[str, set[str]] = {phase: set() for phase in AGES}
    for pupil in (people(three.path)[mis] for mis in {entry.pupil for entry in counted(three.path)}):
        ages[pupil.phase].add(pupil.age)
        birthdays[pupil.phase].add(pupil.row["birth_date"][5:])
        assert pupil.row["nc_year"] == pupil.age - 4
    assert ages == {phase: set(of_phase) for phase, of_phase in AGES.items()}
    assert all({"09-01", "08-31"} < of_phase for of_phase in birthdays.values()), "the edges of a year are there"


def test_fifteen_year_olds_are_counted_until_the_week_of_the_spring_bank_holiday_and_others_beyond(
    three: Summary,
) -> None:
    last: dict[tuple[str, bool], date] = {}
    for entry in counted(three.path):
        key = entry.phase, people(three.path)[entry.pupil].age == 15
        last[key] = max(last.get(key, entry.date), entry.date)
    assert last.pop(("Secondary", True)) == last.pop(("Special", True)) == date(2025, 5, 23)
    assert set(last.values()) == {date(2025, 7, 25)}


def test_who_begins_late_and_counts_began_before_that_holiday_or_not_anew(three: Summary) -> None:
    late = [
        p for p in (people(three.path)[mis] for mis in {e.pupil for e in counted(three.path)}) if p.begins.year == 2025
    ]
    begun = Counter((pupil.row["admission"], pupil.row["starting_day"]) for pupil in late)
    assert begun == {("in_year", "2025-05-23"): 6, ("transferred_on_succession", "2025-06-02"): 6}


def test_what_must_not_count_is_listed_by_its_one_reason_and_code(three: Summary) -> None:
    found: dict[str, dict[str, dict[str, int]]] = {}
    for entry in entries(three.path):
        if entry.why:
            (why,) = entry.why
            codes = found.setdefault(entry.phase, {}).setdefault(why, {})
            codes[entry.code] = codes.get(entry.code, 0) + 1
    assert found == three.left_out == json.loads(planted_path(three.path).read_text("utf-8"))["left_out"]
    every = {"unmapped", "no_mark", "not_possible", "off_roll", "guest", "boarder", "not_held", "late_joiner"}
    assert set(found["Primary"]) == every | {"under_five"}
    assert set(found["Secondary"]) == every | {"over_fifteen", "year_11"}
    assert set(found["Special"]) == every | {"under_five", "over_fifteen", "year_11"}
    assert set(found["Special"]["not_possible"]) == NOT_POSSIBLE
    assert three.marks == len(entries(three.path))


def test_each_reason_would_be_seen_in_the_fifth_decimal_of_forty_million_sessions(special: Summary) -> None:
    possible, absent = 40_188_878, 2_130_413
    for why, codes in special.left_out["Special"].items():
        more, absent_more = sum(codes.values()), sum(n for code, n in codes.items() if code not in ("/", "\\"))
        before, after = 100 * absent / possible, 100 * (absent + absent_more) / (possible + more)
        assert abs(after - before) > 0.00001, why


def test_one_place_of_a_phase_tells_no_calendar_and_there_the_week_of_the_holiday_has_registers(three: Summary) -> None:
    tell = {d.source for d in deliveries(three.path) if d.name == "CalendarStated"}
    sources = {d.source: d.record["local_id"] for d in deliveries(three.path) if d.name == "PupilsStated"}
    silent = {local for source, local in sources.items() if source not in tell}
    phases = Counter(
        d.record["phase"] for d in deliveries(three.path) if d.name == "PlaceStated" and d.record["local_id"] in silent
    )
    assert phases == {"primary": 1, "secondary": 1, "special": 1}
    week = {
        (d.source in tell, d.record["date"])
        for d in deliveries(three.path)
        if d.name == "RegisterTaken" and "2025-05-26" <= d.record["date"] <= "2025-05-30"
    }
    assert week == {(False, f"2025-05-{day}") for day in range(26, 31)}


def test_without_others_every_row_counts_and_every_place_tells_its_calendar(tmp_path: Path, a_fifth: Path) -> None:
    made = simulate_counts(tmp_path / "x.avro", a_fifth, "805", "Special", others=False)
    assert made.left_out == {}
    assert [entry for entry in entries(made.path) if entry.why] == []
    assert Counter(entry.code for entry in entries(made.path)).total() == made.marks
    names = Counter(d.name for d in deliveries(made.path))
    assert names["CalendarStated"] == names["PupilsStated"] == 3


def test_a_pupil_has_at_most_one_mark_a_session_and_strokes_keep_to_their_half_of_the_day(special: Summary) -> None:
    seen: set[tuple[date, str, str]] = set()
    for entry in entries(special.path):
        cell = (entry.date, entry.session, entry.pupil)
        assert cell not in seen
        seen.add(cell)
        assert entry.code != ("\\" if entry.session == "AM" else "/")
    assert len({entry.date for entry in counted(special.path)}) == 195


def test_every_marked_pupil_is_on_a_roll_and_every_file_is_in_order(special: Summary) -> None:
    known: set[str] = set()
    last = 0
    for d in deliveries(special.path):
        assert d.received_at >= last
        last = d.received_at
        if d.name == "PupilsStated":
            known.update(row["mis_pupil"] for row in d.record["pupils"])
        elif d.name == "RegisterTaken":
            assert len(d.record["marks"]) <= 30
            assert all(row["mis_pupil"] in known for row in d.record["marks"])
    assert len({entry.pupil for entry in counted(special.path)}) == 268, "the published enrolments, rounded up"


def test_sequences_of_a_source_have_no_gap(special: Summary) -> None:
    last: dict[str, int] = {}
    for d in deliveries(special.path):
        if d.source != "operator":
            assert d.record["sequence"] == last.get(d.source, 0) + 1
            last[d.source] = d.record["sequence"]


def test_codes_are_spread_over_days_and_some_pupils_are_absent_far_more_than_others(special: Summary) -> None:
    ill = [entry for entry in counted(special.path) if entry.code == "I"]
    illness = Counter(entry.date for entry in ill)
    by_pupil = Counter(entry.pupil for entry in ill)
    assert len(illness) == 195
    assert max(illness.values()) < 3 * 4170 / 195
    assert by_pupil.most_common(1)[0][1] > 4 * 4170 / 268


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path: Path, published_csv: Path) -> None:
    files = []
    for n, seed in enumerate((4, 4, 5)):
        out = tmp_path / f"{n}.avro"
        simulate_counts(out, published_csv, "805", "special", seed=seed)
        files.append(out.read_bytes())
    assert files[0] == files[1] != files[2]


def test_all_phases_of_an_authority_are_read_and_authorised_remainders_become_f(published_csv: Path) -> None:
    from simulation.counts import read_counts

    start, counts, _ = read_counts(published_csv, "886", None)
    assert start.isoformat() == "2024-09-02"
    assert set(counts) == {"Primary", "Secondary", "Special"}
    assert counts["Secondary"]["F"] == 21
    assert sum(sum(c.values()) for c in counts.values()) == 40188878 + 32658000 + 1995811


def test_what_the_file_does_not_have_is_named(tmp_path: Path, published_csv: Path) -> None:
    with pytest.raises(CountsNotFound, match="authority 999"):
        simulate_counts(tmp_path / "x.avro", published_csv, "999")
    with pytest.raises(CountsNotFound, match="phase Nursery"):
        simulate_counts(tmp_path / "x.avro", published_csv, "805", "Nursery")
    assert not list(tmp_path.iterdir())


def test_mornings_and_afternoons_are_as_even_as_the_strokes_let_them_be() -> None:
    morning, afternoon = halves(SPECIAL)
    assert abs(sum(morning.values()) - sum(afternoon.values())) < 25
    assert Counter(morning) + Counter(afternoon) == Counter({code: n for code, n in SPECIAL.items() if n})


@pytest.mark.parametrize("capacity", [100, 101, 137, 400])
def test_a_stack_is_dealt_to_the_last_mark_however_tight_it_is(capacity: int) -> None:
    stack = Stack({"/": 60, "I": 30, "O": 10}, "/", capacity)
    dealt = 0
    sizes = [7] * (capacity // 7) + ([capacity % 7] if capacity % 7 else [])
    for size in sizes:
        marks, others = stack.take(size, 1.5, 0.5)
        assert 0 <= others <= marks <= size
        dealt += marks
        for _ in range(others):
            stack.draw(0.99)
    assert (dealt, stack.remaining, stack.absent, stack.left) == (100, 0, 0, [0, 0])


def test_more_marks_than_sessions_are_refused() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        Stack({"/": 11}, "/", 10)
