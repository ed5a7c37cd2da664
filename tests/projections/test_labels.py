"""Each label shows where it should, and not where it should not: facts by hand, one world for each.

The worlds are small: place 1 meets from Monday 1 to Friday 12 September 2025, its register closes at 9:30 and 13:30,
and line 1 is on its roll. Position n was recorded n minutes after 6:00 on that Monday.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import projections
from tests.projections.facts_by_hand import Facts, school_days, text_of

MONDAY, TUESDAY, SATURDAY = date(2025, 9, 1), date(2025, 9, 2), date(2025, 9, 6)
FAR = date(2999, 12, 31)
Rows = list[dict[str, Any]]


def local(text: str) -> datetime:
    """A moment without a zone, as facts hold them."""
    return datetime.fromisoformat(text)


@pytest.fixture(scope="module")
def made() -> Iterator[Facts]:
    facts = Facts()
    yield facts
    facts.close()


@pytest.fixture
def world(made: Facts) -> World:
    made.clear()
    return World(made)


class World:
    """A school of which little is known; what a test adds is what makes it odd."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        facts.put("place", {"place": 1, "laestab": "8051234", "kind": "maintained", "phase": "secondary"})
        held = ((day, session) for day in school_days(MONDAY, 10) for session in (1, 2))
        facts.put("school_session", *(self._session(day, session, "held") for day, session in held))
        facts.put("source", self.source_row())
        facts.line(1, from_date=MONDAY, imported=0, carried=0, entry_recorded_on=MONDAY, entry_position=0)

    def source_row(self, **about: Any) -> dict[str, Any]:
        can = dict.fromkeys(("person", "reason", "entry_time", "deletes", "closing_time"), 1)
        carries = {f"carries_{what}": about.pop(f"carries_{what}", yes) for what, yes in can.items()}
        return {"place": 1, "source": 1, "system": "SIMS", "delivery": "stream", "to_date": FAR, **carries, **about}

    def _session(self, day: date, session: int, status: str) -> dict[str, Any]:
        minutes = {"begins_minute": (530, 780)[session - 1], "closes_minute": (570, 810)[session - 1]}
        return {"place": 1, "session_date": day, "session": session, "status": status, **minutes}

    def session(self, day: date, session: int, status: str, **about: Any) -> int:
        return self.facts.put("school_session", {**self._session(day, session, status), **about})

    def marks(self, code: str | None = "/", day: date = MONDAY, session: int = 1, **about: Any) -> int:
        """An entry with its message; `said` is a local time of that day, or a moment."""
        said = about.pop("said", None)
        moment = local(f"{day} {said}") if isinstance(said, str) else said
        claim = {} if moment is None else _claim(moment)
        message = {"place": 1, "session_date": day, "session": session, "imported": about.get("imported", 0)}
        header = {"how": "taking", "source": 1, "rows": 1, "medium": "electronic", "by_kind": "named"}
        header |= {name: about.pop(name) for name in list(about) if name in {*header, "first_held_at"}}
        said_by_all = claim if about.pop("said_by", "message") == "message" else {}
        at = about.pop("header_at", {})
        position = self.facts.put("entries_received", {**message, **header, **said_by_all, **at})
        entry = {"line": 1, "kind": "mark", "code": code, "cause": "typed", "header": position, "has_text": 0}
        return self.facts.put("mark", {**message, **entry, **claim, **at, **about})

    def amends(self, original: str, new: str | None, day: date = MONDAY, **about: Any) -> int:
        """A change, and the mark that it is."""
        own = {
            "original": original,
            "original_said": None,
            "by_kind": "named",
            "person": 7,
            "cause": "typed",
            "operation": None,
            "rule": None,
            "reason_code": "parent_contact",
            "reason_state": "given",
            "how": None,
            "source": 1,
            "came_by": "change",
            "amended_on": None,
            "said_at": None,
            "said_on": None,
            "imported": 0,
        }
        own |= {name: about.pop(name) for name in list(about) if name in own}
        key = {"place": 1, "session_date": day, "session": about.pop("session", 1), "line": about.pop("line", 1)}
        kind = "withdrawal" if new is None else "amendment"
        at = {**key, "kind": kind, **about}
        entry = {"code": new, "cause": own["cause"], "has_text": 0, "imported": 0, "header": 0}
        position = self.facts.put("mark", {**at, **entry})
        return self.facts.put("change", {**at, **own, "new": new, "position": position})

    def rows(self, answer: str) -> Rows:
        self.facts.database.execute("delete from asked")
        last = local("2025-09-30 12:00")
        self.facts.put("asked", {"position": self.facts.position, "moment": last, "today": last.date()})
        self.facts.build(answer)
        return _dicts(self.facts, answer)

    def labels(self, answer: str = "label_mark") -> set[str]:
        """The names of the labels that an answer gives."""
        return {row["label"] for row in self.rows(answer)}

    def number(self, label: str, answer: str = "label_mark") -> Any:
        """The number of the one label of that name."""
        (row,) = [row for row in self.rows(answer) if row["label"] == label]
        return row["number"]


def _dicts(facts: Facts, answer: str) -> Rows:
    found = facts.database.execute(f"select * from {answer}")
    names = [column[0] for column in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in sorted(found.fetchall(), key=repr)]


def _claim(moment: datetime) -> dict[str, Any]:
    return {"said_at": moment, "said_on": moment.date(), "said_minute": moment.hour * 60 + moment.minute}


# --- marks


def test_a_plain_entry_has_no_label(world: World) -> None:
    world.marks("/", said="09:00")
    assert world.labels() == set()


def test_an_entry_said_after_the_taking_ended_is_late_at_the_school(world: World) -> None:
    world.marks("/", said="09:45")
    assert world.number("late_at_school") == 15
    world.marks("/", TUESDAY, said=local("2025-09-03 09:00"))
    assert {row["number"] for row in world.rows("label_mark")} == {15, 1410}


@pytest.mark.parametrize(
    "about",
    [
        {"said": "09:30"},
        {"said": None},
        {"said": "21:00", "imported": 1},
        {"said": "14:00", "cause": "closure"},
    ],
)
def test_what_was_said_in_time_or_not_said_or_imported_is_not_late_at_the_school(
    world: World, about: dict[str, Any]
) -> None:
    world.marks("/", **about)
    assert "late_at_school" not in world.labels()


def test_the_taking_ends_when_it_was_closed_if_that_was_said(world: World) -> None:
    world.facts.put(
        "register_closed",
        {"place": 1, "session_date": MONDAY, "session": 1, "closed_on": MONDAY, "closed_minute": 590, "unmarked": 0},
    )
    world.marks("/", said="09:45")
    assert world.labels() == set()


def test_a_first_entry_of_which_an_older_one_was_learned_is_not_late_at_the_school(world: World) -> None:
    world.facts.put("older_entry", {"place": 1, "session_date": MONDAY, "session": 1, "line": 1, "code": "N"})
    world.marks("I", said="11:00", how="change")
    assert world.labels() == set()


def test_l_after_the_taking_ended(world: World) -> None:
    world.marks("L", minutes_late=45)
    assert world.number("l_after_taking") == 5
    world.marks("L", TUESDAY, minutes_late=40)
    assert len(world.rows("label_mark")) == 1
    world.marks("L", date(2025, 9, 3), minutes_late=32_767)
    assert len(world.rows("label_mark")) == 2


def test_u_that_no_n_became_is_labelled_and_stays_so_when_n_comes_later(world: World) -> None:
    world.marks("U")
    world.amends("U", "N")
    assert [(row["label"], row["stands"]) for row in world.rows("label_mark")] == [("u_without_n", 0)]


def test_u_that_n_became_is_not_labelled_even_over_o(world: World) -> None:
    world.marks("N")
    world.amends("N", "O")
    world.amends("O", "U")
    assert world.labels() == set()


def test_b_k_and_y7_want_their_nature(world: World) -> None:
    world.marks("B")
    world.marks("K", TUESDAY, has_text=1)
    world.marks("Y7", date(2025, 9, 3), arrangement=4)
    assert [(row["label"], row["code"]) for row in world.rows("label_mark")] == [("nature_missing", "B")]


@pytest.mark.parametrize(
    ("code", "session", "label"),
    [
        ("H", 1, "code_retired"),
        ("", 1, "code_not_mapped"),
        ("\\", 1, "code_of_other_half"),
        ("/", 2, "code_of_other_half"),
        ("Z", 1, "never_counted"),
        ("#", 1, "never_counted"),
    ],
)
def test_odd_codes(world: World, code: str, session: int, label: str) -> None:
    world.marks(code, session=session, code_sent="!")
    assert world.labels() == {label}


def test_codes_are_judged_by_the_day_of_the_session(world: World) -> None:
    before = date(2024, 3, 4)
    world.facts.line(2, from_date=date(2023, 9, 1))
    world.marks("H", before, line=2)
    assert world.labels() == set()
    world.marks("C2", before, line=2, session=2)
    assert world.labels() == {"code_not_yet_in_use"}


def test_entries_of_boarders_and_guests(world: World) -> None:
    world.facts.put("boarding", {"line": 1, "from_date": TUESDAY, "boarder": 1})
    world.marks("/", MONDAY)
    world.marks("/", TUESDAY)
    world.facts.line(2, guest=1, on_roll=0, from_date=MONDAY)
    world.marks("/", TUESDAY, line=2)
    assert [(row["label"], row["line"], row["session_date"]) for row in world.rows("label_mark")] == [
        ("boarder", 1, TUESDAY),
        ("guest", 2, TUESDAY),
    ]


def test_the_roll_as_known_when_the_entry_was_recorded_rules_then_and_the_later_one_now(world: World) -> None:
    world.marks("/", MONDAY)
    world.marks("/", TUESDAY)
    world.facts.line(1, from_date=MONDAY, to_date=MONDAY)
    world.marks("/", TUESDAY, session=2)
    found = {(row["label"], row["session_date"], row["session"]) for row in world.rows("label_mark")}
    assert found == {
        ("not_on_roll_now", TUESDAY, 1),
        ("not_on_roll_then", TUESDAY, 2),
        ("code_of_other_half", TUESDAY, 2),
    }


def test_an_entry_for_a_day_off_the_roll_is_told_from_one_that_a_reversal_made_good(world: World) -> None:
    wednesday = {"recorded_at": local("2025-09-03 09:00"), "position": 5_000}
    world.facts.line(
        1, from_date=MONDAY, to_date=MONDAY, deletion_position=5_000, **_at(local("2025-09-02 08:00"), 4_000)
    )
    world.facts.line(1, from_date=MONDAY, **_at(local("2025-09-03 08:00"), 4_500))
    world.marks("I", TUESDAY, header_at=wednesday)
    assert world.labels() == {"not_on_roll_that_day"}


def _at(moment: datetime, position: int) -> dict[str, Any]:
    return {"recorded_at": moment, "position": position}


def test_a_session_that_the_calendar_then_did_not_hold_and_one_that_it_holds_no_more(world: World) -> None:
    world.session(SATURDAY, 1, "outside_term")
    world.marks("/", SATURDAY)
    world.marks("/", TUESDAY)
    world.session(TUESDAY, 1, "planned_closure")
    assert {(row["label"], row["detail"]) for row in world.rows("label_mark")} == {
        ("no_session_then", "outside_term"),
        ("no_session_now", "planned_closure"),
    }


def test_a_planned_closure_that_became_a_session_before_the_entry_is_forgotten(world: World) -> None:
    world.session(SATURDAY, 1, "planned_closure")
    world.session(SATURDAY, 1, "held")
    world.marks("/", SATURDAY)
    assert world.labels() == set()


def test_something_else_than_y4_in_a_cancelled_session(world: World) -> None:
    world.facts.line(2, from_date=MONDAY)
    world.marks("/", TUESDAY)
    world.marks("Y4", TUESDAY, line=2)
    world.session(TUESDAY, 1, "cancelled")
    assert [(row["label"], row["line"]) for row in world.rows("label_mark")] == [("cancelled", 1)]
    assert [(row["line"], row["code"]) for row in world.rows("label_y4_missing")] == [(1, "/")]
    assert [(row["label"], row["number"]) for row in world.rows("label_session")] == [("cancelled_after_marks", 1)]


def test_as_at_a_moment_later_words_count_for_nothing(world: World) -> None:
    world.marks("/", TUESDAY)
    then = world.facts.position
    world.session(TUESDAY, 1, "cancelled")
    assert "cancelled" in world.labels()
    for table in ("mark", "school_session", "line", "entries_received"):
        world.facts.database.execute(f"delete from {table} where position > {then}")
    assert world.labels() == set()


# --- amendments


@pytest.mark.parametrize(
    ("about", "label"),
    [
        ({"reason_state": "not_given"}, "unexplained"),
        ({"reason_state": "feed_cannot_carry"}, "reason_not_carried"),
        ({"person": None, "by_kind": "not_said"}, "unnamed"),
        ({"by_kind": "shared_login"}, "shared_login"),
        ({"original_said": "O"}, "missing_step"),
        ({"amended_on": None}, "date_not_stated"),
        ({"amended_on": TUESDAY}, "after_the_day"),
        ({"cause": "mis_rule", "rule": "late-window/2"}, "rule_change"),
        ({"operation": 3}, "one_operation"),
        ({"cause": "closure"}, "closure_after_marks"),
        ({"new": None, "how": "pupil_removed_upstream"}, "withdrawn_upstream"),
        ({"imported": 1}, "imported_amendment"),
    ],
)
def test_an_amendment_is_labelled_by_what_it_lacks_or_is(world: World, about: dict[str, Any], label: str) -> None:
    world.amends("N", **{"new": "I", "amended_on": MONDAY, **about})
    assert world.labels("label_amendment") == {label}


def test_an_amendment_that_says_all_that_regulation_6_asks_for_has_no_label(world: World) -> None:
    world.amends("N", "I", amended_on=MONDAY, original_said="N")
    assert world.labels("label_amendment") == set()


def test_what_a_feed_cannot_carry_is_not_held_against_the_school(world: World) -> None:
    world.facts.put("source", world.source_row(source=2, carries_person=0, carries_reason=0))
    world.amends("N", "I", source=2, person=None, by_kind="not_said", reason_state="not_given", amended_on=MONDAY)
    assert world.labels("label_amendment") == {"person_not_carried", "reason_not_carried"}


def test_the_feed_is_judged_as_it_was_described_then(world: World) -> None:
    world.amends("N", "I", person=None, by_kind="not_said", amended_on=MONDAY)
    world.facts.put("source", world.source_row(carries_person=0))
    assert world.labels("label_amendment") == {"unnamed"}


def test_every_amendment_says_what_regulation_6_asks_for(world: World) -> None:
    world.amends("N", "O", amended_on=date(2025, 9, 8))
    (row,) = world.rows("amendments")
    asked = ("original", "new", "reason_code", "amended_on", "person", "days_after", "after_the_day", "n_to_o")
    assert tuple(row[name] for name in asked) == ("N", "O", "parent_contact", date(2025, 9, 8), 7, 7, 1, 1)


def test_the_summary_counts_by_person(world: World) -> None:
    world.amends("N", "O", amended_on=TUESDAY)
    world.amends("O", "/", amended_on=MONDAY)
    world.amends("/", None, person=None, by_kind="not_said", how="sender_said", amended_on=MONDAY)
    found = {row["person"]: row for row in world.rows("amendment_summary")}
    assert {person: row["amendments"] for person, row in found.items()} == {7: 2, None: 1}
    assert [found[7][name] for name in ("n_to_o", "to_present", "after_the_day")] == [1, 1, 1]
    assert [found[None][name] for name in ("unnamed", "withdrawn")] == [1, 1]


# --- many at once


def _amends_many(world: World, seconds: Sequence[float], **about: Any) -> None:
    for n, second in enumerate(seconds):
        made_at = local("2025-09-10 15:00") + timedelta(seconds=second)
        said = {} if about.get("operation") else {"said_at": made_at, "said_on": made_at.date()}
        world.amends(**{"original": "N", "new": "O", "line": n + 1, "amended_on": MONDAY, **said, **about})


def test_twenty_within_a_minute_are_many_however_the_minute_falls(world: World) -> None:
    _amends_many(world, [30 + 3 * n for n in range(20)], new="I")
    (row,) = world.rows("bulk_change")
    assert [row[name] for name in ("what", "person", "changes", "lines")] == ["any", 7, 20, 20]
    assert row["from_at"] == local("2025-09-10 15:00:30")


def test_nineteen_within_a_minute_or_twenty_in_two_are_not_many(world: World) -> None:
    _amends_many(world, [3 * n for n in range(19)], new="I")
    _amends_many(world, [600 + 6 * n for n in range(20)], new="I")
    assert world.rows("bulk_change") == []


def test_two_stretches_of_one_person_are_told_apart(world: World) -> None:
    _amends_many(world, list(range(25)), new="I")
    _amends_many(world, [3_000 + n for n in range(20)], new="I")
    assert sorted(row["changes"] for row in world.rows("bulk_change")) == [20, 25]


def test_ten_n_turned_to_o_within_a_minute(world: World) -> None:
    _amends_many(world, list(range(10)))
    assert [row["changes"] for row in world.rows("bulk_n_to_o")] == [10]
    _amends_many(world, [3_000 + n for n in range(9)])
    _amends_many(world, [6_000 + n for n in range(15)], new="I")
    assert len(world.rows("bulk_n_to_o")) == 1


def test_one_operation_is_many_however_long_it_took(world: World) -> None:
    _amends_many(world, [0.0] * 20, new="I", operation=9, person=None)
    assert [(row["operation"], row["changes"]) for row in world.rows("bulk_change")] == [(9, 20)]


def test_a_nightly_feed_without_times_is_no_bulk_change(world: World) -> None:
    world.facts.put("source", world.source_row(source=2, delivery="snapshot_daily"))
    for n in range(25):
        world.amends("N", "O", line=n + 1, source=2, recorded_at=local("2025-09-10 22:00"))
    assert world.rows("bulk_change") == []


# --- messages


def test_what_reached_the_ledger_long_after_the_school_keyed_it_is_late_at_the_ledger(world: World) -> None:
    world.marks("/", said="09:00", header_at={"recorded_at": local("2025-09-01 22:00"), "recorded_minute": 1320})
    assert world.labels() == set()
    assert world.number("late_at_ledger", "label_message") == 780


def test_the_entries_own_times_count_where_the_message_has_none(world: World) -> None:
    at = {"recorded_at": local("2025-09-02 06:00"), "recorded_minute": 360}
    world.marks("/", said="09:00", said_by="entry", header_at=at)
    assert world.number("late_at_ledger", "label_message") == 1260


def test_within_the_hour_nothing_is_late_at_the_ledger(world: World) -> None:
    world.marks("/", said="09:00", header_at={"recorded_at": local("2025-09-01 09:50"), "recorded_minute": 590})
    assert world.labels("label_message") == set()


def test_the_authority_says_what_is_late(world: World) -> None:
    world.facts.put("setting", {"setting": "late_minutes", "value_int": 30, "applies_from": MONDAY})
    world.marks("/", said="09:00", header_at={"recorded_at": local("2025-09-01 09:50"), "recorded_minute": 590})
    assert world.labels("label_message") == {"late_at_ledger"}


@pytest.mark.parametrize(
    ("about", "labels"),
    [
        ({"imported": 1, "said": "09:00"}, {"imported"}),
        ({"first_held_at": local("2025-09-01 09:00"), "said": "09:00"}, {"waited_as_held"}),
        ({"medium": "paper_then_keyed", "said": "09:00"}, {"keyed_from_paper"}),
        ({"medium": "recovered_after_outage", "said": "09:00"}, {"recovered_after_outage"}),
        ({"by_kind": "shared_login", "said": "09:00"}, {"taken_under_shared_login"}),
        ({}, {"time_of_entry_not_said"}),
        ({"source": 2}, set()),
        (
            {"source": 2, "header_at": {"recorded_at": local("2025-09-03 09:00"), "recorded_minute": 540}},
            {"told_after_the_day"},
        ),
    ],
)
def test_a_message_is_labelled_by_how_it_came(world: World, about: dict[str, Any], labels: set[str]) -> None:
    world.facts.put("source", world.source_row(source=2, carries_entry_time=0))
    about = {"header_at": {"recorded_at": local("2025-09-01 09:05"), "recorded_minute": 545}, **about}
    world.marks("/", **about)
    assert world.labels("label_message") == labels


# --- registers of sessions


def test_entries_of_a_place_without_calendar(world: World) -> None:
    world.marks("/", date(2025, 10, 1))
    world.marks("/", MONDAY)
    assert [(row["label"], row["session_date"]) for row in world.rows("label_session")] == [
        ("calendar_not_known", date(2025, 10, 1))
    ]


def test_y4_in_a_session_that_the_calendar_has_as_held(world: World) -> None:
    world.marks("Y4", MONDAY)
    (row,) = world.rows("label_session")
    assert (row["label"], row["session_date"], row["number"]) == ("y4_not_cancelled", MONDAY, 1)
    world.session(MONDAY, 1, "cancelled")
    assert world.labels("label_session") == set()


def test_a_register_closed_with_pupils_unmarked_and_one_not_taken(world: World) -> None:
    monday = {"place": 1, "session_date": MONDAY}
    world.facts.put("register_closed", {**monday, "session": 1, "unmarked": 2}, {**monday, "session": 2, "unmarked": 0})
    assert world.labels("label_session") == {"closed_with_unmarked"}
    world.facts.put("register_not_taken", {**monday, "session": 2, "why": "system_down"})
    assert world.labels("label_session") == {"closed_with_unmarked", "register_not_taken"}


def test_a_code_told_beforehand_that_no_register_confirmed(world: World) -> None:
    world.facts.line(2, from_date=MONDAY)
    for day in (MONDAY, TUESDAY):
        for line in (1, 2):
            about = {"place": 1, "session_date": day, "session": 1, "line": line, "code": "V"}
            world.facts.put("foreseen", about)
    world.marks("V", MONDAY, cause="prefilled")
    found = [(row["label"], row["line"], row["session_date"]) for row in world.rows("label_foreseen")]
    assert found == [("pre_entered_never_confirmed", 2, MONDAY)], "Tuesday's register is still to come"


# --- admission registers


def _line(world: World, **about: Any) -> None:
    heard = about.pop("recorded_at", local("2025-09-08 08:00"))
    usual = {"from_date": MONDAY, "imported": 0, "carried": 0, "entry_recorded_on": MONDAY, "entry_position": 1}
    world.facts.line(1, **{**usual, "recorded_at": heard, **about})


def _labels_of_lines(world: World) -> set[str]:
    return world.labels("label_line")


@pytest.mark.parametrize(
    ("about", "labels"),
    [
        ({}, set()),
        ({"entered_on": date(2025, 9, 4), "entry_recorded_on": date(2025, 9, 4)}, {"entered_late"}),
        ({"entered_on": MONDAY, "entry_recorded_on": date(2025, 9, 4)}, {"entry_told_late"}),
        ({"entry_recorded_on": date(2025, 9, 4), "from_date": date(2023, 9, 1)}, set()),
        ({"entry_recorded_on": date(2025, 9, 4), "imported": 1}, {"imported_line"}),
        ({"carried": 1, "entry_recorded_on": date(2025, 9, 4)}, set()),
        ({"guest": 1, "on_roll": 0}, {"guest_line"}),
        ({"leaving_on": date(2025, 10, 24)}, {"left_as_stated"}),
    ],
)
def test_a_line_is_labelled_by_when_and_how_it_was_told(world: World, about: dict[str, Any], labels: set[str]) -> None:
    _line(world, **about)
    assert _labels_of_lines(world) == labels


def _deleted(**about: Any) -> dict[str, Any]:
    day = date(2025, 9, 8)
    usual = {"deletion_position": 9, "deletion_recorded_on": day, "to_date": day, "ground": "r9_1a", "left_on": day}
    return {**usual, **about}


@pytest.mark.parametrize(
    ("about", "labels"),
    [
        ({}, set()),
        ({"left_on": date(2025, 9, 5)}, set()),
        ({"left_on": date(2025, 9, 2)}, {"deletion_backdated"}),
        ({"left_on": date(2025, 9, 2), "deleted_on": date(2025, 9, 8)}, set()),
        ({"left_on": date(2025, 9, 2), "imported": 1}, {"imported_line"}),
        ({"ground": "not_said"}, {"ground_not_said"}),
    ],
)
def test_a_deletion_is_labelled_by_its_day_and_its_ground(
    world: World, about: dict[str, Any], labels: set[str]
) -> None:
    _line(world, **_deleted(**about))
    assert _labels_of_lines(world) == labels


def test_a_stated_leaving_day_is_odd_only_once_it_has_come(world: World) -> None:
    _line(world, leaving_on=date(2025, 10, 24))
    (row,) = world.rows("label_line")
    assert row["on_date"] == date(2025, 10, 25)
    assert world.labels("label") == set(), "asked on 30 September"
    _line(world, leaving_on=date(2025, 9, 24))
    assert world.labels("label") == {"left_as_stated"}


def test_a_deletion_at_a_special_school_may_want_consent(world: World) -> None:
    _line(world, **_deleted())
    assert _labels_of_lines(world) == set()
    world.facts.put("place", {"place": 1, "laestab": "8051234", "kind": "maintained", "phase": "special"})
    assert _labels_of_lines(world) == {"special_school_deletion"}
    _line(world, **_deleted(la_consent_on=TUESDAY))
    assert _labels_of_lines(world) == set()
    _line(world, **_deleted(ground="r9_1k"))
    assert _labels_of_lines(world) == set()


def test_a_deletion_that_was_reversed(world: World) -> None:
    _line(world, **_deleted())
    _line(world)
    assert _labels_of_lines(world) == {"deletion_reversed"}


def test_a_pupil_entered_in_error_who_has_entries(world: World) -> None:
    _line(world, in_error=1, on_roll=0)
    assert _labels_of_lines(world) == set()
    world.marks("/")
    assert world.number("in_error_with_marks", "label_line") == 1


def _odd(world: World, finding: str, stands: int = 1, pupil: int = 1) -> int:
    return world.facts.put("number_oddity", {"pupil": pupil, "finding": finding, "stands": stands})


def _labels_of_numbers(world: World) -> set[tuple[str, int]]:
    return {(row["label"], row["line"]) for row in world.rows("label") if row["label"].startswith("upn_")}


@pytest.mark.parametrize("finding", ["malformed", "wrong_check_letter", "on_two_children"])
def test_what_is_odd_about_a_number_is_a_label_until_it_ends(world: World, finding: str) -> None:
    assert _labels_of_numbers(world) == set()
    position = _odd(world, finding)
    (row,) = [row for row in world.rows("label") if row["label"] == f"upn_{finding}"]
    assert (row["family"], row["line"], row["place"], row["position"]) == ("line", 1, 1, position)
    _odd(world, finding, stands=0)
    assert _labels_of_numbers(world) == set()
    _odd(world, finding)
    assert _labels_of_numbers(world) == {(f"upn_{finding}", 1)}


def test_the_last_line_at_each_place_is_labelled_for_a_number(world: World) -> None:
    world.facts.line(2, pupil=1, from_date=date(2025, 9, 8))
    world.facts.line(3, pupil=1, place=2, from_date=TUESDAY)
    world.facts.line(4, pupil=4, from_date=TUESDAY)
    _odd(world, "malformed")
    assert {row["line"] for row in world.rows("number_finding")} == {1, 2, 3}
    assert _labels_of_numbers(world) == {("upn_malformed", 2), ("upn_malformed", 3)}


def test_each_label_of_a_number_says_how_it_is_mended() -> None:
    with (Path(projections.__file__).parent / "labels.csv").open(encoding="utf-8", newline="") as file:
        says = {row["label"]: row["says"] for row in csv.DictReader(file) if row["label"].startswith("upn_")}
    assert set(says) == {"upn_malformed", "upn_wrong_check_letter", "upn_on_two_children"}
    assert all("PupilsStated" in sentence for sentence in says.values())
    assert "rollbook record merge-identities" in says["upn_on_two_children"]


def test_two_schools_that_both_say_main_on_the_same_days(world: World) -> None:
    world.facts.line(2, place=2, pupil=1, from_date=MONDAY)
    world.facts.put("enrolment_status", {"line": 1, "from_date": MONDAY, "status": "M"})
    world.facts.put("enrolment_status", {"line": 2, "from_date": MONDAY, "status": "S"})
    assert world.rows("label_main_twice") == []
    world.facts.put("enrolment_status", {"line": 2, "from_date": TUESDAY, "status": "M"})
    world.facts.put("enrolment_status", {"line": 1, "from_date": date(2025, 9, 8), "status": "S"})
    found = [(row["place"], row["from_date"], row["to_date"]) for row in world.rows("label_main_twice")]
    assert found == [(1, TUESDAY, date(2025, 9, 7)), (2, TUESDAY, date(2025, 9, 7))]


def test_a_pupil_carried_forward_of_whom_no_register_says_a_word(world: World) -> None:
    world.facts.line(1, from_date=MONDAY, carried=1)
    world.facts.line(2, from_date=MONDAY)
    for day in school_days(MONDAY, 10):
        world.marks("/", day, line=2)
    assert world.labels("label_gone_upstream") == set(), "ten sessions are soon gone"
    for day in school_days(MONDAY, 10):
        world.marks("\\", day, session=2, line=2)
    assert world.labels("label_gone_upstream") == {"gone_upstream"}
    world.marks("/", line=1)
    assert world.labels("label_gone_upstream") == set()


# --- arrangements


def _arranged(world: World, kind: str, **about: Any) -> None:
    usual = {"arrangement": 5, "line": 1, "from_date": MONDAY, "to_date": date(2025, 9, 12), "ended": 0}
    first = {"first_recorded_on": MONDAY, "stands": {"leave": "LeaveGranted", "part_time": "PartTimeAgreed"}.get(kind)}
    world.facts.put("arrangement", {**usual, **first, "kind": kind, **about})


@pytest.mark.parametrize(
    ("kind", "about", "labels"),
    [
        ("leave", {}, set()),
        ("leave", {"first_recorded_on": TUESDAY}, {"recorded_late"}),
        ("leave", {"asked_on": MONDAY, "decided_on": MONDAY}, set()),
        ("leave", {"asked_on": TUESDAY}, {"asked_after_start"}),
        ("leave", {"asked_on": MONDAY, "decided_on": TUESDAY}, {"decided_after_start"}),
        ("leave", {"decided_on": TUESDAY, "stands": "LeaveRefused"}, set()),
        ("part_time", {"parent_agreed": 1}, set()),
        ("part_time", {"parent_agreed": 0}, {"part_time_without_parent"}),
        ("part_time", {"parent_agreed": 1, "purpose": "behaviour"}, {"part_time_for_behaviour"}),
        ("part_time", {"parent_agreed": 1, "to_date": FAR}, {"part_time_without_end"}),
        ("activity", {"supervisor": "parent"}, {"unfit_supervisor"}),
        ("activity", {"supervisor": "provider_staff"}, set()),
        ("placement", {"arranger": "school", "basis": "s19_1"}, {"school_arranged_under_authority_basis"}),
        ("placement", {"arranger": "authority", "basis": "s19_1"}, set()),
        ("evidence", {"first_recorded_on": TUESDAY}, set()),
    ],
)
def test_an_arrangement_is_labelled_by_its_own_word(
    world: World, kind: str, about: dict[str, Any], labels: set[str]
) -> None:
    _arranged(world, kind, **about)
    assert world.labels("label_arrangement") == labels


def test_what_was_decided_in_time_and_told_late_says_so(world: World) -> None:
    _arranged(world, "leave", asked_on=date(2025, 8, 20), decided_on=date(2025, 8, 28), first_recorded_on=TUESDAY)
    (row,) = world.rows("label_arrangement")
    assert (row["label"], row["detail"], row["number"]) == ("recorded_late", "in_time_as_stated", 1)


def test_x_over_the_day_on_which_school_age_begins(world: World) -> None:
    world.facts.line(1, from_date=MONDAY, csa_from=date(2025, 12, 31), csa_until=date(2036, 6, 27))
    _arranged(world, "leave", code="X", to_date=date(2025, 12, 19))
    assert world.labels("label_arrangement") == set()
    _arranged(world, "leave", code="X", to_date=date(2026, 2, 13))
    assert world.labels("label_arrangement") == {"over_school_age_boundary"}


@pytest.mark.parametrize(
    ("about", "code", "label"),
    [
        ({"arranger": "school"}, "K", "k_arranged_by_school"),
        ({"registered_there": 1}, "B", "b_where_registered"),
        ({"delivery": "remote_home"}, "B", "remote_counted"),
    ],
)
def test_an_entry_that_contradicts_a_placement(world: World, about: dict[str, Any], code: str, label: str) -> None:
    mondays_only = {"due_mask": 0b11, "place": 3}
    _arranged(world, "placement", **mondays_only, **about)
    world.marks(code, MONDAY)
    world.marks(code, TUESDAY)
    world.marks("I", date(2025, 9, 8))
    assert [(row["label"], row["session_date"]) for row in world.rows("label_placed")] == [(label, MONDAY)]


def test_a_provider_that_says_no_where_the_register_says_b(world: World) -> None:
    _arranged(world, "placement", place=3, due_mask=0b1111)
    for day, code, attended in ((MONDAY, "B", "no"), (TUESDAY, "I", "no"), (date(2025, 9, 8), "B", "yes")):
        world.marks(code, day, has_text=1)
        about = {"place": 3, "session_date": day, "session": 1, "line": 1, "arrangement": 5}
        world.facts.put("provider_attendance", {**about, "due": 1, "attended": attended})
    assert [(row["label"], row["session_date"]) for row in world.rows("label_placed")] == [
        ("absent_by_provider", MONDAY)
    ]


def test_nobody_looking_where_the_provider_and_the_school_are_silent(world: World) -> None:
    _arranged(world, "placement", place=3, due_mask=0b11, to_date=date(2025, 9, 12))
    world.marks("B", MONDAY, has_text=1)
    report = {"place": 3, "session_date": MONDAY, "session": 2, "line": 1, "arrangement": 5, "attended": "no"}
    world.facts.put("provider_attendance", report)
    world.marks("I", date(2025, 9, 8))
    found = [(row["finding"], row["session_date"], row["session"]) for row in world.rows("nobody_looking")]
    assert sorted(found) == [("nobody", date(2025, 9, 8), 2), ("other_place_silent", MONDAY, 1)]


def test_a_dual_registration_expects_at_the_other_school_what_is_not_due_here(world: World) -> None:
    for day in (MONDAY, TUESDAY):
        world.facts.put("school_session", {"place": 2, "session_date": day, "session": 1, "status": "held"})
    world.facts.line(2, place=2, pupil=1, from_date=MONDAY)
    _arranged(world, "dual_registration", place=2, due_mask=0b11)
    assert [(row["session_date"], row["session"]) for row in world.rows("expected")] == [(TUESDAY, 1)]
    world.marks("D", TUESDAY)
    assert [row["finding"] for row in world.rows("nobody_looking")] == ["nobody"]
    world.marks("O", TUESDAY, line=2, place=2)
    assert world.rows("nobody_looking") == []


def test_d_where_no_other_register_has_the_pupil(world: World) -> None:
    world.marks("D")
    assert [row["finding"] for row in world.rows("dual_registration")] == ["not_registered_elsewhere"]


# --- places


@pytest.mark.parametrize(
    ("table", "row", "label"),
    [
        ("place", {"laestab": "805123"}, "laestab_not_seven_digits"),
        ("place", {"laestab": "805123X"}, "laestab_not_seven_digits"),
        ("place", {"laestab": "80512345"}, "laestab_not_seven_digits"),
        ("place", {"laestab": None}, "laestab_missing"),
        ("place", {"laestab": "8051234", "from_date": date(2026, 9, 1)}, "described_ahead"),
        ("policy", {"from_date": MONDAY, "open_minutes": 31}, "register_open_too_long"),
        ("code_map", {"source": 1, "raw": "H", "code": "H", "from_date": MONDAY}, "maps_code_of_no_use"),
        ("code_map", {"source": 1, "raw": "!", "code": "??", "from_date": MONDAY}, "maps_code_of_no_use"),
    ],
)
def test_a_place_is_labelled_by_what_it_says_of_itself(
    world: World, table: str, row: Mapping[str, Any], label: str
) -> None:
    world.facts.put(table, {"place": 1, **({"kind": "maintained"} if table == "place" else {}), **row})
    assert world.labels("label_place") == {label}


@pytest.mark.parametrize(
    ("table", "row"),
    [
        ("place", {"laestab": None, "kind": "unregistered_provider"}),
        ("policy", {"from_date": MONDAY, "open_minutes": 30}),
        ("code_map", {"source": 1, "raw": "H", "code": "H", "from_date": date(2023, 9, 1)}),
        ("code_map", {"source": 1, "raw": "@", "code": "L", "from_date": MONDAY}),
    ],
)
def test_what_a_place_may_say_is_not_labelled(world: World, table: str, row: Mapping[str, Any]) -> None:
    world.facts.put(table, {"place": 1, **row})
    assert world.labels("label_place") == set()


def test_a_calendar_changed_after_the_day_and_one_changed_before(world: World) -> None:
    world.session(date(2025, 9, 5), 1, "planned_closure")
    world.session(MONDAY, 1, "planned_closure", recorded_at=local("2025-09-03 09:00"))
    world.session(TUESDAY, 1, "cancelled", recorded_at=local("2025-09-03 09:00"))
    found = {(row["label"], row["on_date"], row["number"]) for row in world.rows("label_place")}
    assert found == {
        ("past_day_changed", MONDAY, 1),
        ("closure_told_late", MONDAY, 1),
        ("cancellation_told_late", TUESDAY, 1),
    }


def test_a_succession_told_after_it_happened(world: World) -> None:
    told = {"old_place": 1, "new_place": 2, "kind": "academy_conversion", "stands": 1}
    world.facts.put("succession", {**told, "on_date": MONDAY})
    assert world.labels("label_place") == set()
    world.facts.put("succession", {**told, "on_date": MONDAY - timedelta(days=3)})
    assert world.number("succession_told_late", "label_place") == 3


@pytest.mark.parametrize("what", ["person", "reason", "entry_time", "deletes", "closing_time"])
def test_a_source_that_cannot_say_all(world: World, what: str) -> None:
    assert world.labels("label_place") == set()
    world.facts.put("source", world.source_row(**{f"carries_{what}": 0}))
    assert world.labels("label_place") == {f"feed_without_{what}"}


# --- all of them


def test_every_label_that_an_answer_gives_is_explained_and_every_explanation_is_of_one() -> None:
    with (Path(projections.__file__).parent / "labels.csv").open(encoding="utf-8", newline="") as file:
        explained = {row["label"] for row in csv.DictReader(file)}
    texts = {path.stem: text_of(path.stem) for path in (Path(projections.__file__).parent / "sql").glob("label*.sql")}
    given = {"other_register_silent", "d_at_both", "not_registered_elsewhere"}
    assert all(f"'{finding}'" in text_of("dual_registration") for finding in given)
    for text in texts.values():
        given |= set(re.findall(r"'([a-z0-9_]+)' as label", text))
        for listed in re.findall(r"values ([^;]*?)\) as n \(label\)", text):
            given |= set(re.findall(r"'([a-z0-9_]+)'", listed.rsplit("values", 1)[-1]))
    for choice in re.findall(r"case [^\n]* end as label", "".join(texts.values())):
        given |= set(re.findall(r"(?:then|else) '([a-z_]+)'", choice))
    assert given == explained


def test_all_labels_come_out_of_one_view_and_are_counted_by_place(world: World) -> None:
    world.marks("", code_sent="!", said="09:00")
    world.amends("", "I", reason_state="not_given", amended_on=MONDAY)
    _line(world, **_deleted(ground="not_said"))
    found = {(row["family"], row["label"], row["labels"], row["standing"]) for row in world.rows("label_count")}
    assert found == {
        ("mark", "code_not_mapped", 1, 0),
        ("amendment", "unexplained", 1, 1),
        ("line", "ground_not_said", 1, 1),
    }
