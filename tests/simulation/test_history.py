"""The tables of a made-up past: what they hold is what they say that they hold."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from simulation.history import simulate_history


def rows(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_same_seed_makes_the_same_past(tmp_path: Path) -> None:
    one, two = (simulate_history(tmp_path / name, pupils=20, years=2, seed=3) for name in ("one", "two"))
    assert [f.read_bytes() for f in one.files] == [f.read_bytes() for f in two.files]


def test_every_chain_is_in_the_tables_and_ends_in_the_mark_that_stands(tmp_path: Path) -> None:
    past = simulate_history(tmp_path, pupils=30, years=2, seed=4)
    stands = {(r["pupil"], r["date"], r["session"]): r["code"] for r in rows(tmp_path, "marks")}
    steps: dict[tuple[str, str, str], list[str]] = {}
    for row in rows(tmp_path, "changes"):
        chain = steps.setdefault((row["pupil"], row["date"], row["session"]), [row["old"]])
        assert chain[-1] == row["old"]
        chain.append(row["new"])
    assert steps == {spot: list(chain) for spot, chain in past.chains.items()}
    assert all(stands.get(spot, "") == chain[-1] for spot, chain in steps.items())
    assert sum(len(chain) - 1 for chain in steps.values()) == past.changes > 0


def test_pupils_move_up_leave_and_come(tmp_path: Path) -> None:
    past = simulate_history(tmp_path, pupils=60, years=3, seed=5)
    pupils = rows(tmp_path, "pupils")
    assert len(pupils) == past.pupils > 60
    assert any(r["leaving_on"] and r["year_group"] == "11" for r in pupils)
    assert any(not r["leaving_on"] for r in pupils)
    last = {r["pupil"]: r["leaving_on"] or "9" for r in pupils}
    assert all(r["date"] <= last[r["pupil"]] for r in rows(tmp_path, "marks"))


def test_more_years_than_a_school_has_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="1 to 12 years"):
        simulate_history(tmp_path, years=13)
