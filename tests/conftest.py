"""What every room's tests may ask for: a real PostgreSQL, a real Kafka; where they write, and in which order they run.

Most tests write into memory where the machine has some to spare: the databases ask for every byte to be made durable as
they do in production, and are not kept waiting for a disk. Tests of what survives a death are marked `on_disk`: they,
and every PostgreSQL, get the real thing.
"""

from __future__ import annotations

import atexit
import gc
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings
from xdist.scheduler import LoadScopeScheduling

# Several processes share the machine as it is (said before Polars is imported); and a broker that lives for a minute is
# not worth compiling twice: it starts in five seconds of work instead of eight.
os.environ.setdefault("POLARS_MAX_THREADS", "1")
os.environ.setdefault("JAVA_TOOL_OPTIONS", "-XX:TieredStopAtLevel=1")

from console.main import silence
from tests.examples import examples
from tests.postgres import DISK, Database, Server

if TYPE_CHECKING:
    from deploy.kafka import Broker
    from tests.server_schools import ServerSchools

atexit.register(silence)
settings.register_profile("rollbook", max_examples=examples(50))
settings.load_profile("rollbook")

MEMORY = Path("/dev/shm")  # noqa: S108 -- each process makes folders of its own there
ROOM = 4 << 30
"""Bytes that must be free in it: a whole run was seen to use a quarter of that."""
if "TMPDIR" not in os.environ and MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM:
    os.environ["TMPDIR"] = str(MEMORY)
    tempfile.tempdir = None

TESTS = Path(__file__).parent
KAFKA = tuple(
    "consumers/test_streaming.py consumers/test_streaming_ids.py consumers/test_publisher.py consumers/test_broker.py"
    " deploy/test_kafka.py".split()
)
"""They run in one process, one after another, on one broker; whoever starts a broker of its own runs anywhere."""
LONG = tuple(
    "projections/test_random_histories.py projections/test_absence_refreshed.py projections/test_returns_refreshed.py"
    " projections/test_absence_by_model.py projections/test_postgres_histories.py projections/test_postgres_answers.py"
    " projections/test_three_engines.py projections/test_runner_crashes.py projections/test_checking.py"
    " consumers/test_soak.py projections/test_postgres_batches.py deploy/test_access.py projections/test_law_by_model.py"
    " console/test_streaming.py console/test_project.py consumers/test_random_histories.py consumers/test_faults.py"
    " console/ projections/ scenarios/ simulation/ consumers/ deploy/".split()
)
"""What takes longest comes first, so that no process ends with it when the others have nothing left; and what waits for
a broker stands beside what does not, or the cores would have nothing to do."""


class ByFile(LoadScopeScheduling):  # type: ignore[misc]  # a class of a package without types
    """Where several processes run, a file's tests stay together: its fixtures are made once.

    The package's own `loadgroup` reads groups from the ends of test ids, where pytest 9.2 no longer has them: each test
    was then a group of its own, and every process made every fixture. tests/test_processes.py would notice.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0].removeprefix("tests/")
        return "kafka" if file in KAFKA else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile | None:
    """Files for `--dist loadscope`; what else is asked for is the package's own."""
    return ByFile(config, log) if config.getvalue("dist") == "loadscope" else None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest comes first."""
    first = {name: rank for rank, name in enumerate((*KAFKA, *LONG))}

    def rank(item: pytest.Item) -> int:
        file = item.path.relative_to(TESTS).as_posix()
        return first.get(file, first.get(file.partition("/")[0] + "/", len(first)))

    items.sort(key=rank)


def pytest_collection_finish() -> None:
    """What was collected stays to the end: nothing of it needs to be looked for as garbage again and again. And what a
    test leaves is looked for less often than after each seven hundred objects."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000)


@pytest.fixture
def tmp_path(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A folder of the test's own; on a disk where the test is marked `on_disk`."""
    if request.node.get_closest_marker("on_disk") is None:
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(prefix="rollbook-", dir=DISK) as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def shared_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """A broker for every test that leaves it running: to start one takes longer than most tests of it."""
    from tests.kafka import running

    yield from running(tmp_path_factory.mktemp("kafka"), message_max_bytes="4194304")


@pytest.fixture(scope="session")
def secured_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """Another, with TLS and passwords, for an administrator and a stranger."""
    from tests.kafka import ADMINISTRATOR, STRANGER, running

    yield from running(tmp_path_factory.mktemp("kafka"), ADMINISTRATOR, STRANGER)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    """One server for each test process.

    Not in pytest's own folder: each run of pytest closes that folder to other accounts, and where root tests, the
    server runs as another account; a second run would end the server of the first.
    """
    with tempfile.TemporaryDirectory(prefix="rollbook-postgres-", dir=DISK) as folder, Server(Path(folder)) as server:
        yield server


@pytest.fixture(scope="session")
def server_schools(postgres_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerSchools]:
    """Where the schools of the server profile are made."""
    from tests.server_schools import ServerSchools

    with postgres_server.database() as database:
        schools = ServerSchools(database, tmp_path_factory.mktemp("introduced"))
        yield schools
        schools.close()


@pytest.fixture
def postgres_database(postgres_server: Server) -> Iterator[Database]:
    """A fresh database."""
    with postgres_server.database() as database:
        yield database
