"""What the law says of a small county, worked out day by day and entry by entry: for tests of the answers against it.

Written from the regulations, from no answer's SQL and with none of its devices: whatever was told is gone through in the
order in which it was told, every run is walked, every window is tried. Slow on purpose. Each rule is one function, and
says where it stands.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import groupby
from typing import Any

Row = Mapping[str, Any]
Fact = tuple[str, Row]
"""A table of facts and a row of it, with its position."""
Slot = tuple[date, int]
"""A session: its day, and 1 or 2."""
Found = tuple[Any, ...]

DAY = timedelta(days=1)
NEVER = date(2999, 12, 31)

# Regulation 10 and the classes of the published figures: law.md 1.2, 1.4, 1.5.
PRESENT = frozenset("/ \\ L K V P W B J".split())
AUTHORISED = frozenset("C C1 C2 E I J1 M R S T H F".split())
UNAUTHORISED = frozenset("G N O U".split())
ABSENT = AUTHORISED | UNAUTHORISED
LATE = frozenset("L U".split())
ADMINISTRATIVE = frozenset("Z #".split())
CLASSES = {
    **dict.fromkeys("/ \\ L".split(), "ATT"),
    **dict.fromkeys("K V P W B J".split(), "AEA"),
    **dict.fromkeys(AUTHORISED, "AUTH"),
    **dict.fromkeys(UNAUTHORISED, "UNAUTH"),
    **dict.fromkeys("D X Q Y Y1 Y2 Y3 Y4 Y5 Y6 Y7".split(), "NPA"),
    **dict.fromkeys(ADMINISTRATIVE, "ADM"),
}
NOT_HELD = frozenset("planned_closure cancelled no_such_session outside_term".split())
FIRST_COUNTED = date(2024, 8, 19)
"""SI 2024/210 reg 5(2); law.md 5.1."""
HOLIDAYS = {2012: date(2012, 6, 4), 2022: date(2022, 6, 2)}
"""Spring bank holidays that were moved; all others are the last Monday in May."""


@dataclass
class Known:
    """The last word on everything, after some of what was told."""

    places: dict[int, Row] = field(default_factory=dict)
    heard_of: dict[int, date] = field(default_factory=dict)
    """When a place was first told of."""
    calendar: dict[tuple[int, date, int], str] = field(default_factory=dict)
    half_terms: dict[tuple[int, int, int], Row] = field(default_factory=dict)
    lines: dict[int, Row] = field(default_factory=dict)
    boarding: dict[tuple[int, date], int] = field(default_factory=dict)
    children: dict[int, int] = field(default_factory=dict)
    successions: dict[tuple[int, int], Row] = field(default_factory=dict)
    settings: dict[str, int] = field(default_factory=dict)
    register: dict[tuple[int, date, int], Row] = field(default_factory=dict)
    """Entries that stand, by line and session."""
    changes: list[Row] = field(default_factory=list)
    asked: list[Row] = field(default_factory=list)
    characteristics: dict[tuple[int, str, date | None], Row] = field(default_factory=dict)

    def take(self, fact: Fact) -> None:
        """One more word, which overtakes what was said before of the same."""
        table, row = fact
        match table:
            case "place":
                self.places[row["place"]] = row
                self.heard_of.setdefault(row["place"], row["recorded_on"])
            case "school_session":
                self.calendar[row["place"], row["session_date"], row["session"]] = row["status"]
            case "half_term":
                self.half_terms[row["place"], row["school_year"], row["half_term"]] = row
            case "line":
                self.lines[row["line"]] = row
            case "boarding":
                self.boarding[row["line"], row["from_date"]] = row["boarder"]
            case "same_child":
                self.children[row["pupil"]] = row["child"]
            case "succession":
                self.successions[row["old_place"], row["new_place"]] = row
            case "setting":
                self.settings[row["setting"]] = row["value_int"]
            case "mark":
                key = (row["line"], row["session_date"], row["session"])
                self.register.pop(key, None)
                if row["code"] is not None:
                    self.register[key] = row
            case "change":
                self.changes.append(row)
            case "return_asked":
                self.asked.append(row)
            case "characteristic":
                self.characteristics[row["line"], row["kind"], row["from_date"]] = row
            case _:
                raise AssertionError(f"The model has not heard of {table}.")


def known(facts: Iterable[Fact]) -> Known:
    """All of it taken in, in order."""
    found = Known()
    for fact in facts:
        found.take(fact)
    return found


def child_of(k: Known, line: int) -> int:
    """The identity that stays (events.md 2.1)."""
    pupil: int = k.lines[line]["pupil"]
    return k.children.get(pupil, pupil)


# --- which entries count


def status_of(k: Known, place: int, slot: Slot) -> str | None:
    """What the place's calendar says of a session; None: nothing."""
    status = k.calendar.get((place, *slot))
    return None if status == "not_known" else status


def is_told(k: Known, place: int, slot: Slot) -> bool:
    """Whether the calendar says something of the session: otherwise it is held as far as anyone knows."""
    return status_of(k, place, slot) is not None


def boards(k: Known, line: int, day: date) -> bool:
    """PRR reg 10(1): no attendance is recorded of boarders. A spell runs to the next word's day."""
    begun = [first for of, first in k.boarding if of == line and first <= day]
    return bool(begun) and k.boarding[line, max(begun)] == 1


def on_the_register(k: Known, line: int, day: date) -> bool:
    """PRR reg 8 and 9: entered, not in error, from the starting day to the deletion. A guest is in no such register
    (law.md 2.7): of a guest the days are all that is asked here."""
    row = k.lines.get(line)
    if row is None or row["in_error"] or not (row["entered"] or row["guest"]):
        return False
    return bool(row["from_date"] <= day <= row["to_date"])


def why_not(k: Known, entry: Row) -> str:
    """Why an entry that stands does not count; empty where it does. The first reason that holds."""
    line, slot = entry["line"], (entry["session_date"], entry["session"])
    if entry["code"] == "":
        return "unmapped"
    if entry["code"] in ADMINISTRATIVE:
        return "no_mark"
    if not on_the_register(k, line, slot[0]):
        return "off_roll"
    if k.lines[line]["guest"]:
        return "guest"
    if boards(k, line, slot[0]):
        return "boarder"
    if status_of(k, entry["place"], slot) in NOT_HELD:
        return "not_held"
    return ""


def counted(k: Known) -> Iterator[Row]:
    """The entries that count, in order of their sessions."""
    for key in sorted(k.register, key=lambda key: (key[0], key[1], key[2])):
        if not why_not(k, k.register[key]):
            yield k.register[key]


def csa_of(k: Known, line: int, day: date) -> str:
    """EA96 s.8: of compulsory school age from the first day to the last."""
    row = k.lines[line]
    if row["csa_from"] is None or row["csa_until"] is None:
        return "unknown"
    return "yes" if row["csa_from"] <= day <= row["csa_until"] else "no"


def model_counted(k: Known) -> set[Found]:
    """(line, day, session, code, class, why, child, told, age) of every entry that stands."""
    found = set()
    for (line, day, session), entry in k.register.items():
        told = int(is_told(k, entry["place"], (day, session)))
        csa = csa_of(k, line, day) if line in k.lines else "unknown"
        child = child_of(k, line) if line in k.lines else None
        class_ = CLASSES.get(entry["code"], "")
        found.add((line, day, session, entry["code"], class_, why_not(k, entry), child, told, csa))
    return found


# --- sums, cohorts, persistent absence


def monday_of(day: date) -> date:
    return day - timedelta(days=day.weekday())


def half_term_of(k: Known, place: int, day: date) -> int:
    """1 to 6; 0 in none. Of two that overlap, the one that begins later."""
    around = [
        (row["from_date"], row["half_term"])
        for (of, _, _), row in k.half_terms.items()
        if of == place and row["stands"] and row["from_date"] <= day <= row["to_date"]
    ]
    return max(around)[1] if around else 0


def model_weeks(k: Known) -> dict[Found, Found]:
    """By line, week, half term, why and code: entries; possible, present, absent, late: of what is left out none."""
    found: dict[Found, list[int]] = {}
    for (line, day, _), entry in k.register.items():
        why, code = why_not(k, entry), entry["code"]
        key = (line, monday_of(day), half_term_of(k, entry["place"], day), why, code)
        sums = found.setdefault(key, [0] * 5)
        counts = (code in PRESENT | ABSENT, code in PRESENT, code in ABSENT, code in LATE)
        for number, one in enumerate((True, *(not why and one for one in counts))):
            sums[number] += one
    return {key: tuple(sums) for key, sums in found.items()}


def bank_holiday_of(school_year: int) -> date:
    """The spring bank holiday in a school year's summer term (law.md 4; EES-M table 6)."""
    year = school_year // 100 + 1
    day = date(year, 5, 31)
    return HOLIDAYS.get(year, day - timedelta(days=day.weekday()))


def began_late(line: Row) -> bool:
    """EES-M 2.4: an enrolment that first began in the second half of the summer term. None began late that goes on."""
    goes_on = line["carried"] == 1 or line["admission"] == "transferred_on_succession"
    return line["from_date"] >= bank_holiday_of(line["school_year"]) and not goes_on


def cohorts_of(k: Known, line: int) -> dict[str, date]:
    """The cohorts of a line, and before which week its entries count in each (law.md 4)."""
    row = k.lines[line]
    if not (row["entered"] and not row["in_error"] and not row["guest"]):
        return {}
    found = {"working": NEVER}
    age = row["age_31_aug"]
    if (age is None or 5 <= age <= 15) and not began_late(row):
        found["statistical"] = monday_of(bank_holiday_of(row["school_year"])) if age == 15 else NEVER
    return found


def model_published(k: Known) -> set[Found]:
    """(line, counted before which week, whether the age is known) of each line on the roll in published figures."""
    return {
        (line, cohorts["statistical"], int(k.lines[line]["age_31_aug"] is not None))
        for line in k.lines
        if "statistical" in (cohorts := cohorts_of(k, line))
    }


def since(sessions: Sequence[bool], whens: Sequence[date], part: int) -> date | None:
    """The date of the session after which the share was never below one in `part` again; None where it is below."""
    absences, above_from = 0, None
    for number, (absent, when) in enumerate(zip(sessions, whens, strict=True), start=1):
        absences += absent
        if part * absences < number:
            above_from = None
        elif above_from is None:
            above_from = when
    return above_from


def model_persistent(k: Known) -> set[Found]:
    """(line, cohort, possible, absent, authorised, persistent, severe, since, severe since)."""
    of_lines: dict[int, list[Row]] = {}
    for entry in counted(k):
        if entry["code"] in PRESENT | ABSENT:
            of_lines.setdefault(entry["line"], []).append(entry)
    found = set()
    for line, entries in of_lines.items():
        for cohort, before in cohorts_of(k, line).items():
            mine = [entry for entry in entries if monday_of(entry["session_date"]) < before]
            if not mine:
                continue
            flags = [entry["code"] in ABSENT for entry in mine]
            whens = [entry["session_date"] for entry in mine]
            possible, absent = len(mine), sum(flags)
            authorised = sum(entry["code"] in AUTHORISED for entry in mine)
            persistent, severe = 10 * absent >= possible, 2 * absent >= possible
            row = (line, cohort, possible, absent, authorised, int(persistent), int(severe))
            found.add((*row, since(flags, whens, 10), since(flags, whens, 2)))
    return found


# --- school days, and whose they are


@dataclass(frozen=True)
class SchoolDay:
    """A day on which a register's place meets."""

    day: date
    place: int
    """By whose calendar and register it goes."""
    held: tuple[int, ...]


def chain_of(k: Known, place: int) -> int:
    """Whose register a place's goes on in: its successor's where the authority's setting says so, else its own."""
    if not k.settings.get("window_over_succession"):
        return place
    for (old, new), row in k.successions.items():
        if old == place and row["stands"] and row["registers_move"]:
            return new
    return place


def keeps(k: Known, chain: int, day: date) -> int:
    """Who keeps a register on a day: until the day of the succession the old place, then the new one."""
    for (old, new), row in k.successions.items():
        if new == chain and chain_of(k, old) == chain and day < row["on_date"]:
            return old
    return chain


def governs(k: Known, chain: int, day: date) -> int:
    """By whose calendar a register goes on a day: that of the place that keeps it, and where it is silent the other's."""
    own = keeps(k, chain, day)
    others = [place for place in k.places if place != own and chain_of(k, place) == chain]
    return own if not others or any(is_told(k, own, (day, s)) for s in (1, 2)) else others[0]


def held_on(k: Known, place: int, day: date) -> tuple[int, ...]:
    """The sessions that a calendar says are held."""
    return tuple(s for s in (1, 2) if k.calendar.get((place, day, s)) == "held")


def school_days(k: Known, chain: int) -> list[SchoolDay]:
    """EA96 s.579(1): the days on which there is a session, in order."""
    found = []
    for day in sorted({day for _, day, _ in k.calendar}):
        place = governs(k, chain, day)
        if held := held_on(k, place, day):
            found.append(SchoolDay(day, place, held))
    return found


def own_school_days(k: Known, place: int) -> list[SchoolDay]:
    """The school days of one place by its own calendar alone."""
    days = sorted({day for of, day, _ in k.calendar if of == place})
    return [SchoolDay(day, place, held) for day in days if (held := held_on(k, place, day))]


def wholly_cancelled(k: Known, chain: int, first: date, last: date) -> int:
    """PRR reg 10(10); law.md 3.2, reading 4: days that were to be, of which a cancellation left nothing."""
    found, day = 0, first
    while day <= last:
        place = governs(k, chain, day)
        said = [k.calendar.get((place, day, s)) for s in (1, 2)]
        found += "cancelled" in said and "held" not in said
        day += DAY
    return found


def registers(k: Known) -> list[tuple[int, int]]:
    """Every chain, with every child that has a line in it."""
    return sorted({(chain_of(k, row["place"]), child_of(k, line)) for line, row in k.lines.items()})


def lines_at(k: Known, place: int, child: int) -> list[int]:
    return [line for line, row in k.lines.items() if row["place"] == place and child_of(k, line) == child]


def codes_that_count(k: Known, line: int, on: SchoolDay) -> list[str]:
    """Of the sessions held that day: the codes of entries that count; a stroke where there is none."""
    found = []
    for session in on.held:
        entry = k.register.get((line, on.day, session))
        found.append("-" if entry is None or why_not(k, entry) else entry["code"])
    return found


# --- ten school days, twenty school days


def model_runs(k: Known) -> set[Found]:
    """Every continuous absence of ten school days or more: PRR reg 13(7)(b), reg 9(1)(i); law.md 3.2."""
    found: set[Found] = set()
    for limb in ("GNOU", "GNO"):
        for chain, child in registers(k):
            run: list[tuple[SchoolDay, str]] = []
            skipped: list[date] = []
            for on in [*school_days(k, chain), SchoolDay(NEVER, 0, ())]:
                of_lines = {line: codes_that_count(k, line, on) for line in lines_at(k, on.place, child)}
                held = {line: [code for code in codes if code != "Y4"] for line, codes in of_lines.items()}
                so = [line for line, codes in held.items() if codes and all(code in set(limb) for code in codes)]
                if so:
                    run.append((on, csa_of(k, so[0], on.day)))
                elif on.held and any(not codes for codes in held.values()):
                    skipped.append(on.day)
                else:
                    if len(run) >= 10:
                        found.add(_run(k, limb, chain, child, run, skipped))
                    run, skipped = [], []
    return found


def _run(k: Known, limb: str, chain: int, child: int, run: list[tuple[SchoolDay, str]], off: list[date]) -> Found:
    days = [on.day for on, _ in run]
    of_age = [on.day for on, csa in run if csa != "no"]
    unknown = sum(csa == "unknown" for _, csa in run)
    cancelled = wholly_cancelled(k, chain, days[0], days[-1]) + sum(days[0] <= day <= days[-1] for day in off)
    return (
        *(limb, chain, child, days[0], days[-1], len(days), cancelled, days[9]),
        days[19] if len(days) > 19 else None,
        *(len(of_age) - unknown, unknown),
        of_age[0] if of_age else None,
        of_age[-1] if of_age else None,
        of_age[9] if len(of_age) > 9 else None,
        run[-1][0].place,
    )


# --- the attendance return


def month_of(k: Known, place: int, day: date) -> tuple[date, date] | None:
    """PRR reg 13(7), law.md 3.3: since the last return, and where nothing is agreed or set one is made for each calendar
    month (with a school day); the first from the first school day known."""
    begins: date | None = None
    for on in own_school_days(k, place):
        last = (on.day.replace(day=1) + timedelta(days=31)).replace(day=1) - DAY
        begins = begins or on.day
        if begins <= day <= last:
            return begins, last
        if day > last:
            begins = last + DAY
    return None


def model_relevant(k: Known) -> set[Found]:
    """(line, day, session, code, child, told) of what the thresholds and runs look at."""
    return {
        (
            *(entry["line"], entry["session_date"], entry["session"], entry["code"], child_of(k, entry["line"])),
            int(is_told(k, entry["place"], (entry["session_date"], entry["session"]))),
        )
        for entry in counted(k)
        if entry["code"] in UNAUTHORISED | {"Y4"}
    }


def model_irregular(k: Known) -> set[Found]:
    """Limb (a): (line, first, last, days, sessions, period) with an unauthorised absence (Platt), of age or not known."""
    found: dict[tuple[int, tuple[date, date] | None], list[date]] = {}
    for line, row in k.lines.items():
        for on in school_days(k, chain_of(k, row["place"])):
            codes = codes_that_count(k, line, on) if on.place == row["place"] else []
            unauthorised = sum(code in UNAUTHORISED for code in codes)
            if unauthorised and csa_of(k, line, on.day) != "no":
                found.setdefault((line, month_of(k, row["place"], on.day)), []).extend([on.day] * unauthorised)
    return {
        (line, days[0], days[-1], len(set(days)), len(days), *(period or (None, None)))
        for (line, period), days in found.items()
    }


def model_ten_days(k: Known) -> set[Found]:
    """Limb (b): (child, place, first, last, days, period) of whoever was absent for ten days of age (3.2, reading 8)."""
    found = set()
    for limb, _, child, *_, of_age, unknown, first, last, tenth, place in model_runs(k):
        if limb == "GNOU" and tenth is not None:
            found.add((child, place, first, last, of_age + unknown, *(month_of(k, place, tenth) or (None, None))))
    return found


# --- penalty notices


def mondays_of(k: Known, chain: int) -> list[date]:
    """PNR reg 9A(6): the school weeks, each with a session."""
    return sorted({monday_of(on.day) for on in school_days(k, chain)})


def week_no(mondays: Sequence[date], day: date) -> int:
    """The number of a day's school week; of a week that has vanished, that of the last one before it, else the first."""
    return max((number for number, monday in enumerate(mondays) if monday <= day), default=0)


def model_window_entries(k: Known) -> dict[tuple[int, int], list[tuple[int, Slot]]]:
    """PNR reg 9A(5): by chain and child, the sessions G, N, O or U and their school weeks; each session once."""
    found: dict[tuple[int, int], set[tuple[int, Slot]]] = {}
    for chain in {chain_of(k, row["place"]) for row in k.lines.values()}:
        mondays = mondays_of(k, chain)
        for on in school_days(k, chain):
            for line, row in k.lines.items():
                if row["place"] != on.place or on.day < FIRST_COUNTED or csa_of(k, line, on.day) == "no":
                    continue
                for session, code in zip(on.held, codes_that_count(k, line, on), strict=True):
                    if code in UNAUTHORISED:
                        entry = (week_no(mondays, on.day), (on.day, session))
                        found.setdefault((chain, child_of(k, line)), set()).add(entry)
    return {key: sorted(entries) for key, entries in found.items()}


def most_in_ten_weeks(entries: Iterable[tuple[int, Slot]]) -> int:
    """The most in any ten consecutive school weeks, by trying each."""
    weeks = [week for week, _ in entries]
    return max((sum(first <= week <= first + 9 for week in weeks) for first in set(weeks)), default=0)


def model_threshold(k: Known) -> set[Found]:
    """(chain, child, first met, last met, most, sessions) of whoever has ten in some ten school weeks."""
    found: set[Found] = set()
    for (chain, child), entries in model_window_entries(k).items():
        met = [
            slot[0]
            for week, slot in entries
            if sum(week - 9 <= other <= week and when[0] <= slot[0] for other, when in entries) >= 10
        ]
        if met:
            found.add((chain, child, min(met), max(met), most_in_ten_weeks(entries), len(entries)))
    return found


def model_first_known(facts: Sequence[Fact]) -> dict[tuple[int, int], int]:
    """PNR reg 9A(1): the first position after which some window held ten, by what was known of entries, calendar and
    boarding at that position. Roll, age and the numbers of weeks are those known at the end. Where the register is kept
    by another place that day, an entry counts only where the day is held by its own place's calendar at the end."""
    now = known(facts)
    first_words: dict[tuple[int, date, int], str] = {}
    ever: dict[tuple[int, int], dict[tuple[int, Slot], int]] = {}
    mondays = {chain_of(now, place): mondays_of(now, chain_of(now, place)) for place in now.places}
    meets = {(chain, on.day): on.place for chain in mondays for on in school_days(now, chain)}
    for table, row in facts:
        if table == "school_session":
            first_words.setdefault((row["place"], row["session_date"], row["session"]), row["status"])
        if table == "mark" and row["code"] in UNAUTHORISED and row["line"] in now.lines:
            line, day = row["line"], row["session_date"]
            chain = chain_of(now, row["place"])
            right_place = row["place"] in (keeps(now, chain, day), meets.get((chain, day)))
            on_roll = on_the_register(now, line, day) and not now.lines[line]["guest"]
            if right_place and on_roll and day >= FIRST_COUNTED and csa_of(now, line, day) != "no" and mondays[chain]:
                slots = ever.setdefault((chain, child_of(now, line)), {})
                slots[line, (day, row["session"])] = week_no(mondays[chain], day)

    def counts(line: int, slot: Slot) -> bool:
        entry = then.register.get((line, *slot))
        if entry is None or entry["code"] not in UNAUTHORISED or boards(then, line, slot[0]):
            return False
        key = (entry["place"], *slot)
        return then.calendar.get(key, first_words.get(key)) == "held"

    then = Known()
    found: dict[tuple[int, int], int] = {}
    for position, told in groupby(facts, key=lambda fact: int(fact[1]["position"])):
        touched = set()
        for table, row in told:
            then.take((table, row))
            if table in ("mark", "boarding"):
                touched.add(("line", row["line"]))
            if table == "school_session":
                touched.add(("day", row["session_date"]))
        for key, slots in ever.items():
            if key not in found and any(
                ("line", line) in touched or ("day", slot[0]) in touched for line, slot in slots
            ):
                entries = {(week, slot) for (line, slot), week in slots.items() if counts(line, slot)}
                if most_in_ten_weeks(entries) >= 10:
                    found[key] = position
    return found


# --- N


def fifth_after(k: Known, place: int, day: date) -> date | None:
    """PRR reg 10(7): the fifth school day after; None where the calendar does not say."""
    days = [on.day for on in school_days(k, chain_of(k, place))]
    after = [other for other in days if other > day] if day in days else []
    return after[4] if len(after) > 4 else None


def model_unresolved(k: Known) -> set[Found]:
    """(line, day, session, fifth school day after, told) of every N that stands and counts."""
    return {
        (
            *(entry["line"], entry["session_date"], entry["session"]),
            fifth_after(k, entry["place"], entry["session_date"]),
            int(is_told(k, entry["place"], (entry["session_date"], entry["session"]))),
        )
        for entry in counted(k)
        if entry["code"] == "N"
    }


def model_resolved_late(k: Known) -> set[Found]:
    """(position, due, late at the school) of every N amended after the fifth school day, there or in the ledger.

    Only where an entry stands, and one was called for.
    """
    found = set()
    for change in k.changes:
        entry = k.register.get((change["line"], change["session_date"], change["session"]))
        if change["original"] != "N" or change["new"] == "N" or entry is None:
            continue
        if why_not(k, {**entry, "code": "N"}):
            continue
        due = fifth_after(k, change["place"], change["session_date"])
        if due is None:
            continue
        said = change["amended_on"] or change["said_on"]
        at_school = None if said is None else int(said > due)
        if at_school or change["recorded_on"] > due:
            found.add((change["position"], due, at_school))
    return found


# --- sickness


def model_sick_runs(k: Known) -> dict[tuple[int, int], list[list[tuple[date, int, int]]]]:
    """By place and child: the runs of school days with an I, each day with its school year and sessions of I.

    law.md 3.4: code I alone, days of age or not known; over the summer and over lines; a day wholly cancelled for the
    pupil (Y4) is no school day for that pupil, and ends nothing.
    """
    found: dict[tuple[int, int], list[list[tuple[date, int, int]]]] = {}
    for place, child in sorted({(row["place"], child_of(k, line)) for line, row in k.lines.items()}):
        runs: list[list[tuple[date, int, int]]] = [[]]
        for on in own_school_days(k, place):
            of_lines = {line: codes_that_count(k, line, on) for line in lines_at(k, place, child)}
            sick = {line: codes for line, codes in of_lines.items() if "I" in codes and csa_of(k, line, on.day) != "no"}
            if sick:
                # A session that is said on two lines of the child is one session.
                sessions = sum("I" in said for said in zip(*sick.values(), strict=True))
                runs[-1].append((on.day, k.lines[max(sick)]["school_year"], sessions))
            elif any(set(codes) == {"Y4"} for codes in of_lines.values()):
                continue
            elif runs[-1]:
                runs.append([])
        found[place, child] = [run for run in runs if run]
    return found


def model_sickness(k: Known) -> set[Found]:
    """(place, child, school year, limb, the run: first, last, days; sessions and days of the year up to its end, day).

    law.md 3.4: fifteen days in a row, over the summer too; fifteen days, or thirty sessions, of the school year. In each
    school year in which the count is reached, and the day on which it first is.
    """
    days, sessions = k.settings.get("sickness_prompt_days", 15), k.settings.get("sickness_prompt_sessions", 30)
    found: set[Found] = set()
    for (place, child), runs in model_sick_runs(k).items():
        of_year: dict[int, list[tuple[date, int]]] = {}
        for run in runs:
            for year in sorted({year for _, year, _ in run}):
                so_far = of_year.setdefault(year, [])
                long, reached = None, None
                for number, (day, day_year, said) in enumerate(run, start=1):
                    if day_year != year:
                        continue
                    so_far.append((day, said))
                    if number >= days:
                        long = long or day
                    if len(so_far) >= days or sum(said for _, said in so_far) >= sessions:
                        reached = reached or day
                total = (sum(said for _, said in so_far), len(so_far))
                for limb, prompted in (("p9_consecutive", long), ("p9_total", reached)):
                    if prompted:
                        found.add((place, child, year, limb, run[0][0], run[-1][0], len(run), *total, prompted))
    return found


# --- entries in the admission register, and deletions


def asked_before(k: Known, place: int, kind: str, day: date) -> bool:
    """PRR reg 13(3), (6): the authority's request counts for what is made after the day of the request."""
    return any(row["place"] == place and row["kind"] == kind and row["asked_on"] < day for row in k.asked)


def entry_day(line: Row) -> date:
    """By the school's word unless it names a day after the ledger had heard of it; never before the starting day."""
    starting_day: date = line["from_date"]
    said, heard = line["entered_on"], line["entry_recorded_on"]
    day: date = said if said is not None and said <= heard else heard
    return max(day, starting_day)


def model_junior(k: Known) -> set[Found]:
    """(line, entry day, exception, due) of entries in the most junior class on the year's first day: PRR reg 13(1)-(3)."""
    found = set()
    for line, row in k.lines.items():
        plain = row["entered"] and not (row["in_error"] or row["guest"] or row["carried"] or row["imported"])
        here = row["admission"] != "transferred_on_succession"
        if plain and here and row["junior_class_first_day"] == 1 and row["from_date"] >= k.heard_of[row["place"]]:
            day = entry_day(row)
            asked = asked_before(k, row["place"], "new_pupil", day)
            due = day + timedelta(days=5) if asked else None
            found.add((line, day, "asked" if asked else "junior_class", due))
    return found


def end_of_final_term(k: Known, place: int, school_year: int) -> date | None:
    """The last school day of the second half of the summer term; None where the calendar does not reach it."""
    row = k.half_terms.get((place, school_year, 6))
    if row is None or not row["stands"]:
        return None
    days = [
        on.day
        for on in own_school_days(k, place)
        if row["from_date"] <= on.day <= row["to_date"] and half_term_of(k, place, on.day) == 6
    ]
    return max(days, default=None)


def model_deleted(k: Known) -> set[Found]:
    """(line, day, exception) of every deletion that stands: PRR reg 13(4)-(6)."""
    found = set()
    for line, row in k.lines.items():
        if row["deletion_position"] is None or not row["on_roll"]:
            continue
        classmates = [
            other["nc_year"]
            for other in k.lines.values()
            if other["place"] == row["place"] and other["school_year"] == row["school_year"] and other["on_roll"]
            if other["nc_year"] is not None
        ]
        end = end_of_final_term(k, row["place"], row["school_year"])
        senior = row["nc_year"] is not None and row["nc_year"] == max(classmates)
        exception = "none"
        if row["imported"]:
            exception = "imported"
        elif senior and end is not None and row["to_date"] >= end:
            exception = "asked" if asked_before(k, row["place"], "deletion", row["to_date"]) else "senior_class"
        found.add((line, row["to_date"], exception))
    return found


# --- two registers, and characteristics


def model_dual(k: Known) -> set[Found]:
    """(line, day, session, other place, its code) of each D, where the child's other register says something (7.4).

    Of several one that does not say D, then of the place and line first known: place and code of one and the same entry.
    """
    found = set()
    for (line, day, session), entry in k.register.items():
        if entry["code"] == "D" and line in k.lines:
            elsewhere = [
                (other["code"] == "D", other["place"], of, other["code"])
                for (of, when, s), other in k.register.items()
                if (when, s) == (day, session) and other["place"] != entry["place"]
                if of in k.lines and child_of(k, of) == child_of(k, line)
            ]
            _, place, _, code = min(elsewhere, default=(None, None, None, None))
            found.add((line, day, session, place, code))
    return found


def model_characteristics(k: Known, today: date) -> set[Found]:
    """(line, kind, first day) of each characteristic that holds today, the one begun last."""
    found: dict[tuple[int, str], date] = {}
    for (line, kind, first), row in k.characteristics.items():
        begun = first or date(1900, 1, 1)
        if begun <= today <= (row["to_date"] or NEVER):
            found[line, kind] = max(begun, found.get((line, kind), begun))
    return {(line, kind, first) for (line, kind), first in found.items()}
