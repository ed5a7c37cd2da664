"""An import killed by SIGKILL at random points and started again loses nothing and doubles nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from consumers.file_import import import_file
from domain.ledger.keystore import KeyStore
from domain.ledger.ledger import Ledger, found
from domain.ledger.sqlite_store import open_sqlite
from simulation import simulate_year
from tests.making import School, founding

pytestmark = pytest.mark.on_disk
ROUNDS = 16
AT_ONCE = 1
"""Deliveries a transaction: small, so that there are many points at which to die."""

KILLER = """
import json, os, random, signal, sys, time
from pathlib import Path
from consumers import ahead, file_import
from domain.ledger.keystore import KeyStore
from domain.ledger.ledger import Ledger
from domain.ledger.sqlite_store import open_sqlite

folder, file, rounds, at_once, seed = Path(sys.argv[1]), Path(sys.argv[2]), *map(int, sys.argv[3:])
ahead.DELIVERIES_AT_ONCE = at_once
rng = random.Random(seed)

def take():
    ledger = Ledger(open_sqlite(folder / "ledger.sqlite"), KeyStore.open(folder / "keys.sqlite"))
    file_import.import_file(ledger, file)

killed = 0
while killed < rounds:
    child = os.fork()
    if not child:
        take()
        os._exit(0)
    time.sleep(rng.uniform(0.005, 0.08))
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if os.WIFEXITED(status):
        print(json.dumps({"killed": killed, "status": status}))
        sys.exit(1 if status else 0)
    killed += 1
print(json.dumps({"killed": killed, "status": None}))
"""


def open_ledger(folder: Path) -> Ledger:
    return Ledger(open_sqlite(folder / "ledger.sqlite"), KeyStore.open(folder / "keys.sqlite"))


def new_ledger(folder: Path) -> Ledger:
    folder.mkdir()
    return found(open_sqlite(folder / "ledger.sqlite"), KeyStore.create(folder / "keys.sqlite"), founding())


def contents(ledger: Ledger, folder: Path) -> dict[str, Any]:
    """What a ledger holds, without what is random in it."""
    school = School.at(folder)
    written = school.entries()
    names = {e["line"]: e.text.get("full_name") for e in written if e.topic in ("PupilEntered", "LineCarriedForward")}
    marks = Counter(
        (e.topic, e["date"], e["session"], names[e["line"]], e.fields.get("code"), e.fields.get("new"), e.version)
        for e in written
        if "Mark" in e.topic or e.topic == "OlderEntryLearned"
    )
    school.close()
    assert [e.position for e in written] == list(range(1, len(written) + 1))
    assert len({(e.stream, e.version) for e in written}) == len(written)
    return {"topics": Counter(e.topic for e in written), "marks": marks, "held": len(ledger.store.held_ids())}


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two weeks of two schools."""
    file = tmp_path_factory.mktemp("year") / "year.avro"
    simulate_year(file, places=2, pupils=60, weeks=2, seed=1)
    return file


@pytest.mark.parametrize("seed", [1, 2])
def test_an_import_killed_again_and_again_ends_as_one_that_was_never_killed(
    year: Path, tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("consumers.ahead.DELIVERIES_AT_ONCE", AT_ONCE)
    quiet = new_ledger(tmp_path / "quiet")
    whole = import_file(quiet, year)
    expected = contents(quiet, tmp_path / "quiet")
    quiet.store.close()

    new_ledger(tmp_path / "killed").store.close()
    root = Path(__file__).parents[2]
    arguments = [str(tmp_path / "killed"), str(year), str(ROUNDS), str(AT_ONCE), str(seed)]
    done = subprocess.run(
        [sys.executable, "-c", KILLER, *arguments], cwd=root, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["killed"] >= 3, "it was over too soon to prove much"
    killed = open_ledger(tmp_path / "killed")
    again = import_file(killed, year)
    assert again.counts == whole.counts
    assert again.counts.adds_up
    assert contents(killed, tmp_path / "killed") == expected
    assert not import_file(killed, year).new
    killed.store.close()


def test_a_file_taken_in_one_by_one_ends_as_one_taken_in_by_the_thousand(
    year: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found_there = []
    for at_once in (1, 7, 1_000):
        monkeypatch.setattr("consumers.ahead.DELIVERIES_AT_ONCE", at_once)
        folder = tmp_path / str(at_once)
        ledger = new_ledger(folder)
        counts = import_file(ledger, year).counts
        found_there.append((counts, contents(ledger, folder)))
        ledger.store.close()
    assert found_there[0] == found_there[1] == found_there[2]
