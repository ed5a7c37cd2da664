"""What an ordinary office's week leaves behind, and what the ledger says is odd about it: nothing was refused.

(events.md 2.3, 2.4; DESIGN "record and label".) Each scenario is told by a school's own messages.
"""

from __future__ import annotations

from tests.making import NIGHTLY, School, mark
from tests.scenarios.golden.conftest import AskFor
from tests.scenarios.golden.office import Asks, Row, on, one_day, picked

MONDAY, TUESDAY = "2025-09-01 AM", "2025-09-02 AM"


def said(asks: Asks, answer: str, name: str | None = None, as_at: str | None = None) -> list[Row]:
    """What an answer says, of a pupil where one is named; not of the place, whose nightly feed always lacks much."""
    rows = [row for row in asks.all(answer, as_at) if row.get("family") != "place"]
    return [row for row in rows if name is None or row["name"] == name]


def labels(asks: Asks, answer: str, name: str | None = None, as_at: str | None = None) -> set[str]:
    """The names of the labels in it."""
    return {row["label"] for row in said(asks, answer, name, as_at)}


def test_a_register_taken_and_keyed_in_time_has_nothing_odd(school: School, ask_for: AskFor) -> None:
    school.takes("7B", MONDAY, "09:03", Ann="/", Ben="/", Cal="N")
    school.changes(MONDAY, "10:15", Cal=("N", "I"), by="K", reason="Mother rang.", said_at="10:15")
    asks = ask_for("label")
    assert said(asks, "label") == []


def test_a_nightly_feed_is_late_at_the_ledger_and_never_at_the_school(school: School, ask_for: AskFor) -> None:
    school.takes("7B", MONDAY, "2025-09-01 21:30", said="09:03", arrives="2025-09-01 22:00", Ann="/", Ben="N")
    asks = ask_for("label")
    (row,) = said(asks, "label")
    assert picked(row, "family", "label", "session_date", "number") == (
        "message",
        "late_at_ledger",
        on("2025-09-01"),
        777,
    )


def test_paper_keyed_the_next_day_is_late_at_the_school(school: School, ask_for: AskFor) -> None:
    school.takes("7B", MONDAY, "2025-09-02 08:00", said="2025-09-02 08:00", medium="paper_then_keyed", Ann="/")
    asks = ask_for("label")
    assert labels(asks, "label") == {"late_at_school", "keyed_from_paper"}


def test_a_letter_replayed_when_the_pupil_is_entered_waited_and_the_pupil_was_entered_late(
    school: School, ask_for: AskFor
) -> None:
    school.takes("7B", MONDAY, "09:01", Zoe="/")
    school.enters("Zoe", at="2025-09-04 15:00", birth_date="2014-02-03", nc_year=7)
    asks = ask_for("label")
    assert labels(asks, "label") == {"waited_as_held", "late_at_ledger", "entry_told_late"}
    assert labels(asks, "label", as_at="2025-09-03 12:00") == set(), "on Wednesday nobody knew of Zoe"


def test_a_change_without_reason_or_name_is_told_from_one_that_its_feed_cannot_carry(
    school: School, ask_for: AskFor
) -> None:
    school.takes("7B", MONDAY, "09:01", Ann="N")
    school.changes(MONDAY, "11:00", Ann=("N", "O"))
    school.enters("Ben", source=NIGHTLY, at="2025-09-01 20:00", birth_date="2014-02-03", nc_year=7)
    for night, code in (("2025-09-01", "N"), ("2025-09-02", "O")):
        held = {MONDAY: {"Ben": code}}
        school.snapshot("2025-09-01", "2025-09-01", f"{night} 22:00", held, whole=False, source=NIGHTLY)
    asks = ask_for("label_amendment")
    assert labels(asks, "label_amendment", "Ann") >= {"unexplained", "unnamed"}
    assert labels(asks, "label_amendment", "Ben") >= {"reason_not_carried", "person_not_carried"}
    assert not labels(asks, "label_amendment", "Ben") & {"unexplained", "unnamed"}


def test_a_step_that_the_ledger_never_saw(school: School, ask_for: AskFor) -> None:
    school.takes("7B", MONDAY, "09:01", Ann="N")
    school.changes(MONDAY, "15:00", Ann=("O", "I"), by="K", reason="Doctor's letter.", said_at="15:00")
    asks = ask_for("label_amendment")
    assert labels(asks, "label_amendment") == {"missing_step"}


def test_a_whole_class_turned_from_n_to_o_by_one_hand(school: School, ask_for: AskFor) -> None:
    names = [f"Kid{n}" for n in range(10)]
    school.enters(*names, birth_date="2014-02-03", nc_year=7)
    school.takes("7C", MONDAY, "09:01", **dict.fromkeys(names, "N"))
    for n, name in enumerate(names):
        school.changes(
            MONDAY, f"2025-09-09 16:0{n // 8}", **{name: ("N", "O")}, by="K", said_at=f"2025-09-09 16:0{n // 8}"
        )
    asks = ask_for("bulk_n_to_o")
    (row,) = asks.all("bulk_n_to_o")
    assert picked(row, "changes", "lines", "unexplained", "after_the_day") == (10, 10, 10, 10)
    assert asks.all("bulk_n_to_o", as_at="2025-09-09 16:00") == [], "eight by then"


def test_marks_of_a_day_that_was_called_off_afterwards(school: School, ask_for: AskFor) -> None:
    one_day(school, "2025-09-01", Ann="/", Ben="/", Cal="/")
    closure = {"date": "2025-09-01", "session": "PM", "whole": True, "why": "weather", "reversed": False}
    school.says("ClosureStated", "2025-09-01 15:00", **closure)
    asks = ask_for("label")
    found = {(row["label"], row["session"]) for row in asks.all("label")}
    assert found >= {("cancelled", 2), ("y4_missing", 2), ("cancelled_after_marks", 2)}
    assert ("cancelled", 1) not in found
    assert labels(asks, "label", as_at="2025-09-01 14:00") & {"cancelled", "y4_missing"} == set()


def test_a_leaver_keyed_days_later_whose_marks_the_system_drops(school: School, ask_for: AskFor) -> None:
    for day in ("2025-09-01", "2025-09-02", "2025-09-03", "2025-09-04"):
        one_day(school, day, Ann="O")
    school.leaves("Ann", "2025-09-01", "2025-09-05 09:00", deleted_on="2025-09-01")
    for day in ("2025-09-02", "2025-09-03", "2025-09-04"):
        school.removes(f"{day} AM", "2025-09-05 09:01", "Ann", how="pupil_removed_upstream", by="K")
    asks = ask_for("label")
    found = labels(asks, "label", "Ann")
    assert found >= {"deletion_backdated", "ground_not_said", "withdrawn_upstream"}
    assert labels(asks, "label", as_at="2025-09-04 12:00") & found == set()


def test_lates_are_judged_by_when_the_taking_ended(school: School, ask_for: AskFor) -> None:
    school.takes("7B", MONDAY, "09:20", Ann=mark("L", minutes_late=20), Ben=mark("L", minutes_late=55), Cal="U")
    asks = ask_for("label_mark")
    assert labels(asks, "label_mark", "Ann") == set()
    assert labels(asks, "label_mark", "Ben") == {"l_after_taking"}
    assert labels(asks, "label_mark", "Cal") == {"u_without_n"}


def test_a_code_told_beforehand_is_odd_only_if_the_register_forgets_it(school: School, ask_for: AskFor) -> None:
    school.foresees(TUESDAY, "2025-08-31 10:00", Ann="V", Ben="V")
    asks = ask_for("label_foreseen")
    assert asks.all("label_foreseen") == []
    school.takes("7B", TUESDAY, "09:01", Ann=mark("V", cause="prefilled"), Cal="/")
    assert labels(asks, "label_foreseen", "Ben") == {"pre_entered_never_confirmed"}
    assert labels(asks, "label_foreseen", "Ann") == set()
