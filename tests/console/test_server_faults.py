"""An import into PostgreSQL while importer and server die in turn: it goes on each time, and ends as a quiet one."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from console.home import Home
from simulation import simulate_year
from tests.console.conftest import Command
from tests.postgres import Database, Server

pytestmark = pytest.mark.on_disk
ROOT = Path(__file__).parents[2]
IMPORT = """
import sys
from consumers import ahead
from console.main import main

ahead.DELIVERIES_AT_ONCE = 1  # many transactions, many points at which to die
main()
"""
INIT = ("init", "--authority", "805", "--name", "Hartlepool", "--clock", "simulated")
AT_MOST = 4


def start_import(home: Path, file: Path) -> subprocess.Popen[str]:
    """`rollbook import`, in a process of its own."""
    command = [sys.executable, "-c", IMPORT, "--home", str(home), "import", str(file)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def entries(database: Database) -> int:
    """How many there are."""
    return int(database.execute("SELECT max(position) FROM rollbook.stored_events")[0][0])


def contents(home: Path) -> tuple[Counter[tuple[str, str]], int]:
    """Kinds of entries, and how many inputs wait; once positions, versions and stamps have been found whole."""
    with Home(home).reading() as ledger:
        head, _ = ledger.store.head()
        rows = list(ledger.store.read_positions(1, head))
        held = len(ledger.store.held_ids())
    assert [row.position for row in rows] == list(range(1, head + 1))
    assert [row.recorded_at for row in rows] == sorted(row.recorded_at for row in rows)
    versions: Counter[str] = Counter()
    for row in rows:
        versions[row.stream] += 1
        assert row.version == versions[row.stream]
    return Counter((row.topic, row.stream.split("/")[0]) for row in rows), held


def test_an_import_goes_on_whoever_dies_and_ends_as_one_that_nobody_disturbed(
    tmp_path: Path, postgres_server: Server, postgres_database: Database
) -> None:
    file = tmp_path / "year.avro"
    simulate_year(file, places=2, pupils=60, weeks=2, seed=1)
    quiet, disturbed = Command(tmp_path / "quiet"), Command(tmp_path / "disturbed")
    assert quiet(*INIT).code == 0
    whole = quiet("import", str(file), "--json").data
    name = postgres_database.dbname
    roles = ("--writer", f"writer_of_{name}", "--reader", f"reader_of_{name}")
    assert disturbed(*INIT, "--profile", "server", "--database", postgres_database.url, *roles).code == 0

    rng = random.Random(7)
    ends: list[str] = []
    for turn in range(AT_MOST):
        before = entries(postgres_database)
        process = start_import(disturbed.home, file)
        while process.poll() is None and entries(postgres_database) == before:
            time.sleep(0.02)  # until it has written something
        time.sleep(rng.uniform(0, 0.3))
        if turn % 2:
            process.kill()
        else:
            postgres_server.restart("immediate")
        _, complaint = process.communicate(timeout=90)
        assert entries(postgres_database) >= before
        assert complaint.count("\n") <= 1, complaint
        if "still held" in complaint or process.returncode == 0:
            break  # it had come to its end
        if not turn % 2:
            assert process.returncode == 1
            assert "PostgreSQL" in complaint
            assert "run the same command again" in complaint or "try again" in complaint
        ends.append("killed" if turn % 2 else "server died")
    assert {"killed", "server died"} <= set(ends), "it was over too soon to prove much"

    again = disturbed("import", str(file), "--json").data
    assert [{k: v for k, v in one.items() if k != "new"} for one in again] == [
        {k: v for k, v in one.items() if k != "new"} for one in whole
    ]
    assert contents(disturbed.home) == contents(quiet.home)
    assert disturbed("server", "answers", "--owner", "postgres").code == 0
    assert disturbed("totals", "--json").data == quiet("totals", "--json").data
    assert "nothing new" in disturbed("import", str(file)).out
