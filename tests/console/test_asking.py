"""Asking the answers: they are brought up first, as at any moment, of a place, without who is hidden, in any format."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from console import answering, projecting
from tests.console.conftest import Command, settled, standing
from tests.making import LAESTAB, School

MON, TUE = "2025-09-01", "2025-09-02"
NAMES = ("Ann", "Ben", "Cal")


def two_days(home: Path) -> School:
    """Two days: Ann is there always, Ben half the time, Cal never; on Tuesday afternoon Cal's N becomes I."""
    school = settled(home, *NAMES)
    for day, codes in ((MON, ("/", "I", "N")), (TUE, ("/", "/", "N"))):
        for half, at in (("AM", "08:55"), ("PM", "13:05")):
            shown = ["\\" if code == "/" and half == "PM" else code for code in codes]
            school.takes("7B", f"{day} {half}", at, **dict(zip(NAMES, shown, strict=True)))
    school.changes(f"{TUE} PM", "15:00", Cal=("N", "I"), reason="Mother rang", by="K")
    return school


@pytest.fixture
def unasked(tmp_path: Path) -> Iterator[School]:
    """Those two days, and nobody has asked anything yet."""
    made = two_days(tmp_path / "unasked")
    yield made
    made.close()


term = standing(two_days)


def rows(out: str) -> dict[str, dict[str, str]]:
    return {row["name"]: row for row in csv.DictReader(io.StringIO(out))}


def test_a_first_question_makes_the_answers_and_says_so_beside(unasked: School) -> None:
    at_school = Command(unasked.folder)
    said = at_school("cohort", "persistent", "--format", "csv")
    assert said.code == 0, said.err
    assert "Brought the answers up to the ledger first" in said.err
    found = rows(said.out)
    assert {name: (row["absent"], row["possible"], row["absent_perc"]) for name, row in found.items()} == {
        "Ben": ("2", "4", "50.00000"),
        "Cal": ("4", "4", "100.00000"),
    }
    again = at_school("cohort", "persistent", "--format", "csv")
    assert again.out == said.out
    assert "Brought" not in again.err


def test_what_the_ledger_learns_is_in_the_next_answer_unless_the_answers_are_asked_as_they_are(
    term: School, at_school: Command
) -> None:
    before = at_school("cohort", "severe", "--format", "csv").out
    term.changes(f"{MON} AM", "16:00", Ben=("I", "/"))
    assert at_school("cohort", "severe", "--format", "csv", "--no-catch-up").out == before
    assert set(rows(at_school("cohort", "severe", "--format", "csv").out)) == {"Cal"}


def test_the_cohort_as_at_a_moment_is_that_of_a_ledger_that_stopped_there(term: School, at_school: Command) -> None:
    at_noon = ("cohort", "persistent", "--format", "csv", "--as-at", f"{MON} 12:00")
    for place in ((), ("--place", LAESTAB)):
        found = rows(at_school(*at_noon, *place).out)
        assert {name: (row["absent"], row["possible"]) for name, row in found.items()} == {
            "Ben": ("1", "1"),
            "Cal": ("1", "1"),
        }


def test_a_table_says_how_far_each_is_from_the_line_and_since_when(term: School, at_school: Command) -> None:
    out = at_school("cohort", "severe").out
    (ben,) = (line for line in out.splitlines() if line.startswith("Ben"))
    assert "50.00" in ben
    assert "Mon 1 Sep 2025" in ben
    assert "1 attended" in ben
    near = at_school("cohort", "severe", "--near", "4").out
    assert "Ann" in near
    assert "4 absent" in near
    assert "Cal" not in near
    assert "5 attended" in at_school("cohort", "severe", "--near", "5").out


def test_the_marks_behind_a_line_add_up_to_its_numerator(term: School, at_school: Command) -> None:
    line = rows(at_school("cohort", "severe", "--format", "csv").out)["Cal"]["line"]
    out = at_school("cohort", "severe", "--marks", line[:8]).out
    assert "4 of 4 possible sessions absent, 100.00000 %: is severely absent" in out
    assert "4 marks" in out
    marks = at_school("cohort", "severe", "--marks", line, "--json").data
    assert [(row["session_date"], row["session"], row["code"], row["class"], row["kind"]) for row in marks] == [
        (MON, 1, "N", "UNAUTH", "mark"),
        (MON, 2, "N", "UNAUTH", "mark"),
        (TUE, 1, "N", "UNAUTH", "mark"),
        (TUE, 2, "I", "AUTH", "amendment"),
    ]
    assert at_school("cohort", "severe", "--marks", "ffffffff").code == 1


@pytest.mark.parametrize("level", ["school", "phase", "year-group", "authority"])
def test_totals_count_enrolments_and_how_many_of_them_are_over_the_line(
    term: School, at_school: Command, level: str
) -> None:
    found = at_school("cohort", "persistent", "--totals", level, "--json").data
    assert sum(row["enrolments"] for row in found) == 3
    assert sum(row["persistent"] for row in found) == sum(row["severe"] for row in found) == 2
    assert "name" not in found[0]


def test_characteristics_are_for_those_who_say_that_they_may_see_them(term: School, at_school: Command) -> None:
    assert at_school("cohort", "persistent", "--totals", "characteristic").code == 2
    assert at_school("cohort", "persistent", "--totals", "characteristic", "--characteristics").code == 0
    refused = at_school("sql", "select * from Characteristic_Now")
    assert (refused.code, "--characteristics" in refused.err) == (1, True)
    assert at_school("sql", "select * from characteristic_now", "--characteristics").code == 0


def test_names_can_be_left_out_and_ids_lead_to_the_ledger(term: School, at_school: Command) -> None:
    for how in ((), ("--json",), ("--format", "csv")):
        out = at_school("cohort", "persistent", "--no-names", *how).out
        assert not any(name in out for name in NAMES)
    (place,) = {row["place"] for row in at_school("cohort", "persistent", "--json").data}
    assert place == next(e["place"] for e in term.entries("PlaceDescribed")).hex()


def test_parquet_is_written_into_a_file_for_its_owner_only(term: School, at_school: Command, tmp_path: Path) -> None:
    assert at_school("cohort", "persistent", "--format", "parquet").code == 2
    file = tmp_path / "cohort.parquet"
    said = at_school("cohort", "persistent", "--format", "parquet", "--out", str(file))
    assert said.code == 0, said.err
    assert file.stat().st_mode & 0o077 == 0
    assert set(pl.read_parquet(file)["name"]) == {"Ben", "Cal"}
    assert [path.name for path in tmp_path.iterdir() if path.name.endswith(".part")] == []


def test_only_the_places_of_an_authority_are_listed_where_one_is_named(term: School, at_school: Command) -> None:
    assert len(at_school("cohort", "persistent", "--authority", "805", "--json").data) == 2
    assert at_school("cohort", "persistent", "--authority", "806", "--json").data == []
    assert at_school("cohort", "persistent", "--authority", "80'").code == 2


def test_an_authority_of_which_no_place_is_here_is_no_silent_nobody(term: School, at_school: Command) -> None:
    said = at_school("cohort", "persistent", "--authority", "806")
    assert "No place here is of authority 806" in said.err
    assert "No place here" not in at_school("cohort", "persistent", "--authority", "805").err


@pytest.mark.parametrize("verb", [("cohort", "persistent"), ("plot", "attendance", "x.png")])
def test_a_calendar_year_is_no_school_year_without_pupils_but_a_mistake(
    term: School, at_school: Command, verb: tuple[str, ...]
) -> None:
    said = at_school(*verb, "--school-year", "2025")
    assert (said.code, said.out) == (2, "")
    assert "202526" in said.err


@pytest.mark.parametrize("typed", [("returns", "made"), ("register",), ("cohort",), ("sql",)])
def test_what_is_missing_is_said_in_one_sentence(at_school: Command, typed: tuple[str, ...]) -> None:
    said = at_school(*typed)
    assert (said.code, said.out) == (2, "")
    (sentence,) = said.err.splitlines()
    assert sentence.startswith("rollbook: Missing argument")


def test_a_folder_that_is_not_there_is_named(term: School, at_school: Command, tmp_path: Path) -> None:
    said = at_school("cohort", "persistent", "--format", "csv", "--out", str(tmp_path / "none" / "x.csv"))
    assert (said.code, f"{tmp_path / 'none'} is no folder" in said.err) == (1, True)


def test_a_large_ledger_is_not_read_by_the_way(unasked: School, monkeypatch: pytest.MonkeyPatch) -> None:
    at_school = Command(unasked.folder)
    monkeypatch.setattr(answering, "BY_ITSELF", 3)
    said = at_school("totals")
    assert (said.code, "run rollbook project first" in said.err) == (1, True)
    assert at_school("project").code == 0
    unasked.enters("Eve", "Fay", "Gus", at="2025-09-02 16:00")
    said = at_school("totals")
    assert said.code == 0
    assert "entries behind the ledger" in said.err


def test_a_question_waits_for_no_other_projector(term: School, at_school: Command) -> None:
    assert at_school("project").code == 0
    term.enters("Eve", at="2025-09-02 16:00")
    with projecting._alone(term.folder / projecting.FOLDER):
        said = at_school("totals")
        assert (said.code, "another process brings them up to it" in said.err) == (0, True)
        refused = at_school("project")
        assert (refused.code, "Another process is at work" in refused.err) == (1, True)


def test_labels_are_counted_and_listed_with_what_they_say(term: School, at_school: Command) -> None:
    counted = {row["label"]: row for row in at_school("labels", "--json").data}
    label = max(counted, key=lambda one: counted[one]["labels"])
    listed = at_school("labels", label, "--json").data
    assert len(listed) == counted[label]["labels"]
    assert counted[label]["says"] in at_school("labels", label.replace("_", " ")).out
    wrong = at_school("labels", label + "x")
    assert (wrong.code, label in wrong.err) == (1, True)


def test_every_answer_says_its_question_and_its_columns(at_school: Command) -> None:
    listed = at_school("answers", "--json").data
    assert {"persistent_absence", "register"} <= {row["name"] for row in listed}
    full = at_school("answers", "persistent_absence").out
    for words in ("law.md 4", "absence_year", "SHA-256", "persistent_since"):
        assert words in full
    assert "position" in at_school("answers", "mark").out
    assert at_school("answers", "--page").out.startswith("# Answers")
    assert at_school("answers", "nonsense").code == 1


def test_help_needs_no_database_of_answers_and_no_painter() -> None:
    import subprocess

    seen = "import sys, console.main; print([m for m in ('duckdb', 'matplotlib', 'psycopg') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", seen], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_answers_of_another_version_are_made_anew_before_they_are_asked(
    unasked: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_school = Command(unasked.folder)
    from projections import answers

    every = answers.read()
    without = {
        name: one for name, one in every.items() if name not in answers.downstream(every, ["persistent_absence"])
    }
    without.pop("persistent_absence", None)
    with monkeypatch.context() as before:
        before.setattr(answers, "every", lambda: without)
        assert at_school("project").code == 0
    refused = at_school("cohort", "severe", "--no-catch-up")
    assert (refused.code, "run rollbook project" in refused.err) == (1, True)
    said = at_school("cohort", "severe", "--json")
    assert said.code == 0, said.err
    assert "by new definitions" in said.err
    assert len(said.data) == 2


def test_a_week_in_numbers_is_summed_by_class_year_group_or_school(term: School, at_school: Command) -> None:
    asked = ("register", LAESTAB, "--week", "2025-09-03", "--counts")
    (whole,) = at_school(*asked, "school", "--json").data
    assert whole == {
        "part": "Marram School",
        "pupils": 3,
        "possible": 12,
        "present": 6,
        "late": 0,
        "authorised": 3,
        "unauthorised": 3,
        "unmarked": 0,
        "present_perc": "50.00000",
    }
    for by, part in (("class", None), ("year-group", "not known")):
        rows = at_school(*asked, by, "--json").data
        assert sum(row["possible"] for row in rows) == 12
        assert part is None or {row["part"] for row in rows} == {part}
    earlier = at_school(*asked, "school", "--json", "--as-at", f"{MON} 12:00").data
    assert [(row["possible"], row["present"]) for row in earlier] == [(3, 1)]
    assert "marked" in at_school(*asked, "school").out
    assert at_school(*asked, "school", "--class", "7B").code == 2
    assert "No session of that week" in at_school("register", LAESTAB, "--week", "2025-11-03", "--counts", "school").out


def test_a_pupil_whom_nobody_marked_is_counted_as_not_marked(school: School, at_school: Command) -> None:
    school.takes("7B", f"{MON} AM", "08:55", Ann="/", Ben="/")
    (whole,) = at_school("register", LAESTAB, "--week", MON, "--counts", "school", "--json").data
    assert (whole["possible"], whole["unmarked"]) == (2, 1)


def test_restricted_children_are_in_no_list_but_in_every_sum(school: School, at_school: Command) -> None:
    upn = "A805200017129"
    school.enters("Dee", upn=upn, full_name="Dee Dunlin")
    for n in (1, 2):
        school.takes("7B", f"2025-09-0{n} AM", "08:55", Ann="/", Dee="N")
    line = at_school("cohort", "severe", "--json").data[0]["line"]
    counted = at_school("labels", "--json").data
    at_school("record", "restrict-access", f"pupil={upn}", "level=no_location", "authority=Order 12")
    for question in (
        ("cohort", "severe"),
        ("cohort", "severe", "--near", "9"),
        ("labels", "--each"),
        ("returns", "attendance"),
        ("returns", "new-pupil"),
    ):
        for how in ((), ("--json",), ("--as-at", "2025-09-02")):
            said = at_school(*question, *how)
            assert said.code == 0, said.err
            assert "Dee" not in said.out
            assert line[:8] not in said.out, (question, how)
    refused = at_school("cohort", "severe", "--marks", line)
    assert (refused.code, "No line is known here by this id" in refused.err) == (1, True)
    assert at_school("cohort", "severe", "--marks", line, "--for", LAESTAB).code == 0
    assert "Dee Dunlin" in at_school("cohort", "severe", "--for", LAESTAB).out
    (whole,) = at_school("cohort", "severe", "--totals", "school", "--json").data
    assert (whole["enrolments"], whole["severe"]) == (2, 1)
    assert {row["label"] for row in counted} <= {row["label"] for row in at_school("labels", "--json").data}
    restricted = at_school("record", "restrict-access", f"pupil={upn}", "level=sealed", "authority=Order 13")
    assert restricted.code == 0, restricted.err
    assert "Dee" not in at_school("cohort", "severe", "--for", LAESTAB).out
