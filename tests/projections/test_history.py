"""A pupil's history: every entry in the order of the ledger, with what regulation 6 asks for."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from projections.asking import pupils_called
from projections.history import History, history
from projections.status import status
from tests.making import NIGHTLY, SIMS, School, moment

MON = "2025-09-01 AM"
UPN = "A805200017129"


def of(school: School, as_at: str | None = None) -> History:
    pupil = pupils_called(school.ledger, UPN)[0]
    return history(school.ledger, pupil, None if as_at is None else moment(as_at))


def marks(found: History) -> list[tuple[str, str | None, str | None]]:
    return [(e.event, e.original, e.new) for e in found.entries if e.day is not None]


def ready(tmp_path: Path) -> School:
    school = School.ready(tmp_path)
    school.enters("Dee", upn=UPN, full_name="Dee Dunlin")
    rows = [{"user_id": "T9", "kind": "staff", "name": "Tamsin Teacher"}]
    rows.append({"user_id": "K", "kind": "staff", "name": "Kit Office"})
    school.says("StaffStated", "2025-08-29 09:00", staff=rows)
    return school


def test_original_amended_reason_date_and_person_are_there(tmp_path: Path) -> None:
    school = ready(tmp_path)
    school.takes("7B", MON, "08:45", Dee="N", Ann="/")
    about = {"reason": "Mother rang", "reason_code": "parent_contact", "by": "K", "amended_on": "2025-09-01"}
    school.changes(MON, "11:00", Dee=("N", "I"), **about)
    found = of(school)
    assert marks(found) == [("MarkRecorded", None, "N"), ("MarkAmended", "N", "I")]
    first, amended = (e for e in found.entries if e.day is not None)
    assert (first.by_name, first.system, first.how) == ("Tamsin Teacher", "SIMS", "taking")
    assert (amended.reason, amended.reason_code, amended.reason_state) == ("Mother rang", "parent_contact", "given")
    assert (amended.by_name, amended.amended_on) == ("Kit Office", date(2025, 9, 1))
    assert amended.recorded_at == moment("2025-09-01 11:00")
    assert found.name == "Dee Dunlin"


def test_entries_come_in_the_order_of_the_ledger_and_of_this_pupil_only(tmp_path: Path) -> None:
    school = ready(tmp_path)
    school.takes("7B", "2025-09-02 AM", "08:45", Dee="/", Ann="/")
    school.takes("7B", MON, "2025-09-02 09:00", Dee="L", Ann="/")
    found = of(school)
    positions = [e.position for e in found.entries]
    assert positions == sorted(positions)
    assert [e.day.day for e in found.entries if e.day] == [2, 1]
    assert found.entries[0].event == "PupilEntered"


def test_as_at_leaves_out_what_came_later(tmp_path: Path) -> None:
    school = ready(tmp_path)
    school.takes("7B", MON, "08:45", Dee="N")
    school.changes(MON, "11:00", Dee=("N", "I"))
    assert marks(of(school, "2025-09-01 10:00")) == [("MarkRecorded", None, "N")]
    assert of(school, "2025-08-01").lines == []


def test_a_withdrawal_says_what_it_withdrew(tmp_path: Path) -> None:
    school = ready(tmp_path)
    school.takes("7B", MON, "08:45", Dee="/")
    school.removes(MON, "12:00", "Dee")
    assert marks(of(school))[-1] == ("MarkWithdrawn", "/", None)


def test_foreseen_and_overtaken_entries_are_told_too(tmp_path: Path) -> None:
    school = ready(tmp_path)
    school.foresees("2025-09-03 AM", "2025-09-01 12:00", Dee="C")
    school.changes(MON, "13:00", Dee=("N", "I"))
    assert [e for e, _, _ in marks(of(school))] == ["MarkForeseen", "OlderEntryLearned", "MarkRecorded"]


def test_a_row_that_waited_says_since_when(tmp_path: Path) -> None:
    school = School.ready(tmp_path)
    school.takes("7B", MON, "08:45", Ann="/", Dee="/")
    school.enters("Dee", at="2025-09-04 10:00", upn=UPN)
    (mark,) = (e for e in of(school).entries if e.day is not None)
    assert mark.first_held_at == moment("2025-09-01 08:45")
    assert mark.recorded_at == moment("2025-09-04 10:00")


def test_a_feed_that_carries_no_person_accuses_nobody(tmp_path: Path) -> None:
    school = ready(tmp_path)
    rows = [{"mis_pupil": "x1", "upn": UPN, "full_name": "Dee Dunlin", "starting_day": "2025-09-01"}]
    school.says("PupilsStated", "2025-08-30 09:00", source=NIGHTLY, whole=False, pupils=rows)
    school.says(
        "RegisterSnapshot",
        "2025-09-01 23:00",
        source=NIGHTLY,
        whole=False,
        marks=[{"mis_pupil": "x1", "date": "2025-09-01", "session": "AM", "code": "/"}],
        **{"from": "2025-09-01", "to": "2025-09-01"},
    )
    (mark,) = (e for e in of(school).entries if e.day is not None)
    assert (mark.by, mark.by_name, mark.by_kind) == (None, None, "not_said")


def test_a_pupil_answers_to_upn_id_line_and_the_first_digits_of_either(tmp_path: Path) -> None:
    school = ready(tmp_path)
    found = of(school)
    asked = (UPN.lower(), found.pupil.hex(), found.pupil.hex()[:8], found.lines[0].line.hex()[:8])
    assert [pupils_called(school.ledger, text) for text in asked] == [[found.pupil]] * 4
    assert pupils_called(school.ledger, "A000000000000") == []
    assert pupils_called(school.ledger, "abc") == []


def test_destroyed_keys_leave_the_codes_and_take_the_texts(tmp_path: Path) -> None:
    school = ready(tmp_path)
    school.takes("7B", MON, "08:45", Dee="N")
    school.changes(MON, "11:00", Dee=("N", "I"), reason="Mother rang", by="K")
    line = of(school).lines[0]
    owner = f"admission-register/{line.place.hex()}/{line.line.hex()}"
    key = school.ledger.keys.find("line", owner)
    assert key is not None
    school.ledger.keys.destroy([key.id])
    found = of(school)
    assert marks(found) == [("MarkRecorded", None, "N"), ("MarkAmended", "N", "I")]
    assert [e.reason for e in found.entries] == [None] * len(found.entries)


def test_the_status_counts_places_sources_and_what_waits(tmp_path: Path) -> None:
    school = ready(tmp_path)
    school.takes("7B", MON, "08:45", Ann="/", Nobody="/")
    found = status(school.ledger)
    assert found.entries == school.head
    assert [place.description["laestab"] for place in found.places] == ["8051234"]
    assert {source.id for source in found.sources} >= {SIMS, NIGHTLY}
    assert [item.rule for item in found.held] == ["g3"]
