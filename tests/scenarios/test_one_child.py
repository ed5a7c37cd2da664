"""One child under two identities: a temporary number replaced, entered twice, merged by a person, undone, adopted."""

from __future__ import annotations

import pytest

from domain.ledger.caches import Shared
from domain.ledger.commands import (
    ContinueIdentity,
    Done,
    MergeIdentities,
    Refused,
    RestrictAccess,
    UndoMerge,
    carry_out,
)
from projections.history import history
from tests.making import NIGHTLY, School, moment

MON, TUE = "2025-09-01 AM", "2025-09-02 AM"
TEMPORARY, PERMANENT = "Y80520250123A", "A805200017129"
DUNE = {"laestab": "8051235", "local_id": "dune"}


@pytest.fixture
def two_schools(school: School) -> School:
    """Marram School, and Dune School, which the same system serves."""
    school.describes_place("2025-08-28 09:00", name="Dune School", urn="100002", **DUNE)
    school.registers_source("2025-08-28 09:01", school.source, places=[DUNE])
    return school


@pytest.fixture
def twice(two_schools: School) -> School:
    """Dee came from Marram School to Dune School without a number, and nobody knew that it was she."""
    two_schools.enters("Dee", upn=PERMANENT)
    two_schools.takes("7B", MON, "08:55", Dee="/")
    two_schools.leaves("Dee", "2025-09-05", "2025-09-05 16:00")
    two_schools.enters("Dee at Dune", at="2025-09-08 08:00", starting_day="2025-09-08", **DUNE)
    two_schools.takes("3C", "2025-09-08 AM", "08:55", **DUNE, marks=[{"mis_pupil": "Dee at Dune", "code": "/"}])
    return two_schools


def pupil_of(school: School, name: str) -> bytes:
    """The identity under which somebody was first known."""
    (identified,) = [e for e in school.entries("PupilIdentified") if e.text["name"] == name]
    return bytes(identified["pupil"])


def merge(school: School, stays: str, other: str) -> Done | Refused:
    command = MergeIdentities(
        pupil=pupil_of(school, stays), other_pupil=pupil_of(school, other), basis="school_confirms"
    )
    return carry_out(school.ledger, command)


def merged(school: School, stays: str, other: str) -> int:
    """The position of a merge that was recorded."""
    done = merge(school, stays, other)
    assert isinstance(done, Done), done
    return done.last


def seen(school: School, name: str, as_at: str | None = None) -> list[str]:
    """The names of the places in somebody's history, in order of their lines."""
    found = history(school.ledger, pupil_of(school, name), None if as_at is None else moment(as_at))
    return [str(found.places[line.place].description["name"]) for line in found.lines]


def test_a_temporary_number_that_is_replaced_in_the_same_record_needs_no_merge(school: School) -> None:
    school.enters("Dee", upn=TEMPORARY)
    school.enters("Dee", at="2025-10-01 08:00", upn=PERMANENT, former_upn=TEMPORARY)
    assert [(e["kind"], e.text["upn"]) for e in school.entries("UpnGiven")] == [
        ("temporary", TEMPORARY),
        ("permanent", PERMANENT),
    ]
    assert len(school.lines("Dee")) == 1
    for number, day in ((TEMPORARY, MON), (PERMANENT, TUE)):
        school.take(school.taking("7B", day, "08:55", marks=[{"mis_pupil": "?", "upn": number, "code": "/"}]))
        assert school.register(day) == {"Dee": "/"}


def test_a_merge_shows_both_lines_as_one_child_and_earlier_answers_stay_two(twice: School) -> None:
    assert seen(twice, "Dee") == ["Marram School"]
    twice.takes("7B", "2025-09-09 AM", "08:55", Ann="/")
    merged(twice, "Dee", "Dee at Dune")
    assert sorted(seen(twice, "Dee")) == sorted(seen(twice, "Dee at Dune")) == ["Dune School", "Marram School"]
    assert seen(twice, "Dee", as_at="2025-09-08 12:00") == ["Marram School"]
    assert seen(twice, "Dee at Dune", as_at="2025-09-08 12:00") == ["Dune School"]


def test_after_a_merge_the_number_of_one_leads_to_the_line_of_the_other(twice: School) -> None:
    marks = [{"mis_pupil": "not known", "upn": PERMANENT, "code": "/"}]
    twice.take(twice.taking("3C", "2025-09-09 AM", "08:55", **DUNE, marks=marks))
    assert [w.rule for w in twice.held] == ["g3"]
    merged(twice, "Dee", "Dee at Dune")
    twice.intake.replay_waiting()
    assert not twice.held
    assert twice.register("2025-09-09 AM") == {"Dee at Dune": "/"}


def test_an_undone_merge_leaves_everything_as_it_was_and_both_entries_in_the_ledger(twice: School) -> None:
    position = merged(twice, "Dee", "Dee at Dune")
    undone = carry_out(twice.ledger, UndoMerge(merge=position, reason="The birth dates differ by a year."))
    assert isinstance(undone, Done)
    assert seen(twice, "Dee") == ["Marram School"]
    marks = [{"mis_pupil": "not known", "upn": PERMANENT, "code": "/"}]
    twice.take(twice.taking("3C", "2025-09-09 AM", "08:55", **DUNE, marks=marks))
    assert [w.rule for w in twice.held] == ["g3"]
    (said,) = twice.entries("IdentityMergeUndone")
    assert (said["merge"], said.text["reason"]) == (position, "The birth dates differ by a year.")


def test_a_merge_can_be_undone_once_and_made_again(twice: School) -> None:
    position = merged(twice, "Dee", "Dee at Dune")
    assert isinstance(carry_out(twice.ledger, UndoMerge(merge=position, reason="No.")), Done)
    refused = carry_out(twice.ledger, UndoMerge(merge=position, reason="No."))
    assert isinstance(refused, Refused)
    assert f"At position {position} there is no merge" in refused.sentence
    merged(twice, "Dee", "Dee at Dune")
    assert len(seen(twice, "Dee")) == 2


def test_what_no_merge_can_join_is_refused_with_a_sentence(twice: School) -> None:
    assert isinstance(merge(twice, "Dee", "Dee"), Refused)
    merged(twice, "Dee", "Dee at Dune")
    assert merge(twice, "Dee at Dune", "Dee") == Refused(
        "These two are one child already: the merge that says so stands."
    )
    twice.enters("Dee again", at="2025-09-10 08:00")
    merged(twice, "Dee", "Dee again")
    through_a_third = merge(twice, "Dee at Dune", "Dee again")
    assert isinstance(through_a_third, Refused)
    stranger = MergeIdentities(pupil=pupil_of(twice, "Ann"), other_pupil=b"?" * 16, basis="la_matched")
    assert isinstance(carry_out(twice.ledger, stranger), Refused)


def test_a_restricted_identity_is_merged_with_nobody_also_through_a_third(twice: School) -> None:
    merged(twice, "Dee", "Dee at Dune")
    carry_out(twice.ledger, RestrictAccess(pupil=pupil_of(twice, "Dee at Dune"), level="no_location"))
    refused = merge(twice, "Ann", "Dee")
    assert isinstance(refused, Refused)
    assert "restricted" in refused.sentence
    assert len(twice.entries("IdentitiesMerged")) == 1


def test_of_a_child_entered_twice_at_one_school_each_record_keeps_its_line_and_its_marks(school: School) -> None:
    school.enters("Dee", upn=TEMPORARY)
    school.enters("Dee 2", upn=PERMANENT, at="2025-09-01 07:00")
    merged(school, "Dee 2", "Dee")
    school.takes("7B", MON, "08:55", **{"Dee": "/", "Dee 2": "N"})
    assert school.register(MON) == {"Dee": "/", "Dee 2": "N"}
    school.leaves("Dee", "2025-09-01", "2025-09-01 16:00")
    assert school.roll_story("Dee")[0][-1] == "PupilDeleted"
    assert "PupilDeleted" not in school.roll_story("Dee 2")[0]


def test_a_feed_that_knows_only_the_shared_number_marks_the_identity_that_stays(school: School) -> None:
    school.enters("Dee", upn=PERMANENT)
    school.enters("Dee 2", upn=PERMANENT, at="2025-09-01 07:00")
    by_number = [{"mis_pupil": "nightly 1", "upn": PERMANENT, "code": "/"}]
    school.take(school.taking("7B", MON, "20:00", source=NIGHTLY, said=None, by=None, marks=by_number))
    assert [w.rule for w in school.held] == ["g3"], "two children were given it"
    merged(school, "Dee 2", "Dee")
    school.take(school.taking("7B", TUE, "20:00", source=NIGHTLY, said=None, by=None, marks=by_number))
    assert school.register(TUE) == {"Dee 2": "/"}


def test_one_line_of_a_merged_child_goes_on_into_the_new_year(school: School) -> None:
    school.enters("Dee", upn=TEMPORARY)
    school.enters("Dee 2", upn=PERMANENT, at="2025-09-01 07:00")
    merged(school, "Dee 2", "Dee")
    school.takes("8B", "2026-09-02 AM", "08:55", Ann="/", Dee="/")
    assert school.register("2026-09-02 AM") == {"Ann": "/", "Dee 2": "/"}
    assert "LineCarriedForward" in [topic for line in school.roll_story("Dee 2") for topic in line]
    assert "LineCarriedForward" not in [topic for line in school.roll_story("Dee") for topic in line]


def test_a_merge_by_another_process_is_known_here_at_once(twice: School) -> None:
    marks = [{"mis_pupil": "not known", "upn": PERMANENT, "code": "/"}]
    twice.take(twice.taking("3C", "2025-09-09 AM", "08:55", **DUNE, marks=marks))
    other = twice.beside()
    merged(other, "Dee", "Dee at Dune")
    other.close()
    marks = [{"mis_pupil": "not known", "upn": PERMANENT, "code": "/"}]
    twice.take(twice.taking("3C", "2025-09-10 AM", "08:55", **DUNE, marks=marks))
    assert twice.register("2025-09-10 AM") == {"Dee at Dune": "/"}


def test_an_adopted_child_goes_on_under_a_new_identity_that_nothing_joins_to_the_old(two_schools: School) -> None:
    two_schools.enters("Dee", upn=PERMANENT)
    two_schools.leaves("Dee", "2025-10-03", "2025-10-03 16:00")
    two_schools.enters("Eve", at="2025-10-06 08:00", starting_day="2025-10-06", **DUNE)
    old, new = pupil_of(two_schools, "Dee"), pupil_of(two_schools, "Eve")
    command = ContinueIdentity(pupil=new, earlier_pupil=old, basis="adoption")
    assert isinstance(carry_out(two_schools.ledger, command), Done)
    (continued,) = two_schools.entries("IdentityContinued")
    assert continued.text == {"earlier_pupil": old}
    assert old not in continued["sealed"]
    assert all(old not in value for value in continued.fields.values() if isinstance(value, bytes))
    assert seen(two_schools, "Eve") == ["Dune School"]
    assert seen(two_schools, "Dee") == ["Marram School"]
    topics = {
        entry.event
        for name in ("Dee", "Eve")
        for entry in history(two_schools.ledger, pupil_of(two_schools, name)).entries
    }
    assert "IdentityContinued" not in topics
    refused = merge(two_schools, "Eve", "Dee")
    assert isinstance(refused, Refused)
    assert isinstance(carry_out(two_schools.ledger, command), Refused), "said once is enough"


def test_who_is_merged_cannot_be_continued_under_seal(twice: School) -> None:
    merged(twice, "Dee", "Dee at Dune")
    command = ContinueIdentity(
        pupil=pupil_of(twice, "Dee at Dune"), earlier_pupil=pupil_of(twice, "Dee"), basis="protected_identity"
    )
    refused = carry_out(twice.ledger, command)
    assert isinstance(refused, Refused)
    assert "undo the merge first" in refused.sentence


def test_who_was_never_merged_costs_no_look_up(two_schools: School, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    identity_key = Shared.identity_key

    def counted(shared: Shared, kind: str, scope: str, value: str) -> bytes:
        asked.append(kind)
        return identity_key(shared, kind, scope, value)

    monkeypatch.setattr(Shared, "identity_key", counted)
    names = [f"Pupil {n}" for n in range(30)]
    two_schools.enters(*names)
    two_schools.takes("7B", MON, "08:55", **dict.fromkeys(names, "/"))
    assert asked.count("line") >= 30
    assert asked.count("same_child") <= 2, "once for each batch, whoever is in it"
