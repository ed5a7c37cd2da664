"""A large file is read and decoded by another process; deciding cannot tell the difference."""

from __future__ import annotations

from pathlib import Path

import pytest

from consumers import ahead
from consumers.ahead import ReaderEnded, read_file
from consumers.deliveries import NotDeliveries
from consumers.file_import import import_file
from simulation import simulate_year
from tests.making import School


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "year.avro"
    simulate_year(path, places=2, pupils=60, weeks=2, seed=3)
    return path


def plainly(batches: list[list[ahead.Read]]) -> list[object]:
    """Rows as lists, so that columns equal columns."""
    return [
        (said.delivery, said.name, said.fault, said.digest, repr([*said.message.items()]) if said.message else None)
        if said.name != "RegisterTaken" or said.message is None
        else (said.delivery, {**said.message, "marks": list(said.message["marks"])})
        for batch in batches
        for said in batch
    ]


@pytest.mark.parametrize("skip", [0, 17])
def test_the_other_process_reads_what_this_one_would(file: Path, skip: int, monkeypatch: pytest.MonkeyPatch) -> None:
    here = list(read_file(file, skip))
    monkeypatch.setattr(ahead, "WORTH_A_PROCESS", 0)
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    elsewhere = list(read_file(file, skip))
    assert [len(batch) for batch in elsewhere] == [len(batch) for batch in here]
    assert plainly(elsewhere) == plainly(here)


def test_an_import_read_ahead_counts_what_one_read_here_counts(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = []
    for name, worth in (("here", 1 << 60), ("elsewhere", 0)):
        (tmp_path / name).mkdir()
        school = School.founded(tmp_path / name)
        monkeypatch.setattr(ahead, "WORTH_A_PROCESS", worth)
        monkeypatch.setattr("os.cpu_count", lambda: 2)
        counted.append((import_file(school.ledger, file).counts, school.head))
        school.close()
    assert counted[0] == counted[1]


def test_a_file_damaged_further_on_gives_what_comes_before_and_then_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "year.avro"
    simulate_year(file, places=4, pupils=200, weeks=5, seed=3)  # several blocks of the container
    whole = file.read_bytes()
    file.write_bytes(whole[:-100])
    monkeypatch.setattr(ahead, "WORTH_A_PROCESS", 0)
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    reading = read_file(file)
    assert next(reading)[0].name == "PlaceStated"
    with pytest.raises(NotDeliveries, match=r"year\.avro is not a whole Avro container"):
        list(reading)


def test_a_reader_that_is_ended_says_how_to_go_on(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ahead, "WORTH_A_PROCESS", 0)
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    monkeypatch.setattr("sys.executable", "/bin/false")
    with pytest.raises(ReaderEnded, match="import the file again to go on"):
        list(read_file(file))
