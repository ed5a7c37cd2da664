"""`rollbook project`: what is new comes in, nothing twice; a rebuild stands only if the ledger, counted again, agrees."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from console import projecting
from projections import answers
from tests.console.conftest import Command
from tests.making import School

MON = "2025-09-01 AM"


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


def test_a_rebuild_gives_the_same_answers_and_leaves_nothing_beside(school: School, at_school: Command) -> None:
    school.takes("7B", MON, "08:45", Ann="/", Ben="N", Cal="/")
    school.changes(MON, "11:00", Ben=("N", "I"))
    before = at_school("totals", "--json").out
    asked = school.head
    assert school.entries("DefinitionAdopted") == []
    said = at_school("project", "--rebuild")
    assert school.head - asked == len(school.entries("DefinitionAdopted")) > 0
    assert said.code == 0, said.err
    assert "the ledger gives the same register" in said.out
    assert at_school("totals", "--json", "--no-catch-up").out == before
    assert not (school.folder / f"{projecting.FOLDER}.new").exists()
    school.changes(MON, "12:00", Ben=("I", "M"))
    assert "2 new entries" in at_school("project").out


def test_a_rebuild_that_does_not_agree_with_the_ledger_is_not_put_in_place(
    school: School, at_school: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    school.takes("7B", MON, "08:45", Ann="/", Ben="N", Cal="/")
    assert at_school("project").code == 0
    published = school.folder / projecting.FOLDER / "answers.duckdb"
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
    assert not (school.folder / f"{projecting.FOLDER}.new").exists()


def test_following_takes_in_what_comes_until_told_to_stop(school: School, at_school: Command) -> None:
    school.takes("7B", MON, "08:45", Ann="/", Ben="N", Cal="/")
    command = [sys.executable, "-c", "from console.main import main; main()", "--home", str(school.folder), "project"]
    follow = subprocess.Popen(
        [*command, "--follow", "--every", "0.2"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        _until(lambda: _position(at_school) == school.head)
        school.changes(MON, "11:00", Ben=("N", "I"))
        _until(lambda: _position(at_school) == school.head)
    finally:
        os.kill(follow.pid, signal.SIGTERM)
        out, err = follow.communicate(timeout=60)
    assert follow.returncode == 0, err
    assert out.count("The answers know the ledger up to position") >= 2
    assert at_school("totals", "--json", "--no-catch-up").data[0]["authorised_absence"] == 1


def _position(command: Command) -> int:
    from console.home import Home

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


def test_follow_and_rebuild_are_two_things(at_school: Command) -> None:
    assert at_school("project", "--follow", "--rebuild").code == 2
