"""`rollbook project`: what is new comes in, nothing twice; a rebuild stands only if the ledger, counted again, agrees."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from console import projecting
from console.home import Home
from projections import answers
from tests.console.conftest import Command, settled, standing
from tests.making import School

MON = "2025-09-01 AM"


def monday(home: Path) -> School:
    """A Monday morning: Ann and Cal are there, of Ben nobody knows."""
    school = settled(home, "Ann", "Ben", "Cal")
    school.takes("7B", MON, "08:45", Ann="/", Ben="N", Cal="/")
    return school


told = standing(monday)


def test_project_says_how_far_it_came_and_again_says_nothing_new(school: School, at_school: Command) -> None:
    school.takes("7B", MON, "08:45", Ann="/", Ben="N", Cal="/")
    first = at_school("project", "--json").data
    assert first["position"] == first["entries"] == school.head
    assert "register" in first["rebuilt"]
    adopted = school.entries("DefinitionAdopted")
    assert len(adopted) == first["definitions_adopted"] == len(answers.read())
    assert "nothing new" in at_school("project").out
    school.changes(MON, "11:00", Ben=("N", "I"))
    second = at_school("project", "--json").data
    assert second["position"] == school.head
    assert second["entries"] == school.head - first["position"]
    assert "register" in {*second["changed"], *second["rebuilt"]}


def test_status_says_how_far_the_answers_are(school: School, at_school: Command) -> None:
    school.takes("7B", MON, "08:45", Ann="/", Ben="N", Cal="/")
    assert "Answers: none yet (rollbook project)" in at_school("status").out
    assert at_school("status", "--json").data["answers"] is None
    at_school("project")
    known = at_school("status", "--json").data
    assert known["answers"] == {"position": known["entries"], "outdated": False}
    school.changes(MON, "11:00", Ben=("N", "I"))
    later = at_school("status", "--json").data
    assert later["answers"]["position"] == known["entries"] < later["entries"]
    assert f"Answers: up to position {known['entries']}" in at_school("status").out


def test_a_rebuild_gives_the_same_answers_and_leaves_nothing_beside(told: School, at_school: Command) -> None:
    told.changes(MON, "11:00", Ben=("N", "I"))
    before = at_school("totals", "--json").out
    asked = told.head
    assert told.entries("DefinitionAdopted") == []
    said = at_school("project", "--rebuild")
    assert told.head - asked == len(told.entries("DefinitionAdopted")) > 0
    assert said.code == 0, said.err
    assert "the ledger gives the same register" in said.out
    assert at_school("totals", "--json", "--no-catch-up").out == before
    assert not (told.folder / f"{projecting.FOLDER}.new").exists()
    told.changes(MON, "12:00", Ben=("I", "M"))
    assert "2 new entries" in at_school("project").out


def test_a_rebuild_that_does_not_agree_with_the_ledger_is_not_put_in_place(
    told: School, at_school: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    published = told.folder / projecting.FOLDER / "answers.duckdb"
    before = published.read_bytes()
    from projections import counting

    count = counting.count_sessions

    def one_more(*arguments: object) -> object:
        found = count(*arguments)  # type: ignore[arg-type]
        found[next(iter(found))] += 1
        return found

    monkeypatch.setattr(counting, "count_sessions", one_more)
    said = at_school("project", "--rebuild")
    assert (said.code, "was not put in place" in said.err) == (1, True)
    assert published.read_bytes() == before
    assert not (told.folder / f"{projecting.FOLDER}.new").exists()


def test_following_takes_in_what_comes_until_told_to_stop(school: School, at_school: Command) -> None:
    school.takes("7B", MON, "08:45", Ann="/", Ben="N", Cal="/")
    with _following(school) as said:
        _until(lambda: _position(at_school) == school.head)
        school.changes(MON, "11:00", Ben=("N", "I"))
        _until(lambda: _position(at_school) == school.head)
    assert said[0].count("The answers know the ledger up to position") >= 2
    assert at_school("totals", "--json", "--no-catch-up").data[0]["authorised_absence"] == 1


@contextmanager
def _following(school: School, *more: str) -> Iterator[list[str]]:
    """A projector that follows, in a process of its own; afterwards what it said, on stdout and on stderr."""
    command = [sys.executable, "-c", "from console.main import main; main()", "--home", str(school.folder), "project"]
    follow = subprocess.Popen(
        [*command, "--follow", "--every", "0.2", *more], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    said: list[str] = []
    try:
        yield said
    finally:
        os.kill(follow.pid, signal.SIGTERM)
        said += follow.communicate(timeout=60)
    assert follow.returncode == 0, said


def _position(command: Command) -> int:
    return projecting.standing(Home(command.home)).position


def _until(true: object, seconds: float = 60) -> None:
    ends = time.monotonic() + seconds
    while not true():  # type: ignore[operator]
        assert time.monotonic() < ends, "it did not come in time"
        time.sleep(0.1)


def test_what_a_killed_rebuild_left_is_gone_after_the_next(school: School, at_school: Command) -> None:
    left = school.folder / f"{projecting.FOLDER}.new"
    left.mkdir()
    (left / "work.duckdb").write_bytes(b"half a file")
    school.takes("7B", MON, "08:45", Ann="/", Ben="N", Cal="/")
    assert at_school("project", "--rebuild").code == 0
    assert not left.exists()


def test_follow_rebuild_and_check_are_three_things(at_school: Command) -> None:
    for two in (("--follow", "--rebuild"), ("--check", "--rebuild"), ("--check", "--follow")):
        assert at_school("project", *two).code == 2


# --- whether what stands is right


def _spoil(school: School, file: str, *statements: str) -> None:
    with duckdb.connect(str(school.folder / projecting.FOLDER / file)) as answers_there:
        for statement in statements:
            answers_there.execute(statement)


def test_a_check_says_which_answers_differ_by_how_many_rows_and_some_keys_and_changes_nothing(
    school: School, at_school: Command
) -> None:
    assert "run rollbook project first" in at_school("project", "--check").err
    for session in (MON, "2025-09-01 PM"):
        school.takes("7B", session, "15:45", Ann="/", Ben="N")
    at_school("project")
    right = at_school("project", "--check")
    assert (right.code, "is what its facts give" in right.out) == (0, True)
    assert at_school("project", "--check", "--json").data["differing"] == []
    _spoil(
        school,
        "answers.duckdb",
        "delete from ans.register_gap where session = 1",
        "update ans.register_gap set unmarked = 9",
    )
    published = school.folder / projecting.FOLDER / "answers.duckdb"
    before = published.read_bytes()
    wrong = at_school("project", "--check", "--json")
    assert wrong.code == 1
    keys = [{"place": 1, "session_date": "2025-09-01", "session": session} for session in (1, 2)]
    gap = {"answer": "register_gap", "missing": 1, "too_many": 0, "other": 1, "keys": keys}
    assert wrong.data["differing"] == [gap]
    told = at_school("project", "--check")
    assert told.code == 1
    assert "register_gap: 1 row missing, 1 row other than it should be, among them place 1" in told.out
    assert published.read_bytes() == before


def test_a_check_after_an_update_of_rollbook_asks_for_that_first(
    told: School, at_school: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = {**answers.every(), "roll": replace(answers.every()["roll"], digest="of another version")}
    monkeypatch.setattr(answers, "every", lambda: changed)
    said = at_school("project", "--check")
    assert (said.code, "another version of Rollbook" in said.err) == (1, True)


def test_who_follows_finds_by_itself_what_was_lost_says_so_and_makes_it_anew(told: School, at_school: Command) -> None:
    at_school("project")
    for file in ("work.duckdb", "answers.duckdb"):
        _spoil(told, file, "delete from ans.calendar")
    with _following(told, "--check-every", "0.01") as said:
        _until(lambda: _rows_of_calendar(told) > 0)
    assert at_school("project", "--check").code == 0
    assert "was not what its facts give" in said[1]
    assert "every answer was made anew" in said[1]


def _rows_of_calendar(school: School) -> int:
    published = school.folder / projecting.FOLDER / "answers.duckdb"
    with duckdb.connect(str(published), read_only=True) as answers_there:
        return len(answers_there.execute("select 1 from ans.calendar").fetchall())
