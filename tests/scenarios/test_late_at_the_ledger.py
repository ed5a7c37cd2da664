"""Late at the ledger, never at the school: nightly feeds, outages, paper, letters replayed (events.md 2.4)."""

from __future__ import annotations

from tests.making import NIGHTLY, School, moment

MONDAY = "2025-09-01 AM"
TUESDAY = "2025-09-02 AM"


def test_a_nightly_feed_keeps_the_schools_time_beside_the_ledgers(school: School) -> None:
    school.takes("7B", MONDAY, "2025-09-01 21:30", said="09:03", arrives="2025-09-01 22:00", Ann="/", Ben="N")
    header, ann = school.session(MONDAY)[1:3]
    assert header["said_at"] == moment("2025-09-01 09:03")
    assert header["sent_at"] == moment("2025-09-01 21:30")
    assert header["broker_at"] == ann.recorded_at == moment("2025-09-01 22:00")
    assert ann.topic == "MarkRecorded"
    assert school.register(MONDAY, as_at="2025-09-01 21:59") == {}


def test_a_feed_without_time_of_entry_leaves_it_unsaid(school: School) -> None:
    marks = {MONDAY: {"Ann": "/", "Ben": "N"}}
    school.enters("Ann", "Ben", source=NIGHTLY, at="2025-09-01 20:00")
    school.snapshot("2025-09-01", "2025-09-01", "2025-09-01 22:00", marks, whole=False, source=NIGHTLY)
    header = next(e for e in school.session(MONDAY) if e.topic == "EntriesReceived")
    assert header["said_at"] is None


def test_after_an_outage_of_the_broker_every_register_goes_in_as_its_own_mark(school: School) -> None:
    kept = [
        school.taking("7B", when, "09:03", arrives="2025-09-03 07:00", Ann="/", Ben="/", Cal="N")
        for when in (MONDAY, TUESDAY)
    ]
    school.take(*kept)
    for when in (MONDAY, TUESDAY):
        assert school.story(when)[2:] == ["MarkRecorded Ann /", "MarkRecorded Ben /", "MarkRecorded Cal N"]
        assert school.session(when)[1]["said_at"] == moment(when.replace(" AM", " 09:03"))
        assert school.session(when)[1].recorded_at == moment("2025-09-03 07:00")


def test_a_held_letter_replayed_when_the_pupil_is_entered_says_since_when_it_waited(school: School) -> None:
    school.takes("7B", MONDAY, "09:01", Zoe="/")
    school.takes("7B", TUESDAY, "09:01", Zoe="N")
    assert [w.rule for w in school.held] == ["g3", "g3"]
    before = school.head
    school.enters("Zoe", at="2025-09-04 15:00")
    assert school.held == []
    for when, code in ((MONDAY, "/"), (TUESDAY, "N")):
        header, zoe = school.session(when)[-2:]
        assert header["how"] == "replay"
        assert header["first_held_at"] == header["said_at"] == moment(when.replace(" AM", " 09:01"))
        assert zoe["code"] == code
        assert school.register(when, as_at="2025-09-04 14:59") == {}
    resolved = school.entries("InputResolved", after=before)
    headers = [e for e in school.entries(after=before) if e.topic == "RegisterOpened"]
    assert [e["first_position"] for e in resolved] == [e.position for e in headers]


def test_what_is_held_waits_through_a_restart(school: School) -> None:
    school.takes("7B", MONDAY, "09:01", Zoe="/")
    again = school.reopened()
    assert [w.rule for w in again.held] == ["g3"]
    again.enters("Zoe", at="2025-09-04 15:00")
    assert again.register(MONDAY) == {"Zoe": "/"}
    again.close()


def test_held_rows_are_replayed_oldest_first(school: School) -> None:
    school.takes("7B", MONDAY, "09:01", Zoe="N")
    school.changes(MONDAY, "11:00", Zoe=("N", "I"))
    school.changes(MONDAY, "2025-09-03 11:00", Zoe=("I", "M"))
    school.enters("Zoe", at="2025-09-04 15:00")
    assert school.chain(MONDAY, "Zoe") == ["MarkRecorded N", "MarkAmended N to I", "MarkAmended I to M"]


def test_a_new_mis_that_names_known_pupils_frees_what_was_held(school: School) -> None:
    """The MIS was changed: new ids, the same UPNs, no new line."""
    school.enters("Ann", at="2025-08-29 09:00", upn="H801200001001")
    new_mis = b"M" * 16
    school.registers_source("2025-09-01 07:00", new_mis, system="Arbor")
    school.takes("7B", MONDAY, "09:01", source=new_mis, A17="/")
    assert len(school.held) == 1
    row = {"mis_pupil": "A17", "upn": "H801200001001", "full_name": "Ann", "starting_day": "2025-09-01"}
    school.says("PupilsStated", "2025-09-01 10:00", source=new_mis, whole=False, pupils=[row])
    assert school.held == []
    assert school.register(MONDAY) == {"Ann": "/"}
    assert len(school.lines("Ann")) == 1


def test_paper_keyed_the_next_day_is_a_late_entry_that_names_its_sheet(school: School) -> None:
    school.takes(
        "7B", MONDAY, "2025-09-02 08:15", medium="paper_then_keyed", paper_ref="Folder 3", Ann="/", Ben="N", by="K"
    )
    header, ann = school.session(MONDAY)[1:3]
    assert header["medium"] == "paper_then_keyed"
    assert header["said_at"] == moment("2025-09-02 08:15")
    assert header.text["text"] == "Folder 3"
    assert ann.topic == "MarkRecorded"
    assert school.register(MONDAY, as_at="2025-09-01 23:59") == {}


def test_marks_that_the_mis_had_lost_come_back_as_what_they_are(school: School) -> None:
    school.takes("7B", MONDAY, "2025-09-02 10:00", medium="recovered_after_outage", Ann="/")
    assert school.story(MONDAY)[1] == "EntriesReceived taking recovered_after_outage"


def test_a_source_registered_later_frees_what_it_said_before(school: School) -> None:
    early = b"E" * 16
    school.says(
        "RegisterTaken",
        "2025-09-01 09:01",
        source=early,
        date="2025-09-01",
        session="AM",
        whole=False,
        cause="typed",
        marks=[{"mis_pupil": "Eve", "code": "/"}],
    )
    assert [w.rule for w in school.held] == ["g2"]
    school.registers_source("2025-09-01 10:00", early)
    school.enters("Eve", at="2025-09-01 10:01", source=early)
    assert school.register(MONDAY) == {"Eve": "/"}
    assert school.held == []


def test_each_of_several_inputs_set_free_together_names_its_own_first_entry(school: School) -> None:
    early = b"E" * 16
    school.enters("Eve", at="2025-09-01 08:00", source=early)
    for name, date in (("Eve", "2025-09-01"), ("Fay", "2025-09-02")):
        school.enters(name, at=f"{date} 08:30", source=early, upn=None)
        school.takes("7B", f"{date} AM", "09:01", source=early, **{name: "/"})
    waiting = len(school.held)
    assert waiting == 5
    before = school.head
    school.registers_source("2025-09-03 10:00", early)
    assert school.held == []
    resolved = school.entries("InputResolved", after=before)
    by_position = {e.position: e for e in school.entries(after=before)}
    became = [
        (e["became"], None if e["first_position"] is None else by_position[e["first_position"]].topic) for e in resolved
    ]
    assert became == [
        ("events", "SchoolYearBegun"),  # by rule, at the first thing heard since the first day of term
        ("duplicate", None),
        ("events", "PersonNamed"),
        ("events", "PupilEntered"),
        ("events", "RegisterOpened"),
    ]
