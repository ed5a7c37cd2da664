"""What the reading verbs print: as at any moment, plain into a pipe, as data where data is asked for."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import polars as pl
import pytest

from tests.console.conftest import Command
from tests.making import LAESTAB, URN, School

MON = "2025-09-01 AM"
WEEK = ("--week", "2025-09-03")
UPN = "A805200017129"


@pytest.fixture
def monday(school: School) -> School:
    """Ann is there; Ben was N and is I; Cal's mark was deleted; Dee has a UPN."""
    school.enters("Dee", upn=UPN, full_name="Dee Dunlin")
    school.takes("7B", MON, "08:45", Ann="/", Ben="N", Cal="/", Dee="N")
    school.changes(
        MON, "11:00", Ben=("N", "I"), Dee=("N", "I"), reason="Mother rang", reason_code="parent_contact", by="K"
    )
    school.removes(MON, "12:00", "Cal")
    return school


def grid(out: str) -> dict[str, list[str]]:
    """The cells of each pupil, after name and id."""
    names = ("Ann", "Ben", "Cal", "Dee Dunlin")
    rows = {
        name: line[len(name) :].split() for line in out.splitlines() for name in names if line.startswith(name + " ")
    }
    return {name: cells[1:] for name, cells in rows.items()}


def test_the_herringbone_shows_amendments_and_withdrawals(monday: School, at_school: Command) -> None:
    said = at_school("register", LAESTAB, *WEEK)
    assert said.code == 0, said.err
    cells = {name: row[0] for name, row in grid(said.out.split("Amended")[0]).items()}
    assert cells == {"Ann": "/", "Ben": "I*", "Cal": "~", "Dee Dunlin": "I*"}
    assert "N → I" in said.out
    assert "/ → withdrawn" in said.out


def test_as_at_shows_the_register_as_it_stood(monday: School, at_school: Command) -> None:
    said = at_school("register", URN, *WEEK, "--as-at", "2025-09-01 10:00")
    assert {name: row[0] for name, row in grid(said.out).items()} == {
        "Ann": "/",
        "Ben": "N",
        "Cal": "/",
        "Dee Dunlin": "N",
    }
    assert "as recorded by Mon 1 Sep 2025 10:00" in said.out
    assert "Amended" not in said.out


def test_the_same_question_as_at_the_same_moment_is_answered_alike_after_more_came(
    monday: School, at_school: Command
) -> None:
    questions = [
        ("register", LAESTAB, *WEEK, "--as-at", "2025-09-01 11:30", "--json"),
        ("history", UPN, "--as-at", "2025-09-01 11:30", "--json"),
        ("totals", "--as-at", "2025-09-01 11:30", "--json"),
    ]
    before = [at_school(*question).out for question in questions]
    monday.changes(MON, "13:00", Ben=("I", "M"), Dee=("I", "M"))
    monday.enters("Eve", at="2025-09-01 14:00")
    assert [at_school(*question).out for question in questions] == before


def test_register_as_data_holds_every_code_that_stood_there(monday: School, at_school: Command) -> None:
    data = at_school("register", LAESTAB, *WEEK, "--json").data
    (ben,) = (pupil for pupil in data["pupils"] if pupil["name"] == "Ben")
    (entry,) = ben["entries"]
    assert (entry["code"], entry["chain"], entry["amended"]) == ("I", ["N", "I"], True)
    assert data["simulated"] is True
    rows = list(csv.DictReader(io.StringIO(at_school("register", LAESTAB, *WEEK, "--format", "csv").out)))
    assert {row["name"]: row["entries"] for row in rows}["Cal"] == "/ > withdrawn"


def test_without_names_no_name_and_no_text_is_shown(monday: School, at_school: Command) -> None:
    pupil = at_school("history", UPN, "--json").data["pupil"]
    for how in ((), ("--json",), ("--format", "csv")):
        for verb in (("register", LAESTAB, *WEEK), ("history", pupil)):
            said = at_school(*verb, "--no-names", *how)
            assert said.code == 0, said.err
            for secret in ("Ann", "Dee", "Mother rang", UPN):
                assert secret not in said.out, (verb, how)


def test_a_history_tells_reason_and_person(monday: School, at_school: Command) -> None:
    said = at_school("history", UPN)
    (line,) = (line for line in said.out.splitlines() if "N → I" in line)
    assert "Mother rang (parent contact)" in line
    assert "by K" in line
    entries = at_school("history", UPN, "--json").data["entries"]
    assert [entry["event"] for entry in entries if entry["date"]] == ["MarkRecorded", "MarkAmended"]


def test_a_history_can_be_cut_to_what_changed_and_to_days(monday: School, at_school: Command) -> None:
    monday.takes("7B", "2025-09-02 AM", "08:45", Dee="/")
    everything = at_school("history", UPN, "--json").data["entries"]
    changed = at_school("history", UPN, "--changed", "--json").data["entries"]
    tuesday = at_school("history", UPN, "--from", "2025-09-02", "--to", "2025-09-02", "--json").data["entries"]
    assert {entry["date"] for entry in changed} == {"2025-09-01"}
    assert [entry["new"] for entry in tuesday] == ["/"]
    assert len(everything) > len(changed) + len(tuesday)


def test_totals_as_data_have_the_published_columns(monday: School, at_school: Command) -> None:
    (row,) = at_school("totals", "--json").data
    assert (row["time_period"], row["old_la_code"], row["education_phase"]) == ("202526", "805", "Secondary")
    assert (row["possible_sessions"], row["authorised_absence"], row["attendance_perc"]) == (3, 2, "33.33333")
    (as_csv,) = csv.DictReader(io.StringIO(at_school("totals", "--format", "csv").out))
    assert as_csv == {name: str(value) for name, value in row.items()}
    assert "33.33333" in at_school("totals").out


def test_output_into_a_pipe_is_plain(monday: School, at_school: Command) -> None:
    monday.takes("7B", "2025-09-02 AM", "08:45", Nobody="/")
    for verb in (
        ("register", LAESTAB, *WEEK),
        ("history", UPN),
        ("totals",),
        ("status",),
        ("held", "list"),
        ("register", "--help"),
        ("register", "9999999", *WEEK),
        ("frobnicate",),
    ):
        said = at_school(*verb)
        for sign in "\x1b╭─│━":
            assert sign not in said.out + said.err, verb


@pytest.mark.parametrize(
    ("question", "code", "sentence"),
    [
        (("register", "9999999", *WEEK), 1, "No place is known here by 9999999"),
        (("register", LAESTAB, "--week", "2025-02-30"), 2, "is no date"),
        (("register", LAESTAB), 2, "--week"),
        (("register", LAESTAB, *WEEK, "--class", "9Z"), 1, "Nobody was in class 9Z"),
        (("register", LAESTAB, *WEEK, "--as-at", "2001-01-01"), 1, "did not know this place yet"),
        (("history", "A000000000000"), 1, "No pupil is known here"),
        (("totals", "--as-at", "yesterday"), 2, "is no moment"),
        (("totals", "--json", "--format", "csv"), 2, "not for both"),
        (("status", "--format", "csv"), 2, "is no table"),
        (("frobnicate",), 2, "frobnicate"),
    ],
)
def test_an_error_is_one_sentence_and_a_code(
    monday: School, at_school: Command, question: tuple[str, ...], code: int, sentence: str
) -> None:
    said = at_school(*question)
    assert (said.code, said.out) == (code, "")
    assert sentence in said.err
    assert said.err.count("\n") == 1
    assert "Traceback" not in said.err


def test_a_upn_that_nobody_has_is_not_repeated(monday: School, at_school: Command) -> None:
    assert "A123456789012" not in at_school("history", "A123456789012").err


def test_an_error_that_nobody_foresaw_is_still_a_sentence(at_school: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*_: object) -> None:
        raise RuntimeError("Ann Other is 1.40 m tall")

    monkeypatch.setattr("console.reading.status", breaks)
    said = at_school("status")
    assert (said.code, said.err.count("\n")) == (1, 1)
    assert "RuntimeError" in said.err
    assert "Ann Other" not in said.err


def test_a_place_answers_to_laestab_urn_id_and_the_first_digits_of_it(monday: School, at_school: Command) -> None:
    place = at_school("status", "--json").data["places"][0]["id"]
    answers = {
        json.dumps(at_school("register", name, *WEEK, "--json").data) for name in (LAESTAB, URN, place, place[:8])
    }
    assert len(answers) == 1


def test_reading_writes_nothing(monday: School, at_school: Command) -> None:
    before = monday.head
    for verb in (("register", LAESTAB, *WEEK), ("history", UPN), ("totals",), ("status",), ("held", "list")):
        assert at_school(*verb).code == 0
    assert monday.head == before


def test_a_register_is_written_into_a_file_for_programs_too(school: School, at_school: Command, tmp_path: Path) -> None:
    school.takes("7B", "2025-09-01 AM", "08:55", Ann="/", Ben="N")
    week = ("register", LAESTAB, "--week", "2025-09-01")
    file = tmp_path / "week.parquet"
    assert at_school(*week, "--format", "parquet").code == 2
    assert at_school(*week, "--format", "parquet", "--out", str(file)).code == 0
    assert sorted(pl.read_parquet(file).select("name", "code").rows()) == [("Ann", "/"), ("Ben", "N")]
    assert at_school(*week, "--counts", "school", "--format", "parquet", "--out", str(file)).code == 0
    assert pl.read_parquet(file)["possible"].to_list() == [2]
    assert at_school(*week, "--json", "--out", str(tmp_path / "week.json")).code == 2
