"""What is planted is really in the file, and what should come of it does, in a ledger of a few lines."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from simulation import Planted, Summary, planted_path, read_planted
from tests.simulation.model import Model, deliveries, played, rows_sent

RARER = {
    "dual_registration", "entered_twice", "evidence_received", "leave_granted", "leave_refused", "leave_withdrawn",
    "off_site_provision", "outage", "part_time", "place_not_taken_up", "placement_by_authority", "returner",
    "starting_day_agreed", "temporary_upn_replaced", "term_rewritten", "transfer_received", "whole_entry",
    "without_upn",
}  # fmt: skip
"""Once in ten places; boarders, sixth formers, under-fives and a conversion need more places than four."""
EVERY_KIND = RARER | {
    "change_before_its_register", "closure_rows", "corrected_twice", "correction_by_feed_without_reasons",
    "correction_with_reason", "correction_without_reason", "entered_late", "foreign_place", "foreseen_but_came",
    "foreseen_confirmed", "foreseen_never_confirmed", "impossible_date", "impossible_session", "joined_in_year", "left",
    "left_back_dated", "left_in_future", "mark_gone_from_snapshot", "mark_removed", "moved_between_places",
    "n_resolved_days", "n_resolved_hours", "n_resolved_months", "n_resolved_next_night", "n_resolved_weeks",
    "n_then_arrived_late", "not_marked_yet", "overtaken_change", "overtaken_register", "register_keyed_next_day",
    "register_saved_after_session", "resent_message", "same_id_other_bytes", "same_values_again", "settings_change",
    "snow_day_after_marks", "snow_day_before_registers", "snow_day_by_night", "undecodable", "unknown_local_code",
    "unknown_pupil", "wrong_check_letter",
}  # fmt: skip
FAULTS = {
    "foreign_place",
    "impossible_date",
    "impossible_session",
    "same_id_other_bytes",
    "undecodable",
    "unknown_pupil",
}


@pytest.fixture(scope="module")
def model(a_year: Summary) -> Model:
    return played(a_year.path)


def of(year: Summary, kind: str) -> list[Planted]:
    return [planted for planted in year.planted if planted.kind == kind]


def test_everything_is_planted_in_four_places_over_fourteen_weeks(a_year: Summary) -> None:
    assert {planted.kind for planted in a_year.planted} == EVERY_KIND


def test_every_planted_message_is_in_the_file(a_year: Summary) -> None:
    there = {d.record["message"].hex() for d in deliveries(a_year.path) if d.record}
    cut = {d.value[5:21].hex() for d in deliveries(a_year.path) if not d.record}
    for planted in a_year.planted:
        assert set(planted.messages) <= there | cut, planted
        assert planted.messages or planted.kind == "closure_rows"


def test_every_planted_pupil_is_named_in_its_messages(a_year: Summary) -> None:
    naming: dict[str, set[str]] = {}
    for d in deliveries(a_year.path):
        rows = [row for value in d.record.values() if isinstance(value, list) for row in value]
        if d.record:
            told = {row["mis_pupil"] for row in rows if "mis_pupil" in row}
            naming.setdefault(d.record["message"].hex(), set()).update(told)
    for planted in a_year.planted:
        assert set(planted.pupils) <= set().union(*(naming.get(m, set()) for m in planted.messages)), planted


def test_what_should_stand_at_the_end_stands(a_year: Summary, model: Model) -> None:
    checked: Counter[str] = Counter()
    for planted in a_year.planted:
        if "current" in planted.expect and planted.pupils and planted.kind != "settings_change":
            cell = (planted.pupils[-1], planted.date or "", planted.session or "")
            assert model.current.get(cell) == planted.expect["current"], planted
            checked[planted.kind] += 1
    assert len(checked) > 20


def test_only_the_faults_end_held_and_each_as_listed(a_year: Summary, model: Model) -> None:
    expected: Counter[str] = Counter()
    for planted in a_year.ends_held:
        expected[str(planted.expect["rule"])] += int(planted.expect["rows"] or 0)
    assert {planted.kind for planted in a_year.ends_held} == FAULTS
    assert model.ends_held() == dict(expected)


def test_without_faults_nothing_ends_held(without_faults: Summary) -> None:
    assert not without_faults.ends_held
    assert played(without_faults.path).ends_held() == {}


def test_a_change_never_surprises_unless_that_was_planted(without_faults: Summary) -> None:
    planted = {
        m for p in without_faults.planted if p.kind.startswith(("overtaken", "change_before")) for m in p.messages
    }
    surprises = played(without_faults.path).surprises
    assert surprises
    assert {message for message, _ in surprises} <= planted


def test_the_resent_message_comes_twice_with_the_same_bytes(a_year: Summary) -> None:
    values: dict[str, list[bytes]] = {}
    for d in deliveries(a_year.path):
        if d.record:
            values.setdefault(d.record["message"].hex(), []).append(d.value)
    for planted in of(a_year, "resent_message"):
        first, again = values.pop(planted.messages[0])
        assert first == again
    (fault,) = of(a_year, "same_id_other_bytes")
    first, again = values.pop(fault.messages[0])
    assert first != again
    assert all(len(same) == 1 for same in values.values())


def test_the_overtaken_arrive_later_though_sent_and_numbered_earlier(a_year: Summary) -> None:
    arrived = {d.record["message"].hex(): d for d in deliveries(a_year.path) if d.record}
    for planted in of(a_year, "overtaken_register") + of(a_year, "overtaken_change"):
        older, newer = (arrived[m] for m in planted.messages)
        assert older.record["sequence"] < newer.record["sequence"]
        assert older.record["sent_at"] < newer.record["sent_at"]
        assert older.received_at > newer.received_at


def test_marks_of_a_pupil_entered_late_come_before_the_pupil(a_year: Summary) -> None:
    for planted in of(a_year, "entered_late"):
        (mis,) = planted.pupils
        waiting = 0
        for d in deliveries(a_year.path):
            rows = d.record.get("marks", ())
            waiting += sum(row["mis_pupil"] == mis for row in rows)
            if any(row["mis_pupil"] == mis for row in d.record.get("pupils", ())):
                break
        assert waiting == planted.expect["rows"]


def test_one_operation_covers_a_changed_setting_and_another_a_closure(a_year: Summary) -> None:
    by_operation: Counter[str] = Counter()
    causes: dict[str, set[str]] = {}
    for d in deliveries(a_year.path):
        for row in d.record.get("changes", ()):
            detail = row["detail"] or {}
            if detail.get("operation"):
                by_operation[detail["operation"].hex()] += 1
                causes.setdefault(detail["operation"].hex(), set()).add(detail["cause"])
    for planted in of(a_year, "settings_change"):
        operation = str(planted.expect["operation"])
        assert by_operation.pop(operation) == planted.expect["rows"]
        assert causes[operation] == {"mis_rule"}
    (snow,) = of(a_year, "snow_day_after_marks")
    operation = str(snow.expect["operation"])
    assert by_operation.pop(operation) == snow.expect["roll"]
    assert causes[operation] == {"closure"}
    assert not by_operation


def test_a_snow_day_leaves_y4_for_every_pupil(a_year: Summary, model: Model) -> None:
    for kind in ("snow_day_after_marks", "snow_day_before_registers", "snow_day_by_night"):
        for planted in of(a_year, kind):
            pupils: set[str] = set()
            for d in deliveries(a_year.path):
                if d.record.get("laestab") in (planted.place, None) and d.name == "PupilsStated":
                    pupils.update(row["mis_pupil"] for row in d.record["pupils"])
            said = [code for (mis, day, _), code in model.current.items() if day == planted.date and mis in pupils]
            assert set(said) == {"Y4"}
            assert len(said) == 2 * int(planted.expect["roll"] or 0)


def test_leave_foreseen_is_confirmed_contradicted_or_never_spoken_of(a_year: Summary, model: Model) -> None:
    for kind, code in (("foreseen_confirmed", "C"), ("foreseen_but_came", "/"), ("foreseen_never_confirmed", None)):
        for planted in of(a_year, kind):
            assert model.current.get((planted.pupils[0], planted.date or "", "AM")) == code
            told = [d for d in deliveries(a_year.path) if d.record.get("message", b"").hex() == planted.messages[0]]
            assert len(told[0].record["marks"]) == 4
            assert min(row["date"] for row in told[0].record["marks"]) == planted.date


def test_who_has_left_has_no_later_mark(a_year: Summary, model: Model) -> None:
    for kind in ("left", "left_in_future", "left_back_dated", "moved_between_places"):
        for planted in of(a_year, kind):
            last = str(planted.expect.get("left_on") or planted.date)
            assert all(day <= last for mis, day, _ in model.current if mis == planted.pupils[0]), planted


def test_the_child_that_moved_has_one_upn_and_two_ids(a_year: Summary) -> None:
    (planted,) = of(a_year, "moved_between_places")
    upns = {
        row["upn"]
        for d in deliveries(a_year.path)
        for row in d.record.get("pupils", ())
        if row["mis_pupil"] in planted.pupils
    }
    assert len(planted.pupils) == 2
    assert len(upns) == 1


def test_the_list_lies_beside_the_file_and_says_the_same(a_year: Summary) -> None:
    listed = json.loads(planted_path(a_year.path).read_text("utf-8"))
    assert planted_path(a_year.path).name == "year.avro.planted.json"
    assert [p["kind"] for p in listed["planted"]] == [p.kind for p in a_year.planted]
    assert listed["rows"] == a_year.rows == rows_sent(a_year.path)
    assert read_planted(planted_path(a_year.path)) == a_year.planted
    for planted in listed["planted"]:
        assert planted["sentence"].endswith(".")
        assert "becomes" in planted["expect"]
