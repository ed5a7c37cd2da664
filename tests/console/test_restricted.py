"""A child whose whereabouts are protected: no answer tells others where, not through other lines, merges or moments."""

from __future__ import annotations

from itertools import product

import pytest

from tests.console.conftest import Command, Said
from tests.making import LAESTAB, School

UPN, OTHER_UPN = "A805200017129", "Y80520250123A"
DUNE_LAESTAB, DUNE_URN = "8051235", "100002"
DUNE = {"laestab": DUNE_LAESTAB, "local_id": "dune"}
WEEK, LATER = ("--week", "2025-09-03"), ("--week", "2025-09-10")
FORMATS = ((), ("--json",), ("--format", "csv"))
MOMENTS = ((), ("--as-at", "2025-09-08"))


@pytest.fixture
def hidden(school: School, at_school: Command) -> School:
    """Dee moved from Marram School to Dune School in September; in October an order protects where she is."""
    school.describes_place("2025-08-28 09:00", name="Dune School", urn=DUNE_URN, **DUNE)
    school.registers_source("2025-08-28 09:01", school.source, places=[DUNE])
    school.enters("Dee", upn=UPN, full_name="Dee Dunlin")
    school.takes("7B", "2025-09-01 AM", "08:55", Ann="/", Dee="/")
    about = {"destination": "school", "destination_laestab": DUNE_LAESTAB, "destination_text": "to Dune School"}
    school.leaves("Dee", "2025-09-05", "2025-09-05 16:00", **about)
    came = {"starting_day": "2025-09-08", "previous_laestab": LAESTAB, "address": "4 Shore Road"}
    school.enters("D2", upn=UPN, full_name="Dee Dunlin", at="2025-09-08 08:00", **came, **DUNE)
    school.enters("Eve", at="2025-09-08 08:00", starting_day="2025-09-08", **DUNE)
    marks = [{"mis_pupil": "D2", "code": "N"}, {"mis_pupil": "Eve", "code": "/"}]
    school.take(school.taking("3C", "2025-09-08 AM", "08:55", **DUNE, marks=marks))
    restrict(at_school)
    return school


def restrict(command: Command, level: str = "no_location") -> None:
    said = command("record", "restrict-access", f"pupil={UPN}", f"level={level}", "authority=Order 12 of the court")
    assert said.code == 0, said.err


def where(school: School) -> list[str]:
    """Whatever tells where Dee is or was: places by name, number, id, line, and the address."""
    places = {e["name"]: e["place"].hex() for e in school.entries("PlaceDescribed")}
    lines = [e["line"].hex() for e in school.entries("PupilEntered") if e.text["full_name"] == "Dee Dunlin"]
    return ["Dune", "Marram", DUNE_LAESTAB, LAESTAB, DUNE_URN, "Shore Road", *places.values(), *lines]


def all_said(said: Said) -> str:
    return said.out + said.err


@pytest.mark.parametrize("level", ["no_location", "no_link", "sealed"])
def test_a_history_tells_nobody_where_the_child_is_at_any_moment_in_any_form(
    hidden: School, at_school: Command, level: str
) -> None:
    restrict(at_school, level)
    line = next(e["line"] for e in hidden.entries("PupilEntered") if e.text["full_name"] == "Dee Dunlin").hex()
    for name, how, moment in product((UPN, line), FORMATS, MOMENTS):
        said = at_school("history", name, *moment, *how)
        assert said.code == 0, said.err
        for secret in [*where(hidden), "Order 12", "SIMS"]:
            assert secret not in all_said(said), (secret, how, moment)


def test_the_registers_of_both_places_do_not_show_the_child_to_others(hidden: School, at_school: Command) -> None:
    for place, week, how, asked_for in product(
        (LAESTAB, DUNE_LAESTAB), (WEEK, LATER), FORMATS, ((), ("--for", LAESTAB), ("--for", DUNE_LAESTAB))
    ):
        if asked_for[1:] == (place,):
            continue
        for moment in ((), ("--as-at", "2025-09-08")):
            said = at_school("register", place, *week, *asked_for, *moment, *how)
            assert said.code == 0, said.err
            assert "Dee" not in all_said(said)
            assert UPN not in all_said(said)


def test_a_register_says_the_same_whether_or_not_it_hides_somebody(hidden: School, at_school: Command) -> None:
    sentence = "Children whose whereabouts are restricted are not shown"
    for place, week in ((DUNE_LAESTAB, LATER), (LAESTAB, ("--week", "2025-11-05"))):
        assert sentence in at_school("register", place, *week).out
        assert at_school("register", place, *week, "--json").data["may_lack_restricted"] is True
    assert sentence not in at_school("register", DUNE_LAESTAB, *LATER, "--for", DUNE_LAESTAB).out


def test_a_ledger_without_restrictions_says_nothing_of_them(school: School, at_school: Command) -> None:
    assert "restricted" not in at_school("register", LAESTAB, *WEEK).out


def test_her_own_school_sees_her_on_its_register_and_its_own_line_only(hidden: School, at_school: Command) -> None:
    assert "Dee Dunlin" in at_school("register", DUNE_LAESTAB, *LATER, "--for", DUNE_LAESTAB).out
    history = at_school("history", UPN, "--for", DUNE_LAESTAB, "--json").data
    assert {line["laestab"] for line in history["lines"]} == {DUNE_LAESTAB}
    assert {entry["new"] for entry in history["entries"] if entry["date"]} == {"N"}
    assert "Dune School" in at_school("history", UPN, "--for", DUNE_LAESTAB).out


def test_the_school_that_she_left_is_not_told_where_she_went(hidden: School, at_school: Command) -> None:
    for how, moment in product(FORMATS, MOMENTS):
        said = at_school("history", UPN, "--for", LAESTAB, *moment, *how)
        assert said.code == 0, said.err
        dune = next(e["place"].hex() for e in hidden.entries("PlaceDescribed") if e["name"] == "Dune School")
        for secret in ("Dune School", DUNE_LAESTAB, DUNE_URN, "Shore Road", "to Dune", dune):
            assert secret not in all_said(said), (secret, how, moment)


def test_a_third_school_that_asks_is_as_good_as_nobody(hidden: School, at_school: Command) -> None:
    hidden.describes_place("2025-10-02 09:00", laestab="8051236", name="Cliff School", urn="100003")
    data = at_school("history", UPN, "--for", "8051236", "--json").data
    assert (data["lines"], data["entries"], data["name"], data["restricted"]) == ([], [], None, "no_location")


def test_sealed_shows_no_history_even_to_her_own_school_whose_register_stands(
    hidden: School, at_school: Command
) -> None:
    restrict(at_school, "sealed")
    said = at_school("history", UPN, "--for", DUNE_LAESTAB)
    assert "Dune" not in all_said(said)
    assert "sealed" in said.out
    assert "Dee Dunlin" in at_school("register", DUNE_LAESTAB, *LATER, "--for", DUNE_LAESTAB).out


def test_a_merge_made_before_the_order_leads_nobody_around_it(hidden: School, at_school: Command) -> None:
    lift = at_school("record", "lift-restriction", f"pupil={UPN}")
    assert lift.code == 0, lift.err
    hidden.enters("Dee 3", upn=OTHER_UPN, full_name="Dee Dunlin", at="2025-10-06 08:00", starting_day="2025-10-06")
    merge = (f"pupil={UPN}", f"other_pupil={OTHER_UPN}", "basis=temporary_upn_replaced")
    assert at_school("record", "merge-identities", *merge).code == 0
    restrict(at_school)
    for upn, how in product((UPN, OTHER_UPN), FORMATS):
        for secret in where(hidden):
            assert secret not in all_said(at_school("history", upn, *how)), (secret, how)
    assert "Dee" not in all_said(at_school("register", LAESTAB, "--week", "2025-10-08"))
    (merged,) = hidden.entries("IdentitiesMerged")
    assert at_school("record", "undo-merge", f"merge={merged.position}", "reason_code=other").code == 0
    then = ("--as-at", "2025-10-06")
    for secret in where(hidden):
        assert secret not in all_said(at_school("history", UPN, *then)), secret
    own = at_school("history", OTHER_UPN, "--json", *then).data
    assert {line["laestab"] for line in own["lines"]} == {LAESTAB}, (
        "she who is not restricted any more, and nobody else"
    )


def test_under_no_link_not_even_her_own_school_sees_who_she_is_joined_to(hidden: School, at_school: Command) -> None:
    at_school("record", "lift-restriction", f"pupil={UPN}")
    hidden.enters("D3", upn=OTHER_UPN, full_name="Dee Dunlin", at="2025-10-06 08:00", **DUNE)
    merge = (f"pupil={UPN}", f"other_pupil={OTHER_UPN}", "basis=temporary_upn_replaced")
    assert at_school("record", "merge-identities", *merge).code == 0
    own = ("history", UPN, "--for", DUNE_LAESTAB, "--json")
    assert len(at_school(*own).data["lines"]) == 3, "open as yet: hers at Marram School, and two at Dune School"
    restrict(at_school, "no_location")
    assert len(at_school(*own).data["lines"]) == 2
    restrict(at_school, "no_link")
    data = at_school(*own).data
    assert (len(data["lines"]), len(data["identities"])) == (1, 1)
    assert "IdentitiesMerged" not in {entry["event"] for entry in data["entries"]}


def test_a_held_message_that_names_her_is_revealed_to_her_own_school_only(hidden: School, at_school: Command) -> None:
    rows = [
        {"mis_pupil": "D2", "full_name": "Dee Dunlin", "starting_day": "2025-02-30"},
        {"mis_pupil": "Eve", "full_name": "Eve", "starting_day": "2025-02-30"},
    ]
    hidden.says("PupilsStated", "2025-10-10 08:00", pupils=rows, whole=False, **DUNE)
    (held,) = (w.id.hex() for w in hidden.held)
    for asked_for in ((), ("--for", LAESTAB)):
        for how in ((), ("--json",)):
            said = at_school("held", "show", held, "--reveal", *asked_for, *how)
            assert said.code == 0, said.err
            assert "Dee Dunlin" not in all_said(said)
            assert "D2" not in all_said(said)
            assert "Eve" in said.out
    assert "Dee Dunlin" in at_school("held", "show", held, "--reveal", "--for", DUNE_LAESTAB).out


def test_status_totals_and_lists_name_no_restricted_child(hidden: School, at_school: Command) -> None:
    for verb in (("status",), ("status", "--json"), ("totals",), ("held", "list")):
        said = at_school(*verb)
        for secret in ("Dee", UPN, "Shore Road"):
            assert secret not in all_said(said)


def test_when_the_last_restriction_is_lifted_everything_is_shown_again(hidden: School, at_school: Command) -> None:
    restrict(at_school, "sealed")
    unclear = at_school("record", "lift-restriction", f"pupil={UPN}")
    assert (unclear.code, "say which" in unclear.err) == (1, True)
    numbers = [e.version for e in hidden.entries("AccessRestricted")]
    assert at_school("record", "lift-restriction", f"pupil={UPN}", f"restriction={numbers[1]}").code == 0
    assert "restricted" in at_school("history", UPN).out, "the milder one stands"
    assert at_school("record", "lift-restriction", f"pupil={UPN}").code == 0
    assert len(at_school("history", UPN, "--json").data["lines"]) == 2
    assert "access restricted" in at_school("history", UPN).out
    assert "Order 12" not in at_school("history", UPN).out
