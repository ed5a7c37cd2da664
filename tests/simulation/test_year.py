"""A simulated year: the same from the same seed, in order, readable, and near the published frequencies."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from stdnum.gb import upn as stdnum_upn

from simulation import Summary, simulate_year
from simulation.behaviour import published
from tests.simulation.model import deliveries, played, rows_sent


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    files = []
    for n, seed in enumerate((1, 1, 2)):
        out = tmp_path / f"{n}.avro"
        simulate_year(out, places=4, pupils=200, weeks=3, seed=seed)
        files.append((out.read_bytes(), (tmp_path / f"{n}.avro.planted.json").read_text().replace(out.name, "")))
    assert files[0] == files[1]
    assert files[0][0] != files[2][0]


def test_deliveries_are_in_order_of_receipt_and_begin_with_places_and_sources(a_year: Summary) -> None:
    all_of_them = list(deliveries(a_year.path))
    moments = [d.received_at for d in all_of_them]
    assert moments == sorted(moments)
    names = [d.name for d in all_of_them]
    assert names[:6] == ["PlaceStated"] * 5 + ["SourcesStated"], "four schools, a provider, and their sources"
    assert {d.source for d in all_of_them[:6]} == {"operator"}
    assert "operator" not in {d.source for d in all_of_them[6:]}
    assert names.index("RegisterTaken") > max(names.index(n) for n in ("CalendarStated", "StaffStated", "CodesStated"))


def test_the_summary_counts_what_is_in_the_file(a_year: Summary) -> None:
    all_of_them = list(deliveries(a_year.path))
    assert a_year.deliveries == len(all_of_them)
    assert a_year.marks == sum(len(d.record["marks"]) for d in all_of_them if d.name.startswith("Register"))
    assert a_year.rows == rows_sent(a_year.path)


def test_every_message_can_be_read_but_the_one_that_was_cut(a_year: Summary, without_faults: Summary) -> None:
    assert sum(d.name == "Undecodable" for d in deliveries(a_year.path)) == 1
    assert all(d.name != "Undecodable" for d in deliveries(without_faults.path))


def test_messages_name_the_source_and_the_place_of_their_delivery(without_faults: Summary) -> None:
    for d in deliveries(without_faults.path):
        if d.source != "operator":
            assert d.record["source"].hex() == d.source
            assert d.record["local_id"] == d.key


def test_sequences_grow_in_the_order_of_sending(without_faults: Summary) -> None:
    sent: dict[str, dict[int, int]] = {}
    for d in deliveries(without_faults.path):
        if d.source != "operator":
            assert d.record["sent_at"] < d.received_at
            sent.setdefault(d.source, {})[d.record["sequence"]] = d.record["sent_at"]
    for moments in sent.values():
        assert sorted(moments) == list(range(1, len(moments) + 1))
        in_order = [moments[n] for n in sorted(moments)]
        assert in_order == sorted(in_order)


def test_feeds_say_only_what_they_can_carry(a_year: Summary) -> None:
    carries: dict[str, dict[str, bool]] = {}
    seen: Counter[str] = Counter()
    rewriting = {m for p in a_year.planted if p.kind == "term_rewritten" for m in p.messages}
    for d in deliveries(a_year.path):
        for row in d.record.get("sources", ()):
            carries[row["described"].hex()] = row
        if d.name in ("MarkChanged", "RegisterTaken", "MarkRemoved") and d.source in carries:
            can = carries[d.source]
            rows = [row["detail"] or {} for row in next(v for v in d.record.values() if isinstance(v, list))]
            if not can["carries_person"]:
                seen["nameless"] += 1
                assert d.record.get("taker") is None
                assert all(row.get("by") is None for row in rows)
            if not can["carries_reason"]:
                assert all(row.get("reason") is None and row.get("reason_code") is None for row in rows)
        if d.name == "RegisterTaken":
            assert carries[d.source]["delivery"] == "stream"  # type: ignore[comparison-overlap]
        if d.name == "RegisterSnapshot":
            seen["nightly"] += 1
            rewritten = d.record["message"].hex() in rewriting
            assert carries[d.source]["delivery"] == ("stream" if rewritten else "snapshot_daily")  # type: ignore[comparison-overlap]
    assert seen["nameless"] > 100
    assert seen["nightly"] > 60


def test_no_mark_falls_on_a_day_on_which_the_place_is_closed(a_year: Summary) -> None:
    shut: dict[str, set[str]] = {}
    terms: dict[str, list[tuple[str, str]]] = {}
    hashes = 0
    for d in deliveries(a_year.path):
        if d.name == "CalendarStated":
            shut[d.key] = {row["from"] for row in d.record["closures"]}
            terms[d.key] = [(row["from"], row["to"]) for row in d.record["terms"]]
        elif d.name in ("RegisterTaken", "RegisterSnapshot"):
            for row in d.record["marks"]:
                day = row.get("date") or d.record["date"]
                assert any(first <= day <= last for first, last in terms[d.key])
                if row["code"] == "#":
                    hashes += 1
                    assert day in shut[d.key]
                else:
                    assert day not in shut[d.key]
    assert hashes > 100


def test_every_upn_has_the_right_check_letter_but_the_planted_ones(a_year: Summary) -> None:
    wrong = {p.expect["upn"] for p in a_year.planted if p.kind == "wrong_check_letter"}
    told = {row["upn"] for d in deliveries(a_year.path) for row in d.record.get("pupils", ())} - {None}
    assert len(wrong) == 4
    assert {upn for upn in told if not stdnum_upn.is_valid(upn)} == wrong


def test_codes_with_a_nature_have_one_and_lates_have_minutes(a_year: Summary) -> None:
    seen: Counter[str] = Counter()
    for d in deliveries(a_year.path):
        for row in d.record.get("marks", ()):
            if row["code"] in ("B", "K", "Y7") and d.name != "MarksForeseen":
                assert row["detail"]["nature"]
                seen["nature"] += 1
            if row["code"] in ("L", "LT"):
                assert row["detail"]["minutes_late"] > 0
                seen["late"] += 1
    assert min(seen["nature"], seen["late"]) > 50


def test_attendance_comes_out_near_the_published_frequencies(tmp_path: Path) -> None:
    year = simulate_year(tmp_path / "y.avro", places=2, pupils=900, weeks=26, seed=5)
    model = played(year.path)
    for d in deliveries(year.path):
        for row in (*d.record.get("changes", ()), *d.record.get("marks", ())):
            if (row["detail"] or {}).get("cause") == "mis_rule":
                model.current[row["mis_pupil"], row["date"], row["session"]] = "L"  # as it was before a setting changed
    phases: dict[str, str] = {}
    for d in deliveries(year.path):
        if d.name == "PlaceStated":
            phases[d.key] = "Primary" if d.record["phase"] == "primary" else "Secondary"
        elif d.name == "PupilsStated":
            phases.update({row["mis_pupil"]: phases[d.key] for row in d.record["pupils"]})
    for phase in ("Primary", "Secondary"):
        codes = Counter(code for (mis, _, _), code in model.current.items() if phases[mis] == phase)
        possible = sum(n for code, n in codes.items() if code not in ("Y4", "Y7", ""))
        for code, tolerance in (("/", 0.02), ("\\", 0.02), ("I", 0.012), ("O", 0.012), ("L", 0.01)):
            assert codes[code] / possible == pytest.approx(published(phase)[code], abs=tolerance), (phase, code)


def test_one_place_for_one_week_is_possible(tmp_path: Path) -> None:
    year = simulate_year(tmp_path / "small.avro", places=1, pupils=10, weeks=1, seed=1)
    assert year.marks > 10 * 2 * 3
    assert played(year.path).ends_held() == {}


def test_progress_is_told_after_each_day(tmp_path: Path) -> None:
    told: list[int] = []
    year = simulate_year(tmp_path / "y.avro", places=1, pupils=30, weeks=2, seed=1, progress=told.append)
    assert len(told) == 10
    assert told == sorted(told)
    assert told[-1] <= year.marks
