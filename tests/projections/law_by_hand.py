"""Small worlds of which a person has worked out what the law says: its own examples, and its corners one by one.

They try the model, and beside each other they make a county that has every rule in it: see test_law_by_model.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from tests.projections.facts_by_hand import school_days
from tests.projections.law_model import Found, monday_of
from tests.projections.law_worlds import EARLY, Stay, Telling, World, line_row

AUTUMN, SPRING = list(school_days(date(2025, 9, 1), 75)), list(school_days(date(2026, 1, 5), 60))
DAYS = [*AUTUMN, *SPRING]
PRESENT = ("/", "\\")
ABSENT = ("O", "O")
EVENING = EARLY + 100
"""When what a school says later is said."""


class Told:
    """A school with a calendar, and what is said of its pupils, all in one go and in this order."""

    def __init__(self, days: Iterable[date] = DAYS, place: int = 1) -> None:
        self.days = list(days)
        self.telling = Telling(self.days[0])
        self.place(place, self.days)
        self.turn = EARLY + 1
        self.made: World | None = None

    def say(self, table: str, **row: Any) -> None:
        self.turn += 0.001
        self.telling.say(self.turn, table, **row)

    def place(self, place: int, days: Iterable[date]) -> None:
        self.telling.say(EARLY - 1, "place", place=place, boarding="none")
        for day in days:
            for session in (1, 2):
                where = {"place": place, "session_date": day, "session": session}
                self.telling.say(EARLY, "school_session", **where, status="held")

    def line(
        self, line: int = 1, first: date | None = None, birth: date | None = date(2014, 1, 15), **about: Any
    ) -> None:
        usual = Stay(line, about.pop("place", 1), line, first or self.days[0], date(2026, 8, 31))
        self.say("line", **line_row(usual, birth, **about))

    def day(self, day: date, morning: str | None, afternoon: str | None, line: int = 1, place: int = 1) -> None:
        for session, code in ((1, morning), (2, afternoon)):
            if code is not None:
                where = {"place": place, "session_date": day, "session": session, "line": line, "kind": "mark"}
                self.say("mark", **where, week_start=monday_of(day), code=code)

    def all(self, days: Iterable[date], morning: str | None, afternoon: str | None, **about: Any) -> None:
        for day in days:
            self.day(day, morning, afternoon, **about)

    def amended(self, day: date, session: int, original: str, code: str | None, line: int = 1, **about: Any) -> None:
        kind = "withdrawal" if code is None else "amendment"
        where = {"place": 1, "session_date": day, "session": session, "line": line, "kind": kind}
        self.say("mark", **where, week_start=monday_of(day), code=code)
        said = {"original": original if code else None, "new": code, "amended_on": None, "said_on": None, **about}
        self.say("change", **where, **said)

    def closed(self, day: date, status: str, sessions: Iterable[int] = (1, 2), place: int = 1) -> None:
        for session in sessions:
            self.say("school_session", place=place, session_date=day, session=session, status=status)

    def world(self) -> World:
        """As told so far: the same one as long as nothing is added."""
        if self.made is None or len(self.made.facts) != len(self.telling.words):
            self.made = World(self.telling.in_order(), self.telling.beginning, date(2025, 10, 1))
        return self.made


@dataclass(frozen=True)
class Case:
    """A sentence of the law, a world that has it in it, and what a check must say of that: some columns of its rows."""

    sentence: str
    world: World
    check: str
    columns: slice
    right: set[Found]


CASES: list[Case] = []
ALL = slice(None)
RUNS, TEN, KNOWN = "runs of absence", "ten sessions in ten school weeks", "when ten sessions could first be known"
N, SICK, YEAR = "N that stands", "prompts for the sickness return", "sums of the year"
SINCE = "persistent and severe absence, and since when"


def case(sentence: str, told: Told, check: str, right: set[Found], columns: slice = ALL) -> None:
    CASES.append(Case(sentence, told.world(), check, columns, right))


def _which_entries_count() -> None:
    right: set[Found]
    about: dict[str, Any]
    told = Told()
    told.line()
    told.all(DAYS[:4], *PRESENT)
    saturday = DAYS[4] + timedelta(days=1)
    for day, status in ((DAYS[4], "planned_closure"), (saturday, "no_such_session"), (DAYS[5], "outside_term")):
        told.day(day, *ABSENT)
        told.closed(day, status)
    told.day(DAYS[6], *ABSENT)
    told.closed(DAYS[6], "cancelled")
    case("a session not held is no possible one", told, YEAR, {(8, 0)}, slice(2, 4))

    told = Told(DAYS[:1])
    told.line()
    told.all(DAYS[5:17], "O", "N")
    case("where no calendar was told an entry counts in sums", told, YEAR, {(24, 24)}, slice(2, 4))
    case("where no calendar was told N has no date on which it is due", told, N, {(None, 0)}, slice(3, 5))
    case("where no calendar was told there is no run", told, RUNS, set())
    case("where no calendar was told no ten sessions are counted", told, TEN, set())
    case("where no calendar was told nobody could know of ten sessions", told, KNOWN, set())

    told = Told()
    told.line()
    told.all(DAYS[:12], *ABSENT)
    told.day(DAYS[12], "N", "I")
    told.say("boarding", line=1, from_date=DAYS[0], boarder=1)
    for check in (RUNS, TEN, N, YEAR, SICK):
        case(f"of a boarder nothing is counted: {check}", told, check, set())

    told = Told()
    told.line()
    told.all(DAYS[:22], *ABSENT)
    told.say("boarding", line=1, from_date=DAYS[0], boarder=1)
    told.say("boarding", line=1, from_date=DAYS[11], boarder=0)
    told.say("boarding", line=1, from_date=DAYS[0], boarder=1)
    of = (DAYS[11], DAYS[21], 11)
    case("a day on which the pupil boards is no day of a run", told, RUNS, {of}, slice(3, 6))

    why = slice(0, 6)
    for about, code, reason in (
        ({}, "", "unmapped"),
        ({"in_error": 1}, "", "unmapped"),
        ({"guest": 1}, "Z", "no_mark"),
        ({"in_error": 1}, "Z", "no_mark"),
        ({}, "#", "no_mark"),
        ({"entered": 0}, "O", "off_roll"),
        ({"entered": 0, "guest": 1}, "O", "guest"),
        ({"to_date": DAYS[1], "guest": 1}, "O", "off_roll"),
        ({"in_error": 1}, "O", "off_roll"),
        ({"to_date": DAYS[1]}, "O", "off_roll"),
        ({"from_date": DAYS[3]}, "O", "off_roll"),
        ({"guest": 1, "board": 1}, "O", "guest"),
        ({"board": 1}, "O", "boarder"),
        ({}, "O", "not_held"),
    ):
        told = Told()
        board = about.pop("board", 0)
        told.line(1, **about)
        if board:
            told.say("boarding", line=1, from_date=DAYS[0], boarder=1)
        told.day(DAYS[2], code, None)
        told.closed(DAYS[2], "planned_closure")
        class_ = {"": "", "Z": "ADM", "#": "ADM"}.get(code, "UNAUTH")
        right = {(1, DAYS[2], 1, code, class_, reason)}
        case(f"of reasons the first that holds: {reason} {about}", told, "which entries count, and why not", right, why)


def _runs() -> None:
    right: set[Found]
    told = Told()
    told.line(birth=date(2020, 10, 10))
    away = [day for day in DAYS if date(2025, 12, 1) <= day <= date(2026, 1, 30)]
    told.all(away, *ABSENT)
    of_age = [day for day in away if day >= date(2025, 12, 31)]
    right = {(1, 1, of_age[0], of_age[-1], len(of_age), date(2026, 1, 1), date(2026, 1, 31))}
    case(
        "a run that begins before compulsory school age is returned for the days of age",
        *(told, "the attendance return for ten days", right),
    )
    told = Told(school_days(date(2026, 6, 8), 30))
    told.line(birth=date(2010, 6, 1))
    told.all(told.days, *ABSENT)
    june = told.days[:15]  # to the last Friday, the 26th
    right = {(june[0], june[-1], 15)}
    case(
        "a run that goes on after compulsory school age is returned for the days of age",
        *(told, "the attendance return for ten days", right, slice(2, 5)),
    )
    of_day = {
        ("O", "O"): ([(1, 22)], [(1, 22)]),
        ("O", "I"): ([(6, 22)], [(6, 22)]),
        ("/", "O"): ([(6, 22)], [(6, 22)]),
        ("O", "C2"): ([(6, 22)], [(6, 22)]),
        ("O", None): ([(6, 22)], [(6, 22)]),
        ("U", "N"): ([(1, 22)], [(6, 22)]),
        ("Y4", "Y4"): ([(1, 22)], [(1, 22)]),
        ("Y4", "O"): ([(1, 22)], [(1, 22)]),
        ("Y4", "I"): ([(6, 22)], [(6, 22)]),
    }
    for fifth, (ten, twenty) in of_day.items():
        told = Told()
        told.line()
        for number, day in enumerate(DAYS[:22], 1):
            told.day(day, *(fifth if number == 5 else ABSENT))
        right = {("GNOU", 1, 1, DAYS[a - 1], DAYS[b - 1]) for a, b in ten}
        right |= {("GNO", 1, 1, DAYS[a - 1], DAYS[b - 1]) for a, b in twenty}
        case(f"a day of a run is absent whole, without another code: {fifth}", told, RUNS, right, slice(0, 5))
    for number in (9, 10):
        told = Told()
        told.line()
        told.all(DAYS[3 : 3 + number], *ABSENT)
        right = {(DAYS[3], DAYS[12])} if number == 10 else set()
        case(f"a run has ten school days: {number}", told, RUNS, right, slice(3, 5))
    told = Told()
    told.line()
    told.all([*DAYS[:3], *DAYS[4:12]], *ABSENT)
    told.closed(DAYS[3], "cancelled")
    case("a day wholly cancelled is skipped, and counted beside", told, RUNS, {(11, 1)}, slice(5, 7))


def _thresholds() -> None:
    right: set[Found]
    mondays = [day for day in DAYS if day.weekday() == 0][8:]
    for last, met in ((9, 1), (10, 0)):
        told = Told()
        told.line()
        for monday in [*mondays[:9], mondays[last]]:
            told.day(monday, "/", "U")
        right = {(mondays[9], mondays[9], 10)} if met else set()
        case(f"ten sessions lie within ten weeks with a session: {last}", told, TEN, right, slice(2, 5))
    for first, met in ((date(2024, 8, 16), 0), (date(2024, 8, 19), 1)):
        told = Told(school_days(first, 5))
        told.line(first=first, to_date=date(2024, 12, 31), school_year=202425)
        told.all(told.days, *ABSENT)
        case(f"the first day that counts is 19 August 2024: {first}", told, TEN, {(10,)} if met else set(), slice(4, 5))
    told = Told()
    told.line()
    told.all(DAYS[:5], *ABSENT)
    told.closed(DAYS[2], "cancelled", (2,))
    known = told.telling.in_order()[-2][1]["position"]
    case("what was known before a cancellation was told stays known", told, KNOWN, {(1, 1, known)})
    case("a session cancelled is met no more", told, TEN, set())
    told = Told()
    told.line()
    told.closed(DAYS[2], "cancelled", (2,))
    told.all(DAYS[:5], *ABSENT)
    case("a cancellation told before the entries never let ten be known", told, KNOWN, set())
    told = Told()
    told.line()
    told.all(DAYS[:4], *ABSENT)
    told.say("boarding", line=1, from_date=DAYS[0], boarder=1)
    told.day(DAYS[4], *ABSENT)
    case("boarding told of before the tenth session takes the others away", told, KNOWN, set())
    told = Told()
    told.line()
    told.line(2)
    told.say("same_child", pupil=2, child=1)
    for line in (1, 2):
        told.all(DAYS[:9], "O", "\\", line=line)
    case("a session said on two lines of one child counts once", told, TEN, set())
    told = Told()
    told.line(birth=date(2020, 10, 10))
    told.all([*AUTUMN[-6:], *SPRING[:9]], "G", "\\")
    case("a session before compulsory school age does not count", told, TEN, set())
    told = Told(DAYS[:10])
    told.place(2, DAYS[10:20])
    told.say("succession", old_place=1, new_place=2, on_date=DAYS[10], registers_move=1, stands=1)
    told.line(1, to_date=DAYS[9])
    told.line(2, DAYS[10], pupil=1, place=2, admission="transferred_on_succession")
    told.all(DAYS[5:10], "O", "\\")
    told.all(DAYS[10:15], "O", "\\", line=2, place=2)
    case("a window ends with the school's register where no setting says otherwise", told, TEN, set())


def _n_and_sickness() -> None:
    right: set[Found]
    about: dict[str, Any]
    told = Told()
    told.line()
    told.day(DAYS[4], "N", "\\")
    told.closed(DAYS[6], "planned_closure")
    case("N is due on the fifth school day after", told, N, {(1, DAYS[4], 1, DAYS[10], 1)})
    words: list[tuple[dict[str, Any], int | None]] = [
        ({"amended_on": DAYS[9]}, 0),
        ({"amended_on": DAYS[10]}, 1),
        ({"said_on": DAYS[10]}, 1),
        ({"amended_on": DAYS[9], "said_on": DAYS[10]}, 0),
        ({}, None),
    ]
    for about, late in words:
        told = Told()
        told.line()
        told.day(DAYS[4], "N", "\\")
        told.turn = EARLY + 42 + (not late)
        told.amended(DAYS[4], 1, "N", "O", **about)
        right = {(DAYS[9], late)}
        case(f"an N is late by the school's own word: {about}", told, "N amended late", right, slice(1, 3))

    july, september = list(school_days(date(2026, 7, 9), 8)), list(school_days(date(2026, 9, 1), 8))
    told = Told(july + september)
    told.line()
    told.line(2, september[0], pupil=1, carried=1, to_date=date(2027, 8, 31), school_year=202627)
    told.all(july, "I", "I")
    told.all(september, "I", "I", line=2)
    right = {(1, 1, 202627, "p9_consecutive", july[0], september[-1], 16, 16, 8, september[6])}
    case("sickness in a row goes on over the summer", told, SICK, right)
    for number in (14, 15):
        told = Told()
        told.line()
        told.all(DAYS[:7], "I", "\\")
        told.all(DAYS[10 : 3 + number], "/", "I")
        right = {("p9_total", DAYS[10], DAYS[17])} if number == 15 else set()
        case(f"fifteen days in the school year prompt: {number}", told, SICK, right, slice(3, 6))
    told = Told()
    told.line()
    told.line(2)
    told.say("same_child", pupil=2, child=1)
    for line in (1, 2):
        told.all(DAYS[:3], "I", "\\", line=line)
        told.all(DAYS[4:18], "I", "\\", line=line)
    right = {("p9_total", DAYS[4], DAYS[17], 14, 17, 17, DAYS[15])}
    case("a session of sickness said on two lines of one child counts once", told, SICK, right, slice(3, 10))
    told = Told()
    told.line()
    told.all(DAYS[:7], "I", "I")
    told.all(DAYS[10:17], "I", "I")
    told.closed(DAYS[8], "not_known", (2,))
    told.day(DAYS[8], "/", "I")
    case("sickness in a session of which no calendar was told prompts nothing", told, SICK, set())
    told = Told()
    told.line()
    told.all(DAYS[:7], "I", "I")
    told.day(DAYS[7], "Y4", "Y4")
    told.all(DAYS[8:16], "I", "I")
    right = {("p9_consecutive",), ("p9_total",)}
    case("a day wholly Y4 ends no sickness", told, SICK, right, slice(3, 4))
    told = Told(school_days(date(2026, 6, 8), 30))
    told.line(birth=date(2010, 6, 1))
    told.all(told.days[1:16], "I", "I")
    case("sickness after compulsory school age prompts nothing", told, SICK, set())


def _cohorts() -> None:
    right: set[Found]
    about: dict[str, Any]
    told = Told()
    told.line()
    for number, day in enumerate(DAYS[:10], 1):
        told.day(day, "I" if number in (1, 6) else "/", "\\")
    right = {(20, 2, 2, 1, 0, DAYS[0], None)}
    case(
        "exactly a tenth is persistent, since the session after which it was never below",
        told,
        SINCE,
        right,
        slice(2, 9),
    )
    told = Told()
    told.line()
    told.all(DAYS[:6], *PRESENT)
    told.all(DAYS[6:14], "/", "C")
    right = {(28, 8, 8, 1, 0, DAYS[7], None)}
    case("since when is the date of a session, not of a week", told, SINCE, right, slice(2, 9))
    told = Told()
    told.line()
    told.all(DAYS[:1], "O", "O")
    told.all(DAYS[1:2], "/", "O")
    told.day(DAYS[2], "/", "\\")
    right = {(6, 3, 0, 1, 1, DAYS[0], DAYS[0])}
    case("exactly half is severe", told, SINCE, right, slice(2, 9))
    summer = list(school_days(date(2026, 5, 18), 15))
    lines: list[tuple[dict[str, Any], int | None]] = [
        ({"birth": date(2020, 8, 31)}, 30),  # five on 31 August
        ({"birth": date(2020, 9, 1)}, None),  # four
        ({"birth": date(2010, 8, 31)}, 10),  # fifteen: until the spring bank holiday, 25 May 2026
        ({"birth": date(2010, 9, 1)}, 30),  # fourteen
        ({"birth": date(2009, 8, 31)}, None),  # sixteen
        ({"birth": None}, 30),
        ({"first": date(2026, 5, 22)}, 22),
        ({"first": date(2026, 5, 25)}, None),
        ({"first": date(2026, 5, 25), "carried": 1}, 20),
        ({"first": date(2026, 5, 25), "admission": "transferred_on_succession"}, 20),
    ]
    for about, sessions in lines:
        told = Told(summer)
        told.line(1, **about)
        told.all(summer, *PRESENT)
        first = about.get("first")
        entries = sum(2 for day in summer if first is None or day >= first)
        right = {("working", entries)} | ({("statistical", sessions)} if sessions else set())
        case(f"published figures take pupils of five to fifteen: {about}", told, YEAR, right, slice(1, 3))
    told = Told(school_days(date(2022, 5, 23), 15))
    told.line(first=date(2022, 6, 1), school_year=202122, to_date=date(2022, 8, 31), age_31_aug=9)
    told.all(told.days, *PRESENT)
    case("the bank holiday of 2022 was on 2 June", told, YEAR, {("working", 16), ("statistical", 16)}, slice(1, 3))


def _other_returns() -> None:
    right: set[Found]
    for days, exception in ((-1, "asked"), (0, "junior_class"), (1, "junior_class")):
        told = Told()
        told.line(first=DAYS[5], junior_class_first_day=1)
        told.say("return_asked", place=1, kind="new_pupil", asked_on=DAYS[5] + timedelta(days=days))
        right = {(1, DAYS[5], exception)}
        case(
            f"a request counts for entries after its day: {days}",
            told,
            "entries in the junior class",
            right,
            slice(0, 3),
        )
    july = list(school_days(date(2026, 7, 6), 10))
    for kind, days, exception in (
        ("deletion", -1, "asked"),
        ("deletion", 0, "senior_class"),
        ("deletion", 1, "senior_class"),
        ("new_pupil", -1, "senior_class"),
    ):
        told = Told(july)
        row = {"place": 1, "school_year": 202526, "half_term": 6, "from_date": july[0], "to_date": july[-1]}
        told.say("half_term", **row, stands=1)
        gone: dict[str, Any] = {"deletion_position": 9, "deletion_recorded_on": july[-1], "ground": "r9_1l"}
        told.line(nc_year=11, to_date=july[-1], **gone)
        told.say("return_asked", place=1, kind=kind, asked_on=july[-1] + timedelta(days=days))
        right = {(1, july[-1], exception)}
        case(f"a request counts for deletions after its day: {kind}, {days}", told, "deletions", right)
    told = Told()
    told.place(2, DAYS)
    told.place(3, DAYS)
    told.line(1)
    for line, place in ((2, 2), (3, 3)):
        told.line(line, pupil=1, place=place)
    told.day(DAYS[0], "D", "D", line=1, place=1)
    told.day(DAYS[0], "D", "L", line=2, place=2)
    told.day(DAYS[0], "/", "D", line=3, place=3)
    right = {(1, DAYS[0], 1, 3, "/"), (1, DAYS[0], 2, 2, "L"), (2, DAYS[0], 1, 3, "/"), (3, DAYS[0], 2, 2, "L")}
    case("another school's code stands beside that school", told, "two registers of one child", right)
    told = Told()
    for kind, spells in {
        "a": ((None, None), (date(2025, 9, 10), date(2025, 9, 30))),
        "b": ((date(2025, 9, 1), date(2025, 10, 1)), (date(2025, 9, 15), None), (date(2025, 10, 2), None)),
        "c": ((date(2025, 10, 2), None),),
        "d": ((date(2025, 9, 1), date(2025, 10, 1)),),
    }.items():
        for first, last in spells:
            told.say("characteristic", line=1, kind=kind, value="yes", from_date=first, to_date=last)
    told.line()
    right = {(1, "a", date(1900, 1, 1)), (1, "b", date(2025, 9, 15)), (1, "d", date(2025, 9, 1))}
    case("of characteristics the one that holds today, begun last", told, "characteristics that hold", right)


for _cases in (_which_entries_count, _runs, _thresholds, _n_and_sickness, _cohorts, _other_returns):
    _cases()
