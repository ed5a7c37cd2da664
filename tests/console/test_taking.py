"""Simulating and importing: the sum is said, again is nothing new, and what is held is said on the way out."""

from __future__ import annotations

from pathlib import Path

import pytest

from domain.ledger.sqlite_store import Datastore, SQLiteStore
from tests.console.conftest import Command
from tests.postgres import Database

SIMULATED = ("init", "--authority", "805", "--name", "Hartlepool", "--clock", "simulated")


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two weeks of two places, with faults."""
    folder = tmp_path_factory.mktemp("year")
    out = folder / "year.avro"
    said = Command(folder)("simulate", str(out), "--places", "2", "--pupils", "120", "--weeks", "3", "--seed", "7")
    assert said.code == 0, said.err
    return out


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same without faults."""
    folder = tmp_path_factory.mktemp("clean")
    out = folder / "clean.avro"
    arguments = ("--places", "2", "--pupils", "60", "--weeks", "2", "--seed", "8", "--no-faults")
    assert Command(folder)("simulate", str(out), *arguments).code == 0
    return out


def test_an_import_says_its_sum_and_it_adds_up(rollbook: Command, year: Path) -> None:
    rollbook(*SIMULATED)
    said = rollbook("import", str(year), "--json")
    (one,) = said.data
    parts = ("recorded", "foreseen", "duplicate", "nothing_said", "held")
    assert one["sent"] == sum(one[part] for part in parts) > 0
    assert one["recorded"] == sum(one[n] for n in ("marks", "amendments", "withdrawals", "older", "statements"))
    assert one["held"] > 0
    assert (said.code, "still held" in said.err) == (1, True)


def test_the_sum_is_a_sentence(rollbook: Command, clean: Path) -> None:
    rollbook(*SIMULATED)
    said = rollbook("import", str(clean))
    assert (said.code, said.err) == (0, "")
    assert "clean.avro: sent " in said.out
    for word in (" = recorded ", " + foreseen ", " + duplicate ", " + nothing said ", " + held 0", "marks, "):
        assert word in said.out


def test_importing_again_is_nothing_new(rollbook: Command, clean: Path, tmp_path: Path) -> None:
    rollbook(*SIMULATED)
    rollbook("import", str(clean))
    before = rollbook("status", "--json").data["entries"]
    renamed = tmp_path / "another-name.avro"
    renamed.write_bytes(clean.read_bytes())
    said = rollbook("import", str(clean), str(renamed))
    assert (said.code, said.out.count("nothing new")) == (0, 2)
    assert rollbook("status", "--json").data["entries"] == before


def test_a_file_that_is_not_deliveries_is_refused_before_anything_is_recorded(
    rollbook: Command, clean: Path, tmp_path: Path
) -> None:
    rollbook(*SIMULATED)
    before = rollbook("status", "--json").data["entries"]
    wrong = tmp_path / "letter.txt"
    wrong.write_text("Dear Sir", "utf-8")
    said = rollbook("import", str(clean), str(wrong))
    assert said.code == 1
    assert "letter.txt is not a whole Avro container of deliveries" in said.err
    assert rollbook("import", str(tmp_path / "nowhere.avro")).code == 1
    assert rollbook("status", "--json").data["entries"] == before


def test_the_same_seed_makes_the_same_file(clean: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.avro"
    arguments = ("--places", "2", "--pupils", "60", "--weeks", "2", "--seed", "8", "--no-faults")
    Command(tmp_path)("simulate", str(again), *arguments)
    assert again.read_bytes() == clean.read_bytes()


def test_options_that_do_not_fit_together_are_a_misuse(rollbook: Command, tmp_path: Path) -> None:
    out = str(tmp_path / "x.avro")
    assert rollbook("simulate", out, "--counts", "c.csv", "--places", "3").code == 2
    assert rollbook("simulate", out, "--phase", "Primary").code == 2
    assert rollbook("simulate", out, "--weeks", "40").code == 2
    said = rollbook("simulate", out, "--places", "5", "--pupils", "5")
    assert (said.code, said.err.count("\n")) == (1, 1)


def test_counts_that_are_not_there_are_refused_with_a_sentence(rollbook: Command, tmp_path: Path) -> None:
    counts = Path(__file__).parent.parent / "data" / "attendance_by_reason_three_authorities_202425.csv"
    out = str(tmp_path / "x.avro")
    said = rollbook("simulate", out, "--counts", str(counts), "--authority", "999")
    assert (said.code, "no row for authority 999" in said.err) == (1, True)
    assert rollbook("simulate", out, "--counts", str(tmp_path / "none.csv")).code == 1


def test_what_must_not_count_is_said_beside_the_published_counts(rollbook: Command, tmp_path: Path) -> None:
    counts = Path(__file__).parent.parent / "data" / "attendance_by_reason_three_authorities_202425.csv"
    asked = ("--counts", str(counts), "--authority", "805", "--phase", "Special")
    said = rollbook("simulate", str(tmp_path / "x.avro"), *asked, "--json").data
    uncounted = sum(said["left_out"].values())
    assert said["marks"] - uncounted == 98_827
    assert said["left_out"]["guest"] > 0
    sentence = rollbook("simulate", str(tmp_path / "x.avro"), *asked).out
    assert f"; {uncounted:,} of them must stand in no published figure: " in sentence


def test_a_clock_behind_the_ledger_stops_the_import_with_a_sentence(
    rollbook: Command, clean: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rollbook("init", "--authority", "805", "--name", "Hartlepool")
    opened = SQLiteStore.__init__

    def with_a_clock_of_1970(self: SQLiteStore, datastore: Datastore, **_: object) -> None:
        opened(self, datastore, clock=lambda: 0)

    monkeypatch.setattr(SQLiteStore, "__init__", with_a_clock_of_1970)
    said = rollbook("import", str(clean))
    assert said.code == 1
    assert "clock of this machine" in said.err
    assert said.err.count("\n") == 1


def test_both_profiles_take_the_same_file_and_answer_alike(
    tmp_path: Path, clean: Path, postgres_database: Database
) -> None:
    embedded, server = Command(tmp_path / "embedded"), Command(tmp_path / "server")
    embedded(*SIMULATED)
    server(*SIMULATED, "--profile", "server", "--database", postgres_database.url)
    for rollbook in (embedded, server):
        said = rollbook("import", str(clean))
        assert said.code == 0, said.err
    assert server("server", "answers", "--owner", "postgres").code == 0
    assert embedded("totals", "--json").data == server("totals", "--json").data != []
    places = embedded("status", "--json").data["places"]
    laestab = next(place["laestab"] for place in places if place["laestab"])  # a provider has none

    def register(rollbook: Command) -> list[tuple[str, list[tuple[str, str, str]]]]:
        pupils = rollbook("register", laestab, "--week", "2025-09-03", "--json").data["pupils"]
        return [(pupil["name"], [(e["date"], e["session"], e["code"]) for e in pupil["entries"]]) for pupil in pupils]

    assert sorted(register(embedded)) == sorted(register(server)) != []
