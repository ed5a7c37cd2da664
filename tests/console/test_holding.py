"""What is held: listed with what to do, shown without names unless asked, tried again, dismissed with a reason."""

from __future__ import annotations

from tests.console.conftest import Command
from tests.making import School

MON = "2025-09-01 AM"


def test_nothing_held_is_said_so(at_school: Command) -> None:
    said = at_school("held", "list")
    assert (said.code, "Nothing is held." in said.out) == (0, True)


def test_a_held_row_is_listed_with_what_to_do(school: School, at_school: Command) -> None:
    school.takes("7B", MON, "08:45", Ann="/", Nobody="/")
    (one,) = at_school("held", "list", "--json").data
    assert (one["rule"], one["rows"]) == ("g3", 1)
    assert "send PupilsStated, or dismiss it" in at_school("held", "list").out
    assert one["held"][:8] in at_school("held", "list").out


def test_show_keeps_the_message_back_unless_it_is_asked_for(school: School, at_school: Command) -> None:
    school.takes("7B", MON, "08:45", Ann="/", Nobody="/")
    held = at_school("held", "list", "--json").data[0]["held"]
    closed = at_school("held", "show", held[:8])
    assert (closed.code, "Nobody" in closed.out) == (0, False)
    assert "Rows:   1" in closed.out
    opened = at_school("held", "show", held, "--reveal", "--json").data
    assert opened["message"]["message_kind"] == "RegisterTaken"
    assert [mark["mis_pupil"] for mark in opened["message"]["marks"]] == ["Nobody"]


def test_replay_says_what_is_still_held(school: School, at_school: Command) -> None:
    school.takes("7B", MON, "08:45", Ann="/", Nobody="/")
    said = at_school("held", "replay")
    assert (said.code, "1 input is still held" in said.out) == (1, True)


def test_dismissing_empties_the_list_and_is_recorded(school: School, at_school: Command) -> None:
    school.takes("7B", MON, "08:45", Ann="/", Nobody="/")
    held = at_school("held", "list", "--json").data[0]["held"]
    said = at_school("held", "dismiss", held[:8], "--why", "A test of the supplier's")
    assert said.code == 0, said.err
    assert at_school("held", "list", "--json").data == []
    (resolved,) = school.entries("InputResolved")
    assert (resolved["became"], resolved.text["reason"]) == ("dismissed", "A test of the supplier's")
    assert at_school("held", "show", held).code == 1


def test_a_dismissal_needs_a_reason(school: School, at_school: Command) -> None:
    school.takes("7B", MON, "08:45", Ann="/", Nobody="/")
    held = at_school("held", "list", "--json").data[0]["held"]
    assert at_school("held", "dismiss", held).code == 2
    assert at_school("held", "dismiss", held, "--why", " ").code == 1
    assert len(at_school("held", "list", "--json").data) == 1


def test_an_id_that_leads_nowhere_is_a_sentence(at_school: Command) -> None:
    said = at_school("held", "show", "deadbeef")
    assert (said.code, said.err.count("\n")) == (1, 1)


def test_a_row_held_for_its_number_is_told_by_the_rule_and_the_mend_and_never_by_the_number(
    school: School, at_school: Command
) -> None:
    upn = "B805200017129"
    school.enters("Dee", "Dee 2", upn=upn, at="2025-09-01 07:00")
    school.take(school.taking("7B", MON, "08:45", marks=[{"mis_pupil": "?", "upn": upn, "code": "/"}]))
    (one,) = at_school("held", "list", "--json").data
    for told in (one["sentence"], at_school("held", "show", one["held"]).out):
        words = " ".join(told.split())
        assert "a UPN that two children have, which identifies neither" in words
        assert "rollbook record merge-identities" in words
        assert upn not in words
