"""A school's past from another system: imported, in the registers of its years, and never contemporaneous."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from consumers.file_import import Imported, take_in
from consumers.history_import import container_history, open_tables, table_history
from consumers.history_tables import About
from consumers.intake import Intake
from projections.history import history
from projections.register import Cell, register
from tests.making import LAESTAB, SIMS, School, container, day, moment

OLD = b"O" * 16
"""The system that the school had before: what it exports names pupils by ids of its own."""
EXPORTED = "2025-10-10 16:00"
PUPILS = "pupil,upn,full_name,starting_day,leaving_on,year_group,class"
MARKS = "pupil,date,session,code"
CHANGES = "pupil,date,session,old,new,changed_at,changed_by,reason"

ANN_UPN, DAN_UPN = "B801200005001", "H801200007018"


@pytest.fixture
def past(school: School) -> School:
    """The school, whose old system may speak for it as well; it is the October after the move."""
    carries = {"carries_entry_time": False, "carries_deletes": False, "carries_closing_time": False}
    school.registers_source(
        "2025-10-10 15:00", OLD, system="Arbor", route="file", delivery="once", places=[{"laestab": LAESTAB}], **carries
    )
    return school


def table(folder: Path, columns: str, *rows: str, name: str = "table.csv") -> Path:
    path = folder / name
    path.write_text("\n".join((columns, *rows)) + "\n", "utf-8")
    return path


def imports(school: School, *paths: Path, exported: str = EXPORTED) -> list[Imported]:
    """`rollbook import --history`, without the command."""
    about = About(OLD, None, LAESTAB, moment(exported), moment(EXPORTED))
    done = [take_in(school.ledger, table_history(path, opened, about)) for path, opened in open_tables(paths)]
    school.intake = Intake(school.ledger)
    assert all(one.counts.adds_up for one in done)
    return done


def cell(school: School, name: str, when: str) -> Cell:
    """What the register says of a pupil in a session."""
    text, session = when.split()
    place = next(entry["place"] for entry in school.entries("PlaceDescribed"))
    on = date.fromisoformat(text)
    found = register(school.ledger, place, on, on)
    return next(row.cells[(on, session)] for row in found.rows if row.name == name)


def codes(school: School, name: str, when: str) -> list[str | None]:
    """All codes that ever stood, first to last."""
    return [code for code, _ in cell(school, name, when).codes]


ROLL = ("17,,Dan,2021-09-03,2023-07-21,8,8B", "18,,Eve,2022-09-05,,10,10A")
THEN = "2022-11-07 AM"


# --- the years that are past


def test_a_pupil_of_the_past_has_a_line_in_the_register_of_each_year_of_the_stay(past: School, tmp_path: Path) -> None:
    imports(past, table(tmp_path, PUPILS, *ROLL))
    assert [
        [e["school_year"] for e in line if e.topic in ("PupilEntered", "LineCarriedForward")]
        for line in past.lines("Dan")
    ] == [[202122], [202223]]
    assert [line[0]["school_year"] for line in past.lines("Eve")] == [202223, 202324, 202425, 202526]
    last = past.lines("Dan")[-1]
    assert [e.topic for e in last] == [
        "LineCarriedForward",
        "YearRecorded",
        "YearRecorded",
        "LeavingStated",
        "PupilDeleted",
    ]
    (deleted,) = (e for e in last if e.topic == "PupilDeleted")
    assert deleted["left_on"] == day("2023-07-21")


def test_the_year_group_of_the_last_year_gives_those_before_it(past: School, tmp_path: Path) -> None:
    imports(past, table(tmp_path, PUPILS, *ROLL))
    groups = [[e["nc_year"] for e in line if e.topic == "YearRecorded"][-1] for line in past.lines("Eve")]
    assert groups == [7, 8, 9, 10]


def test_a_leaver_of_long_ago_is_off_the_roll_since_then_and_not_since_the_import(past: School, tmp_path: Path) -> None:
    imports(past, table(tmp_path, PUPILS, "17,,Dan,2021-09-03,2022-12-16,8,8B"))
    place = next(entry["place"] for entry in past.entries("PlaceDescribed"))
    found = register(past.ledger, place, date(2022, 12, 12), date(2022, 12, 16))
    (dan,) = (row for row in found.rows if row.name == "Dan")
    assert dan.off_roll_from == date(2022, 12, 17)
    later = register(past.ledger, place, date(2023, 1, 9), date(2023, 1, 13))
    assert not [row for row in later.rows if row.name == "Dan"]


def test_a_pupil_who_came_back_has_two_stays_in_whatever_order_they_are_listed(past: School, tmp_path: Path) -> None:
    first, second = "17,,Dan,2021-09-03,2021-12-17,7,7B", "17,,Dan,2022-03-01,2023-07-21,8,8B"
    imports(past, table(tmp_path, PUPILS, second, first))
    began = sorted((line[0]["school_year"], line[0]["starting_day"]) for line in past.lines("Dan"))
    assert [year for year, _ in began] == [202122, 202122, 202223]
    marks = table(tmp_path, MARKS, "17,2021-10-04,AM,/", "17,2022-05-09,AM,I", "17,2022-10-03,AM,/", name="marks.csv")
    (done,) = imports(past, marks)
    assert done.counts.marks == 3
    of_line = {e["line"]: e["date"] for e in past.entries("MarkRecorded")}
    assert len(of_line) == 3, "each on the line of its own stay and year"


def test_marks_stand_in_the_registers_of_their_days_and_say_that_they_were_imported(
    past: School, tmp_path: Path
) -> None:
    (_, done) = imports(
        past,
        table(tmp_path, PUPILS, *ROLL),
        table(tmp_path, MARKS, "17,2022-11-07,AM,/", "18,2022-11-07,AM,I", name="m.csv"),
    )
    assert (done.counts.marks, done.counts.sent) == (2, 2)
    assert past.register(THEN) == {"Dan": "/", "Eve": "I"}
    (header,) = (e for e in past.session(THEN) if e.topic == "EntriesReceived")
    started = past.entries("ImportStarted")[-1]
    assert (header["how"], header["import"], header["broker_at"]) == ("snapshot", started["import"], None)
    assert {e["cause"] for e in past.entries("MarkRecorded")} == {"import"}
    assert cell(past, "Dan", THEN).imported


def test_an_import_says_what_kind_of_file_it_is_and_which_days_it_covers(past: School, tmp_path: Path) -> None:
    marks = table(tmp_path, MARKS, "17,07/11/2022,AM,/", "18,2024-01-09,PM,I", name="m.csv")
    log = table(tmp_path, CHANGES, "17,2022-11-07,AM,N,/,2022-11-07 11:00,K,", name="c.csv")
    imports(past, log, marks)
    one, other = past.entries("ImportStarted")
    assert (one["kind"], one["covers_from"], one["covers_to"]) == ("mis_history", day("2022-11-07"), day("2024-01-09"))
    assert (other["kind"], one["bytes"]) == ("audit_log", marks.stat().st_size)


def test_a_past_calendar_is_added_and_what_is_known_of_this_year_stays(past: School, tmp_path: Path) -> None:
    told = "what,from,to"
    (done,) = imports(
        past,
        table(tmp_path, told, "autumn1,2022-09-05,2022-10-21", "inset,2022-09-05,", "autumn1,2025-09-09,2025-10-30"),
    )
    assert (done.counts.statements, done.counts.duplicate) == (2, 1)
    (term,) = (e for e in past.entries("TermSet") if e["school_year"] == 202223)
    assert (term["from"], term["import"] is not None) == (day("2022-09-05"), True)
    assert not past.entries("CalendarAmended")


# --- the audit log


LOG = (
    "17,2022-11-07,AM,N,O,2022-11-07 11:05,KB,",
    "17,2022-11-07,AM,O,M,2022-11-28 09:00,HW,Doctor's letter.",
)


@pytest.mark.parametrize("order", [("marks", "log"), ("log", "marks")])
def test_the_log_gives_the_original_entry_and_who_changed_it_when_and_why(
    past: School, tmp_path: Path, order: Sequence[str]
) -> None:
    imports(past, table(tmp_path, PUPILS, *ROLL))
    files = {
        "marks": table(tmp_path, MARKS, "17,2022-11-07,AM,M", name="marks.csv"),
        "log": table(tmp_path, CHANGES, *LOG, name="log.csv"),
    }
    for name in order:
        imports(past, files[name])
    assert past.register(THEN) == {"Dan": "M"}
    assert codes(past, "Dan", THEN) == ["N", "O", "M"]
    older = past.entries("OlderEntryLearned")
    assert [(e["code"], e["held_from"], e["held_to"]) for e in older] == [
        ("N", None, moment("2022-11-07 11:05")),
        ("O", moment("2022-11-07 11:05"), moment("2022-11-28 09:00")),
        ("M", moment("2022-11-28 09:00"), None),
    ]
    people = {e["person"]: e.text["user_id"] for e in past.entries("PersonNamed")}
    assert (people[older[1]["by"]], people[older[2]["by"]]) == ("KB", "HW")
    assert (older[2].text["reason"], older[2]["from_audit_log"]) == ("Doctor's letter.", True)
    assert not past.entries("MarkAmended"), "nothing was amended here: it had been, there"


@pytest.mark.parametrize("order", [("marks", "log"), ("log", "marks")])
def test_marks_as_they_stand_are_what_stands_where_the_log_leaves_a_step_out(
    past: School, tmp_path: Path, order: Sequence[str]
) -> None:
    imports(past, table(tmp_path, PUPILS, *ROLL))
    files = {
        "marks": table(tmp_path, MARKS, "17,2022-11-07,AM,C", name="marks.csv"),
        "log": table(tmp_path, CHANGES, *LOG, name="log.csv"),
    }
    for name in order:
        imports(past, files[name])
    assert past.register(THEN) == {"Dan": "C"}
    assert codes(past, "Dan", THEN) == ["N", "O", "M", "C"]


@pytest.mark.parametrize("order", [("marks", "log"), ("log", "marks")])
def test_a_change_made_after_the_marks_were_exported_is_an_amendment(
    past: School, tmp_path: Path, order: Sequence[str]
) -> None:
    imports(past, table(tmp_path, PUPILS, *ROLL))
    for name in order:
        if name == "marks":
            imports(past, table(tmp_path, MARKS, "17,2022-11-07,AM,O", name="marks.csv"), exported="2022-11-20 12:00")
        else:
            imports(past, table(tmp_path, CHANGES, *LOG, name="log.csv"), exported="2022-12-01 12:00")
    assert past.register(THEN) == {"Dan": "M"}
    assert codes(past, "Dan", THEN)[-1] == "M"


def test_a_mark_that_was_taken_back_is_learned_as_that_and_no_mark_is_made(past: School, tmp_path: Path) -> None:
    imports(
        past,
        table(tmp_path, PUPILS, *ROLL),
        table(tmp_path, CHANGES, "17,2022-11-07,AM,/,,2022-11-08 09:00,KB,Not due.", name="c.csv"),
    )
    assert past.register(THEN) == {}
    assert codes(past, "Dan", THEN) == ["/", None]
    assert cell(past, "Dan", THEN).code is None


def test_the_same_log_again_in_another_file_is_nothing_but_duplicates(past: School, tmp_path: Path) -> None:
    imports(past, table(tmp_path, PUPILS, *ROLL), table(tmp_path, MARKS, "17,2022-11-07,AM,M", name="m.csv"))
    imports(past, table(tmp_path, CHANGES, *LOG, name="one.csv"))
    before = len(past.entries("OlderEntryLearned"))
    (again,) = imports(past, table(tmp_path, CHANGES, *LOG, "", name="two.csv"))
    assert (again.new, again.counts.duplicate, again.counts.sent) == (True, 3, 3)
    assert len(past.entries("OlderEntryLearned")) == before


# --- where the past meets what came live


MONDAY = "2025-09-01 AM"
NOW_ROLL = f"71,{ANN_UPN},Ann,2023-09-04,,9,9A"


def test_a_child_known_by_upn_is_one_child_under_whatever_id_the_old_system_had(past: School, tmp_path: Path) -> None:
    past.enters("Una", upn=ANN_UPN)
    imports(
        past,
        table(tmp_path, PUPILS, NOW_ROLL.replace("Ann,", "Una,")),
        table(tmp_path, MARKS, "71,2023-10-02,AM,I", name="m.csv"),
    )
    lines = past.lines("Una")
    assert sorted(line[0]["school_year"] for line in lines) == [202324, 202425, 202526]
    (pupil,) = {e.stream for e in past.entries("LineOpened") if e.text["line"] in {line[0]["line"] for line in lines}}
    found = history(past.ledger, bytes.fromhex(pupil.split("/")[1]))
    assert [e.new for e in found.entries if e.event == "MarkRecorded" and e.of_history] == ["I"]


def test_what_the_live_source_said_of_a_pupil_is_not_amended_by_a_history(past: School, tmp_path: Path) -> None:
    past.enters("Una", upn=ANN_UPN, address="1 New Street")
    imports(past, table(tmp_path, PUPILS + ",address", NOW_ROLL.replace("Ann,", "Una,") + ",9 Old Street"))
    assert not past.entries("EntryAmended")
    this_year = next(line for line in past.lines("Una") if line[0]["school_year"] == 202526)
    assert [e.topic for e in this_year] == ["PupilEntered", "YearRecorded"]


def test_a_history_does_not_take_off_the_roll_whom_the_live_source_has_on_it(past: School, tmp_path: Path) -> None:
    past.enters("Una", upn=ANN_UPN)
    (done,) = imports(past, table(tmp_path, PUPILS, f"71,{ANN_UPN},Una,2023-09-04,2025-09-19,9,9A"))
    assert done.counts.held == 1
    (held,) = past.held
    assert held.rule == "g6"
    assert not past.entries("PupilDeleted")


@pytest.mark.parametrize("first", ["live", "history"])
def test_what_came_live_stands_and_what_a_history_says_otherwise_is_older_whichever_came_first(
    past: School, tmp_path: Path, first: str
) -> None:
    past.enters("Una", upn=ANN_UPN)
    imports(past, table(tmp_path, PUPILS, NOW_ROLL.replace("Ann,", "Una,")))
    for what in (first, "history" if first == "live" else "live"):
        if what == "live":
            past.takes("9A", MONDAY, "09:05", arrives="2025-10-11 08:00" if first == "history" else None, Una="N")
        else:
            imports(past, table(tmp_path, MARKS, "71,2025-09-01,AM,I", name="m.csv"))
    assert past.register(MONDAY) == {"Una": "N"}
    assert not past.entries("MarkWithdrawn")


def test_a_history_that_says_what_the_ledger_heard_live_is_counted_as_that(past: School, tmp_path: Path) -> None:
    past.enters("Una", upn=ANN_UPN)
    past.takes("9A", MONDAY, "09:05", Una="/")
    _, done = imports(
        past,
        table(tmp_path, PUPILS, NOW_ROLL.replace("Ann,", "Una,")),
        table(tmp_path, MARKS, "71,2025-09-01,AM,/", name="m.csv"),
    )
    assert (done.counts.duplicate, done.counts.marks) == (1, 0)
    assert not cell(past, "Una", MONDAY).imported


def test_a_whole_snapshot_of_a_history_withdraws_nothing_that_came_live(past: School, tmp_path: Path) -> None:
    past.takes("7B", MONDAY, "09:05", Ann="/", Ben="N")
    whole = past.delivery(
        "RegisterSnapshot",
        "2025-10-09 20:00",
        whole=True,
        marks=[{"date": "2025-09-01", "session": "AM", "mis_pupil": "Ann", "code": "/"}],
        **{"from": "2025-09-01", "to": "2025-09-01"},
    )
    take_in(past.ledger, container_history(container(tmp_path / "past.avro", whole)))
    assert past.register(MONDAY) == {"Ann": "/", "Ben": "N"}


def test_a_live_change_of_an_imported_mark_is_an_amendment_of_it(past: School, tmp_path: Path) -> None:
    past.enters("Una", upn=ANN_UPN)
    imports(
        past,
        table(tmp_path, PUPILS, NOW_ROLL.replace("Ann,", "Una,")),
        table(tmp_path, MARKS, "71,2025-09-01,AM,N", name="m.csv"),
    )
    past.changes(MONDAY, "2025-10-13 10:00", Una=("N", "I"), by="K", reason="Letter found.")
    found = cell(past, "Una", MONDAY)
    assert ([step.code for step in found.chain], found.imported, found.chain[0].imported) == (["N", "I"], False, True)


# --- held, refused, resumed


def test_rows_of_an_unknown_pupil_wait_and_go_in_when_the_pupil_comes(past: School, tmp_path: Path) -> None:
    (done,) = imports(past, table(tmp_path, MARKS, "17,2022-11-07,AM,/", "99,2022-11-07,AM,I"))
    assert done.counts.held == 2
    (held,) = past.held
    assert held.fields["sentence"].startswith("Rows 2, 3 of file ")
    imports(past, table(tmp_path, PUPILS, *ROLL, name="pupils.csv"))
    assert past.register(THEN) == {"Dan": "/"}
    assert sum(item.rows for item in past.held) == 1
    assert cell(past, "Dan", THEN).imported, "set free by another import, it is still of the one that it came by"


def test_bad_rows_wait_by_themselves_and_their_sentence_names_file_and_row(past: School, tmp_path: Path) -> None:
    imports(past, table(tmp_path, PUPILS, *ROLL, name="pupils.csv"))
    bad = table(
        tmp_path,
        MARKS + ",minutes_late",
        "17,2022-11-07,AM,/,",
        "17,30/02/2022,AM,/,",
        "17,2022-11-08,EV,/,",
        "17,2022-11-09,AM,L,soon",
        "17,2022-11-10,AM",
        "18,2022-11-07,AM,Dan Smith is ill,",
        name="m.csv",
    )
    (done,) = imports(past, bad)
    assert (done.counts.marks, done.counts.held) == (1, 5)
    said = sorted(str(item.fields["sentence"]) for item in past.held)
    label = past.entries("ImportStarted")[-1]["file"].hex()[:8]
    assert [sentence.split(":")[0] for sentence in said] == [f"Row {n} of file {label}" for n in (3, 4, 5, 6, 7)]
    assert not any("Smith" in sentence for sentence in said)


def test_the_same_table_again_is_nothing_new_but_may_be_taken_in_for_another_place(
    past: School, tmp_path: Path
) -> None:
    pupils = table(tmp_path, PUPILS, *ROLL)
    imports(past, pupils)
    before = past.head
    (again,) = imports(past, pupils)
    assert (again.new, past.head) == (False, before)
    elsewhere = About(SIMS, None, LAESTAB, moment(EXPORTED), moment(EXPORTED))
    ((path, opened),) = open_tables([pupils])
    assert take_in(past.ledger, table_history(path, opened, elsewhere)).new


def test_a_history_begun_and_stopped_goes_on_where_it_stood(
    past: School, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    imports(past, table(tmp_path, PUPILS, *ROLL, name="pupils.csv"))
    days = [f"2022-11-{n:02d}" for n in range(7, 12)]
    marks = table(
        tmp_path,
        MARKS,
        *(f"{who},{when},{s},/" for when in days for s in ("AM", "PM") for who in (17, 18)),
        name="m.csv",
    )
    monkeypatch.setattr("consumers.ahead.DELIVERIES_AT_ONCE", 1)

    class Stopped(Exception):
        pass

    def stop(counts: Any) -> None:
        if counts.deliveries == 2:
            raise Stopped

    about = About(OLD, None, LAESTAB, moment(EXPORTED), moment(EXPORTED))
    ((path, opened),) = open_tables([marks])
    with pytest.raises(Stopped):
        take_in(past.ledger, table_history(path, opened, about), stop)
    (done,) = imports(past, marks)
    assert (done.counts.marks, done.counts.sent, done.counts.duplicate) == (20, 20, 0)
    assert len(past.entries("ImportStarted")) == 2, "of the pupils and of the marks"


# --- containers


def test_a_container_of_an_old_systems_messages_is_imported_as_history(past: School, tmp_path: Path) -> None:
    taking = past.taking("7B", "2025-09-02 AM", "09:01", Ann="/", Ben="N")
    change = past.change("2025-09-02 AM", "11:00", Ben=("N", "I"), by="K", reason="Mother rang.")
    file = container_history(container(tmp_path / "past.avro", taking, change))
    assert (file.kind, file.covers) == ("mis_history", (day("2025-09-02"), day("2025-09-02")))
    take_in(past.ledger, file)
    assert past.chain("2025-09-02 AM", "Ben") == ["MarkRecorded N", "MarkAmended N to I"]
    assert {e["broker_at"] for e in past.session("2025-09-02 AM") if e.topic == "EntriesReceived"} == {None}
    assert past.entries("MarkRecorded")[-1]["cause"] == "typed", "import only where the source says none"


def test_a_container_of_audit_rows_alone_is_an_audit_log(past: School, tmp_path: Path) -> None:
    row = {
        "date": "2025-09-02",
        "session": "AM",
        "mis_pupil": "Ben",
        "code": "N",
        "held_from": None,
        "held_to": moment("2025-09-02 11:00"),
    }
    log = past.delivery("ChangesLogged", "2025-10-09 20:00", changes=[row])
    assert container_history(container(tmp_path / "log.avro", log)).kind == "audit_log"
