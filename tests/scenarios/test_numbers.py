"""Numbers of children that are wrong: recorded, labelled without the number, and over once somebody mends them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from domain.ledger.commands import Done, UndoMerge, carry_out
from tests.making import NIGHTLY, School
from tests.projections.loading import loaded, rows
from tests.scenarios.arranging import acorn_is_known, leave, reports
from tests.scenarios.golden.office import Asks
from tests.scenarios.test_one_child import merged

GOOD, OWN, TEMPORARY = "B805200017129", "H801200001001", "M80520001713A"
BAD_LETTER, NO_NUMBER = "A805200017129", "NOT KNOWN YET"
MON, TUE = "2025-09-01 AM", "2025-09-02 AM"


@pytest.fixture
def asks(school: School, tmp_path: Path) -> Iterator[Asks]:
    made = Asks(school, tmp_path / "answers", "number_finding")
    yield made
    made.close()


def findings(asks: Asks, as_at: str | None = None) -> set[tuple[str, str]]:
    """(name, finding) of every line whose pupil's number is odd."""
    return {(row["name"], row["finding"]) for row in asks.all("number_finding", as_at)}


def labels(asks: Asks) -> set[tuple[str, str]]:
    """(name, label) of the labels of numbers."""
    return {(row["name"], row["label"]) for row in asks.all("label_number")}


def by_number(school: School, when: str, at: str, upn: str) -> None:
    """A feed that knows a pupil by number only."""
    marks = [{"mis_pupil": "nightly 1", "upn": upn, "code": "/"}]
    school.take(school.taking("7B", when, at, source=NIGHTLY, said=None, by=None, marks=marks))


def sentence(school: School) -> str:
    """Why the one thing that waits is held."""
    (waits,) = school.held
    assert waits.rule == "g3"
    return str(waits.fields["sentence"])


# --- what is odd, and until when


@pytest.mark.parametrize(
    ("upn", "finding"),
    [(BAD_LETTER, "wrong_check_letter"), (NO_NUMBER, "malformed"), (GOOD[:-1], "malformed"), ("S" + GOOD[1:], "malformed")],
    ids=["letter", "no number", "short", "a letter that no UPN has"],
)  # fmt: skip
def test_a_wrong_number_is_a_finding_until_the_school_sends_the_right_one(
    school: School, asks: Asks, upn: str, finding: str
) -> None:
    school.enters("Dee", upn=upn)
    assert findings(asks) == {("Dee", finding)}
    assert labels(asks) == {("Dee", f"upn_{finding}")}
    school.enters("Dee", upn=GOOD, at="2025-09-03 08:00")
    assert findings(asks) == labels(asks) == set()
    assert findings(asks, as_at="2025-09-02") == {("Dee", finding)}


@pytest.mark.parametrize("upn", [GOOD, GOOD.lower(), f" {GOOD[:4]} {GOOD[4:]} ", TEMPORARY, None])
def test_a_right_number_however_it_is_written_and_none_are_nothing_odd(
    school: School, asks: Asks, upn: str | None
) -> None:
    school.enters("Dee", upn=upn)
    assert findings(asks) == set()


def test_a_slip_over_a_right_number_ends_when_the_right_one_is_sent_again(school: School, asks: Asks) -> None:
    for day, upn in enumerate((GOOD, BAD_LETTER, GOOD, BAD_LETTER, GOOD), 1):
        school.enters("Dee", upn=upn, at=f"2025-09-0{day} 08:00")
        assert findings(asks) == ({("Dee", "wrong_check_letter")} if upn == BAD_LETTER else set()), day


def test_what_stays_as_it_was_is_recorded_once(school: School) -> None:
    school.enters("Dee", upn=GOOD)
    for day in (2, 3, 4):
        school.enters("Dee", upn=BAD_LETTER, at=f"2025-09-0{day} 08:00")
    school.enters("Dee", upn=GOOD, at="2025-09-05 08:00")
    school.enters("Dee", upn=GOOD, at="2025-09-08 08:00")
    assert [e.text["upn"] for e in school.entries("UpnGiven")] == [GOOD, BAD_LETTER, GOOD]


def test_an_older_roll_that_comes_late_brings_no_slip_back(school: School, asks: Asks) -> None:
    school.enters("Dee", upn=BAD_LETTER, at="2025-09-01 08:00")
    school.enters("Dee", upn=GOOD, at="2025-09-04 08:00")
    school.enters("Dee", upn=BAD_LETTER, at="2025-09-02 08:00", arrives="2025-09-05 08:00")
    school.enters("Dee", upn="TBC", at="2025-09-03 08:00", arrives="2025-09-05 08:00")
    assert findings(asks) == set()


def test_a_child_of_two_lines_is_labelled_once_at_each_place(school: School, asks: Asks) -> None:
    school.enters("Dee", upn=BAD_LETTER)
    school.leaves("Dee", "2025-09-19", "2025-09-19 16:00")
    school.enters("Dee", upn=BAD_LETTER, at="2025-10-06 08:00", starting_day="2025-10-06")
    assert len(asks.all("number_finding")) == 2
    (labelled,) = [row for row in asks.all("label") if row["label"] == "upn_wrong_check_letter"]
    last = max(asks.all("number_finding"), key=lambda row: row["line"])
    assert (labelled["line"], last["last_here"]) == (last["line"], 1)


# --- one number on two children


def test_one_number_on_two_children_is_a_finding_on_both_until_they_are_one_child(school: School, asks: Asks) -> None:
    school.enters("Dee", upn=GOOD)
    assert findings(asks) == set()
    school.enters("Dee 2", upn=GOOD, at="2025-09-02 08:00")
    both = {("Dee", "on_two_children"), ("Dee 2", "on_two_children")}
    assert findings(asks) == both
    assert labels(asks) == {(name, "upn_on_two_children") for name, _ in both}
    school.takes("7B", "2025-09-04 AM", "08:55", Ann="/")
    position = merged(school, "Dee 2", "Dee")
    assert findings(asks) == set()
    assert findings(asks, as_at="2025-09-03") == both
    assert isinstance(carry_out(school.ledger, UndoMerge(merge=position, reason="Twins.")), Done)
    assert findings(asks) == both


def test_two_who_are_one_child_through_a_third_are_no_finding(school: School, asks: Asks) -> None:
    school.enters("Dee", upn=GOOD)
    school.enters("Dee 2", upn=OWN, at="2025-09-02 08:00")
    school.enters("Dee 3", upn=GOOD, at="2025-09-02 09:00")
    merged(school, "Dee 2", "Dee")
    assert findings(asks) == {("Dee", "on_two_children"), ("Dee 3", "on_two_children")}
    merged(school, "Dee 2", "Dee 3")
    assert findings(asks) == set()
    school.enters("Fay", upn=GOOD, at="2025-09-03 08:00")
    assert findings(asks) == {(name, "on_two_children") for name in ("Dee", "Dee 3", "Fay")}
    school.enters("Fay", upn=TEMPORARY, at="2025-09-04 08:00")
    assert findings(asks) == set()


def test_a_number_typed_for_the_wrong_child_ends_when_that_child_has_its_own_again(school: School, asks: Asks) -> None:
    school.enters("Dee", upn=GOOD)
    school.enters("Eve", upn=OWN)
    school.enters("Eve", upn=GOOD, at="2025-09-02 08:00")
    assert findings(asks) == {("Dee", "on_two_children"), ("Eve", "on_two_children")}
    school.enters("Eve", upn=OWN, at="2025-09-03 08:00")
    assert findings(asks) == set()


def test_a_number_that_is_no_number_is_not_shared_by_those_who_have_it(school: School, asks: Asks) -> None:
    school.enters("Dee", "Eve", upn=NO_NUMBER)
    assert findings(asks) == {("Dee", "malformed"), ("Eve", "malformed")}


def test_of_three_with_one_number_the_other_two_stay_a_finding(school: School, asks: Asks) -> None:
    school.enters("Dee", "Eve", "Fay", upn=GOOD)
    school.enters("Dee", upn=OWN, at="2025-09-02 08:00")
    assert findings(asks) == {("Eve", "on_two_children"), ("Fay", "on_two_children")}
    school.enters("Eve", upn=TEMPORARY, at="2025-09-03 08:00")
    assert findings(asks) == set()


def test_a_temporary_number_replaced_here_and_kept_there_is_still_on_two_children(school: School, asks: Asks) -> None:
    school.enters("Dee", upn=TEMPORARY)
    school.enters("Dee 2", upn=TEMPORARY, at="2025-09-02 08:00")
    school.enters("Dee", upn=GOOD, former_upn=TEMPORARY, at="2025-09-03 08:00")
    assert {name for name, _ in findings(asks)} == {"Dee", "Dee 2"}
    merged(school, "Dee", "Dee 2")
    assert findings(asks) == set()


# --- rows that wait because of a number


def test_a_row_held_for_a_number_on_two_children_says_so_and_is_taken_once_they_are_one(school: School) -> None:
    school.enters("Dee", upn=GOOD)
    school.enters("Dee 2", upn=GOOD, at="2025-09-01 07:00")
    by_number(school, MON, "20:00", GOOD)
    said = sentence(school)
    assert "a UPN that two children have" in said
    assert "rollbook record merge-identities" in said
    assert GOOD not in said
    merged(school, "Dee 2", "Dee")
    school.intake.replay_waiting()
    assert not school.held
    assert school.register(MON) == {"Dee 2": "/"}


def test_it_is_taken_too_once_the_school_has_corrected_the_other_number(school: School) -> None:
    school.enters("Dee", upn=GOOD)
    school.enters("Eve", upn=OWN)
    school.enters("Eve", upn=GOOD, at="2025-09-01 07:00")
    by_number(school, MON, "20:00", GOOD)
    assert "PupilsStated with the right one" in sentence(school)
    school.enters("Eve", upn=OWN, at="2025-09-02 07:00")
    assert not school.held, "nobody had to ask"
    assert school.register(MON) == {"Dee": "/"}
    by_number(school, TUE, "20:00", GOOD)
    by_number(school.reopened(), "2025-09-03 AM", "20:00", GOOD)
    again = school.beside()
    assert again.register(TUE) == again.register("2025-09-03 AM") == {"Dee": "/"}
    again.close()


@pytest.mark.parametrize(
    ("upn", "because"),
    [
        (NO_NUMBER, "a number that has not the shape of a UPN"),
        (BAD_LETTER, "a UPN whose check letter does not agree"),
        (GOOD, "no pupil on any register of this place is known by this identifier"),
        (None, "no pupil on any register of this place is known by this identifier"),
    ],
)
def test_a_row_held_for_a_number_that_is_wrong_says_what_is_wrong_with_it(
    school: School, upn: str | None, because: str
) -> None:
    by_number(school, MON, "20:00", upn)  # type: ignore[arg-type]
    assert because in sentence(school)
    assert upn is None or upn not in sentence(school)


def test_rows_of_one_register_wait_apart_by_what_mends_them(school: School) -> None:
    rows_ = [{"mis_pupil": f"n{n}", "upn": upn, "code": "/"} for n, upn in enumerate((GOOD, NO_NUMBER, None, "TBC"))]
    school.take(school.taking("7B", MON, "08:55", marks=[{"mis_pupil": "Ann", "code": "/"}, *rows_]))
    assert school.register(MON) == {"Ann": "/"}
    told = sorted(str(waits.fields["sentence"]) for waits in school.held)
    assert [one.split(":")[0] for one in told] == ["Rows 2, 4", "Rows 3, 5"]


@pytest.mark.parametrize("kind", ["leaver", "transfer", "leave", "provider"])
def test_whatever_speaks_of_a_child_by_such_a_number_is_held_for_it(school: School, kind: str) -> None:
    school.enters("Dee", "Dee 2", upn=GOOD)
    row: dict[str, Any] = {"mis_pupil": "?", "upn": GOOD}
    if kind == "leaver":
        school.says("PupilLeft", "2025-09-05 16:00", leavers=[{**row, "leaving_on": "2025-09-05"}])
    elif kind == "transfer":
        counts = dict.fromkeys(("possible", "authorised", "unauthorised", "attended"), 1)
        school.says("TransferReceived", "2025-09-05 16:00", transfers=[{**row, "year": "202425", **counts}])
    elif kind == "leave":
        leave(school, "2025-09-02 16:00", "?", "asked", "2025-09-08 to 2025-09-09", upn=GOOD)
    else:
        acorn_is_known(school)
        reports(school, "2025-09-05 16:00", "2025-09-05 AM", Nobody={"attended": "yes", "upn": GOOD})
    assert "a UPN that two children have" in sentence(school)


# --- never the number


def test_no_fact_and_no_answer_holds_a_number_or_what_could_be_made_of_one(school: School, tmp_path: Path) -> None:
    school.enters("Dee", "Dee 2", upn=BAD_LETTER)
    school.enters("Eve", upn=NO_NUMBER)
    facts = loaded(school.ledger)
    assert {(row["finding"], row["stands"]) for row in rows(facts, "number_oddity")} == {
        ("malformed", 1),
        ("on_two_children", 1),
        ("wrong_check_letter", 1),
    }
    for name, frame in facts.items():
        text = frame.write_csv()
        assert BAD_LETTER not in text, name
        assert NO_NUMBER not in text, name
    beside = ("position", "recorded_at", "recorded_on", "recorded_minute")
    assert facts["number_oddity"].columns == [*beside, "pupil", "finding", "stands"]
    asks = Asks(school, tmp_path / "answers", "label", "number_finding")
    told = repr(asks.all("label")) + repr(asks.all("number_finding"))
    asks.close()
    assert "upn_malformed" in told
    assert not [number for number in (BAD_LETTER, NO_NUMBER) if number in told]
    files = [file for file in (tmp_path / "answers").rglob("*") if file.is_file()]
    assert files
    for file in files:
        assert not re.search(f"{BAD_LETTER}|{NO_NUMBER}".encode(), file.read_bytes()), file


def test_where_a_childs_key_is_gone_nothing_is_said_of_its_number(tmp_path: Path) -> None:
    school = School.ready(tmp_path)
    school.enters("Dee", upn=BAD_LETTER)
    assert len(rows(loaded(school.ledger), "number_oddity")) == 1
    (given,) = school.entries("UpnGiven")
    school.ledger.keys.destroy([given["sealed_key"]])
    assert rows(loaded(school.ledger), "number_oddity") == []
    school.close()
