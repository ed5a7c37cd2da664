"""rollbook import --history, as an office types it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from domain.moments import LONDON
from tests.console.conftest import Command

PLACE = "8054001"


@pytest.fixture
def tables(rollbook: Command, tmp_path: Path) -> list[str]:
    """A made-up school's past, and a ledger that knows the school and its old system."""
    folder = tmp_path / "past"
    made = rollbook("simulate", str(folder), "--history", "--pupils", "24", "--years", "2", "--json").data
    rollbook("init", "--authority", "805", "--name", "Hartlepool")
    rollbook("place", "add", "--laestab", made["laestab"], "--name", "Marram", "--phase", "secondary")
    said = rollbook(
        "source",
        "add",
        "--system",
        "SIMS",
        "--route",
        "file",
        "--delivery",
        "once",
        "--place",
        PLACE,
        "--carries",
        "person,reason",
    )
    assert said.code == 0, said.err
    return [str(file) for file in made["files"]]


def test_a_past_goes_in_and_everything_that_shows_it_says_that_it_was_imported(
    rollbook: Command, tables: list[str]
) -> None:
    said = rollbook("import", "--history", "--place", PLACE, "--source", "sims", *tables)
    assert (said.code, said.err) == (0, "")
    assert said.out.count("held 0") == 4
    week = rollbook("register", PLACE, "--week", "2024-11-11", "--json").data
    entries = [entry for pupil in week["pupils"] for entry in pupil["entries"]]
    assert entries
    assert all(entry["imported"] for entry in entries)
    assert "° imported from another system's records" in rollbook("register", PLACE, "--week", "2024-11-11").out
    pupil = week["pupils"][0]["pupil"]
    marks = [e for e in rollbook("history", pupil, "--json").data["entries"] if e["date"]]
    assert all(entry["imported"] and entry["import"] for entry in marks)
    text = rollbook("history", pupil, "--changed").out
    assert "entered at the school" not in text, "nothing is late because it was imported"
    kinds = [(one["kind"], one["covers_to"]) for one in rollbook("status", "--json").data["imports"]]
    assert [kind for kind, _ in kinds] == ["mis_history", "mis_history", "mis_history", "audit_log"]
    again = rollbook("import", "--history", "--place", PLACE, "--source", "SIMS", *tables)
    assert again.out.count("nothing new") == 4


def test_what_was_exported_today_was_exported_by_now(rollbook: Command, tables: list[str]) -> None:
    today = f"{datetime.now(LONDON):%Y-%m-%d}"
    said = rollbook("import", "--history", "--place", PLACE, "--source", "SIMS", "--exported", today, *tables)
    assert said.code == 0, said.err
    assert rollbook("status", "--json").data["imports"][0]["finished"]["accepted"] > 0


def test_a_bad_file_is_refused_before_any_of_the_others_is_taken_in(
    rollbook: Command, tables: list[str], tmp_path: Path
) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text("pupil,date,session\n", "utf-8")
    before = rollbook("status", "--json").data["entries"]
    said = rollbook("import", "--history", "--place", PLACE, "--source", "SIMS", *tables, str(bad))
    assert (said.code, said.out) == (1, "")
    assert said.err.startswith("rollbook: bad.csv has no column code")
    assert rollbook("status", "--json").data["entries"] == before


def test_a_bad_row_is_said_by_file_and_row(rollbook: Command, tables: list[str], tmp_path: Path) -> None:
    rollbook("import", "--history", "--place", PLACE, "--source", "SIMS", tables[1])
    bad = tmp_path / "more.csv"
    bad.write_text("pupil,date,session,code\n100001,2024-11-31,AM,/\n", "utf-8")
    said = rollbook("import", "--history", "--place", PLACE, "--source", "SIMS", str(bad))
    assert said.code == 1
    assert "Row 2 of more.csv: the date or the session does not exist" in said.out


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--history",), "give --place and --source"),
        (("--history", "--place", PLACE, "--source", "Arbor"), "No source called Arbor may speak for this place"),
        (
            ("--history", "--place", PLACE, "--source", "SIMS", "--exported", "2999-01-01"),
            "2999-01-01 lies ahead: now is",
        ),
        (("--place", PLACE), "with --history only"),
    ],
)
def test_what_is_missing_or_makes_no_sense_is_said(
    rollbook: Command, tables: list[str], options: tuple[str, ...], says: str
) -> None:
    said = rollbook("import", *options, tables[2])
    assert said.code != 0
    assert says in said.err
