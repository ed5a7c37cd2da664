"""Returns to the authority as an office meets them: listed, made with what was sent, shown again, closed, asked for."""

from __future__ import annotations

import hashlib
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from domain.moments import days
from tests.console.conftest import Command, Said, settled, standing
from tests.making import LAESTAB, School, moment
from tests.scenarios.golden.office import PRESENT, registers

MON = "2025-09-08"
NOW = ("--now", "2025-09-30 16:30")


def a_september(home: Path) -> School:
    """September at a school: Ann is away without leave from the second week, Ben is ill, Cal is there and leaves."""
    school = settled(home)
    school.enters("Ann", "Ben", "Cal", birth_date="2014-02-03", nc_year=8, group="7B", address="1 Shore Lane")
    registers(school, "2025-09-01", "2025-09-05", Ann=PRESENT, Ben=PRESENT, Cal=PRESENT)
    registers(school, MON, "2025-09-30", Ann="O", Ben="I", Cal=PRESENT)
    school.leaves("Cal", "2025-09-30", "2025-09-30 16:00", ground="r9_1f")
    return school


september = standing(a_september)


@pytest.fixture
def office(september: School) -> Command:
    return Command(september.folder)


def told(office: Command, kind: str, *more: str) -> list[dict[str, Any]]:
    said = office("returns", kind, "--json", *more)
    assert said.code == 0, said.err
    found: list[dict[str, Any]] = said.data
    return found


def taken(said: Said) -> Said:
    assert said.code == 0, said.err
    return said


def line_of(office: Command, name: str) -> str:
    row = next(row for row in told(office, "new-pupil", "--everything") if row["name"] == name)
    return f"{LAESTAB}/{row['line'][:12]}"


def test_each_list_says_who_why_and_until_when(office: Command) -> None:
    shown = taken(office("returns", "attendance")).out
    assert "p7b: 17 school days from Mon 8 Sep 2025; return to Tue 30 Sep 2025" in shown
    assert "p7a: 34 sessions unauthorised on 17 days" in shown
    assert "Ben" not in shown
    assert "deleted Tue 30 Sep 2025; ground 9(1)(f)" in taken(office("returns", "deletion")).out
    assert "34 I sessions, 17 days" in taken(office("returns", "sickness")).out
    assert "Sat 6 Sep 2025, overdue" in taken(office("returns", "new-pupil")).out
    assert "Mon 1 Sep to Tue 30 Sep 2025" in taken(office("returns", "periods")).out


def test_as_at_the_ninth_day_of_absence_no_run_is_to_be_returned(office: Command) -> None:
    limbs = [row["limb"] for row in told(office, "attendance", "--as-at", "2025-09-18 18:00", "--place", LAESTAB)]
    assert limbs == ["p7a"]
    limbs = [row["limb"] for row in told(office, "attendance", "--as-at", "2025-09-19 18:00", "--place", LAESTAB)]
    assert limbs == ["p7a", "p7b"]


def test_a_list_can_be_had_as_csv_and_parquet(office: Command, tmp_path: Path) -> None:
    csv = taken(office("returns", "deletion", "--format", "csv", "--no-names")).out
    assert "r9_1f" in csv
    assert "Cal" not in csv
    file = tmp_path / "returns.parquet"
    taken(office("returns", "attendance", "--format", "parquet", "--out", str(file)))
    assert file.stat().st_size > 0


def test_a_return_keeps_what_was_sent_with_its_position_definition_and_receipt(
    september: School, office: Command
) -> None:
    said = taken(
        office("returns", "made", "deletion", line_of(office, "Cal"), "--channel", "portal", "--receipt", "R-17",
               "--on", "2025-09-30 16:05", *NOW)
    )  # fmt: skip
    assert "Recorded at position" in said.out
    (entry,) = september.entries("ReturnMade")
    sent = json.loads(entry.text["content"])
    assert sent["pupil"]["full_name"] == "Cal"
    assert sent["pupil"]["address"] == "1 Shore Lane"
    assert sent["why"]["ground"] == "r9_1f"
    assert entry["content"] == hashlib.sha256(entry.text["content"]).digest()
    assert (entry["kind"], entry["ground"], entry["receipt"], entry["channel"]) == (
        "deletion",
        "r9_1f",
        "R-17",
        "portal",
    )
    (adopted,) = september.entries("DefinitionAdopted")
    assert (adopted["answer"], adopted["digest"]) == ("return_deletion", entry["definition"])
    assert entry["computed_at"] < adopted.position < entry.position
    (row,) = told(office, "deletion")
    assert (row["made_position"], row["made_on"], row["superseded"]) == (entry.position, "2025-09-30", 0)
    shown = taken(office("returns", "show", str(entry.position))).out
    assert json.loads(shown) == sent


def test_a_return_is_made_by_now_and_a_date_that_is_today_means_now(september: School, office: Command) -> None:
    made = ("returns", "made", "deletion", line_of(office, "Cal"), *NOW, "--on")
    for ahead in ("2025-09-30 16:31", "2025-10-01"):
        said = office(*made, ahead)
        assert (said.code, f"{ahead} lies ahead" in said.err) == (1, True), said.err
    assert september.entries("ReturnMade") == []
    taken(office(*made, "2025-09-30"))
    (entry,) = september.entries("ReturnMade")
    assert entry["made_on"] == entry.recorded_at == moment("2025-09-30 16:30")


def test_the_content_carries_a_reference_that_nobody_can_guess_so_its_hash_tells_nothing(
    september: School, office: Command
) -> None:
    for _ in range(2):
        taken(office("returns", "made", "deletion", line_of(office, "Cal"), *NOW))
    first, second = september.entries("ReturnMade")
    assert first["content"] != second["content"]
    assert len(september.entries("DefinitionAdopted")) == 1, "the definition is the same"


def test_no_name_and_no_address_stands_in_clear_in_a_return(september: School, office: Command) -> None:
    taken(office("returns", "made", "deletion", line_of(office, "Cal"), *NOW))
    taken(
        office("record", "sickness-belief", f"place={LAESTAB}", f"line={line_of(office, 'Ben').split('/')[1]}",
               "limb=consecutive_15", "on=2025-09-08", "grounds=An operation in Marram Hospital", *NOW)
    )  # fmt: skip
    for row in september.ledger.store.read_positions(1, september.head):
        if row.topic in ("ReturnMade", "SicknessBeliefFormed"):
            for text in (b"Cal", b"Shore Lane", b"Hospital"):
                assert text not in row.state


def test_everybody_whom_the_list_says_is_returned_at_once_and_then_nobody_is_left(
    september: School, office: Command
) -> None:
    said = taken(office("returns", "made", "attendance", "--listed", LAESTAB, "--json", *NOW)).data
    assert said["returns"] == 2
    made = september.entries("ReturnMade")
    assert [(entry["limb"], entry["run_days"]) for entry in made] == [("p7a", 17), ("p7b", 17)]
    assert {entry["run_from"] for entry in made} == {days(date(2025, 9, 8))}
    assert len({entry.stream for entry in made}) == 1, "one case for one line"
    assert told(office, "attendance", "--open") == []
    said = taken(office("returns", "made", "attendance", "--listed", LAESTAB, "--json", *NOW)).data
    assert (said["returns"], said["last_position"]) == (0, None)


def test_an_amendment_after_the_return_shows_that_what_was_told_no_longer_stands(
    september: School, office: Command
) -> None:
    taken(office("returns", "made", "attendance", "--listed", LAESTAB, *NOW))
    september.changes("2025-09-15 AM", "2025-10-01 09:00", Ann=("O", "I"), reason="A letter came.", by="K")
    rows = told(office, "attendance")
    (returned,) = [row for row in rows if row["limb"] == "p7b" and row["made_position"]]
    assert (returned["superseded"], returned["made_days"], returned["school_days"]) == (1, 17, 11)
    before = told(office, "attendance", "--as-at", "2025-09-30 18:00", "--place", LAESTAB)
    assert {row["superseded"] for row in before} == {0}


def test_what_was_sent_by_another_way_is_kept_byte_for_byte(september: School, office: Command, tmp_path: Path) -> None:
    file = tmp_path / "letter.txt"
    file.write_bytes(b"Dear colleague,\nCal has left us.\n\xff")
    taken(office("returns", "made", "deletion", line_of(office, "Cal"), "--content", str(file), *NOW))
    (entry,) = september.entries("ReturnMade")
    assert entry.text["content"] == file.read_bytes()
    assert entry["content"] == hashlib.sha256(file.read_bytes()).digest()


def test_a_return_that_nothing_calls_for_is_recorded_with_a_remark(september: School, office: Command) -> None:
    said = taken(office("returns", "made", "deletion", line_of(office, "Ann"), *NOW))
    assert "called for by nothing" in said.err
    (entry,) = september.entries("ReturnMade")
    assert (entry["limb"], entry["run_from"]) == ("none", None)


def test_a_return_is_closed_with_its_pupils_and_the_next_one_when_empty(september: School, office: Command) -> None:
    taken(office("returns", "made", "attendance", "--listed", LAESTAB, *NOW))
    said = taken(office("returns", "close", LAESTAB, "--receipt", "C-9", *NOW))
    assert "Mon 1 Sep to Tue 30 Sep 2025: 1 pupil." in said.out
    registers(september, "2025-10-01", "2025-10-02", Ann=PRESENT, Ben=PRESENT)
    said = taken(office("returns", "close", LAESTAB, "--from", "2025-10-01", "--to", "2025-10-31", "--json"))
    assert (said.data["pupils"], said.data["nil"]) == (0, True)
    first, second = september.entries("AttendanceReturnClosed")
    assert (first["pupils"], first["nil"], first["receipt"]) == (1, False, "C-9")
    assert (second["pupils"], second["nil"], second["receipt"]) == (0, True, None)
    assert [row["overdue"] for row in told(office, "periods")] == [0, 0]


def test_closing_a_period_that_has_not_ended_says_what_that_means(september: School, office: Command) -> None:
    early = taken(office("returns", "close", LAESTAB, "--from", "2025-09-01", "--to", "2026-08-31"))
    assert "ends on Mon 31 Aug 2026" in early.err
    done = taken(office("returns", "close", LAESTAB, "--from", "2025-08-01", "--to", "2025-08-31"))
    assert "ends on" not in done.err


def test_closing_with_somebody_left_out_says_so_and_closes(september: School, office: Command) -> None:
    said = taken(office("returns", "close", LAESTAB, *NOW))
    assert "1 pupil is listed for this return and not in one" in said.err
    (entry,) = september.entries("AttendanceReturnClosed")
    assert entry["nil"] is True
    assert {row["closed_position"] for row in told(office, "attendance")} == {entry.position}


def test_the_same_closing_said_again_adds_nothing(september: School, office: Command) -> None:
    period = ("--from", "2025-09-01", "--to", "2025-09-30", *NOW)
    taken(office("returns", "close", LAESTAB, *period))
    said = taken(office("returns", "close", LAESTAB, *period, "--json"))
    # What it was computed from is another position; what it says is the same.
    assert said.data["last_position"] is None
    assert len(september.entries("AttendanceReturnClosed")) == 1


def test_a_sickness_return_rests_on_a_belief_that_a_person_said(september: School, office: Command) -> None:
    assert [row["needed"] for row in told(office, "sickness")] == [0, 0]
    line = line_of(office, "Ben").split("/")[1]
    taken(
        office("record", "sickness-belief", f"place={LAESTAB}", f"line={line}", "limb=total_15", "on=2025-09-20",
               "grounds=The consultant wrote", *NOW)
    )  # fmt: skip
    total = next(row for row in told(office, "sickness") if row["limb"] == "p9_total")
    assert (total["needed"], total["due_on"], total["overdue"]) == (1, "2025-09-20", 1)
    taken(office("returns", "made", "sickness", line_of(office, "Ben"), *NOW))
    (entry,) = september.entries("ReturnMade")
    assert (entry["limb"], entry["run_days"]) == ("p9_total", 17)
    assert told(office, "sickness", "--open") == []


def test_the_authority_asks_for_what_need_not_be_returned_unasked(september: School, office: Command) -> None:
    taken(office("returns", "asked", "new-pupil", LAESTAB, "--on", "2025-09-10", *NOW))
    said = taken(office("returns", "asked", "new-pupil", LAESTAB, "--on", "2025-09-10", *NOW))
    assert "on record already" in said.out
    (entry,) = september.entries("ReturnAsked")
    assert (entry["kind"], entry["asked_on"]) == ("new_pupil", days(date(2025, 9, 10)))


def test_an_interval_longer_than_a_month_is_recorded_with_a_warning_and_shown_as_weaker(office: Command) -> None:
    said = taken(office("record", "return-interval", f"place={LAESTAB}", "from_day=2025-09-01", "termly=yes", *NOW))
    assert "less often than once per calendar month" in said.err
    (first, *_) = told(office, "periods")
    assert (first["basis"], first["weaker"], first["to_date"]) == ("agreed_term", 1, "2025-12-19")
    assert {row["weaker"] for row in told(office, "attendance")} == {1}


def test_a_setting_weaker_than_the_regulation_is_recorded_with_a_warning(september: School, office: Command) -> None:
    fields = ("setting=attendance_return_interval_days", "applies_from=2025-09-01")
    said = taken(office("record", "make-setting", *fields, "value=40", *NOW))
    assert "attendance_return_interval_days of 40 is weaker" in said.err
    said = taken(office("record", "make-setting", *fields, "value=28", *NOW))
    assert "weaker" not in said.err
    assert len(september.entries("SettingMade")) == 2


@pytest.mark.parametrize(
    ("said", "code", "sentence"),
    [
        (("made", "deletion"), 2, "Say of whom"),
        (("made", "deletion", LAESTAB), 2, "Write PLACE/LINE"),
        (("made", "deletion", f"{LAESTAB}/ffffffffffff"), 1, "No line is known"),
        (("made", "deletion", f"{LAESTAB}/abcdef012345", "1000000/abcdef012345"), 2, "One school makes one return"),
        (("close", LAESTAB, "--from", "2025-10-02", "--to", "2025-10-01"), 1, "ends before it begins"),
        (("show", "1"), 1, "there is no return"),
        (("attendance", "--open", "--everything"), 2, "two lists"),
    ],
)
def test_what_cannot_be_recorded_is_refused_with_a_sentence(
    office: Command, said: tuple[str, ...], code: int, sentence: str
) -> None:
    answer = office("returns", *said)
    assert (answer.code, sentence in answer.err) == (code, True), answer.err


def test_an_interval_says_days_or_terms_and_not_both(office: Command) -> None:
    fields = (f"place={LAESTAB}", "from_day=2025-09-01")
    for more in ((), ("interval_days=28", "termly=yes")):
        answer = office("record", "return-interval", *fields, *more)
        assert (answer.code, "one of the two" in answer.err) == (1, True)


def test_the_pupils_history_shows_the_return_and_the_belief_and_the_index_leads_there(office: Command) -> None:
    ben = line_of(office, "Ben")
    grounds = "grounds=The consultant wrote"
    said = (f"place={LAESTAB}", f"line={ben.split('/')[1]}", "limb=total_15", "on=2025-09-20", grounds)
    taken(office("record", "sickness-belief", *said, *NOW))
    taken(office("returns", "made", "sickness", ben, "--receipt", "S-4", "--channel", "email", *NOW))
    shown = taken(office("history", ben.split("/")[1])).out
    assert "belief about sickness" in shown
    assert "The consultant wrote" in shown
    assert "receipt S-4" in shown
    assert "The consultant wrote" not in taken(office("history", ben.split("/")[1], "--no-names")).out
    assert taken(office("identity", "check")).code == 0
