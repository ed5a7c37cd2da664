"""Answers in PostgreSQL: the same as in DuckDB, by whatever way they came about; and readers see all of it or nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from domain.ledger.ledger import Ledger
from domain.ledger.postgres_connection import ConnectionLost
from projections.engines.duck_reader import DuckReader
from projections.engines.engine import Asked
from projections.engines.postgres import AnswersInUse, PostgresEngine
from projections.engines.postgres_reader import PostgresReader
from tests.answering import new_engine
from tests.making import School
from tests.postgres import Server
from tests.projections import postgres_county
from tests.projections.postgres_county import (
    ANSWERS,
    BEFORE,
    PROJECTOR,
    Place,
    catch_up,
    head_of,
    make_ledger,
    stop_near,
)

STORED = [name for name, answer in ANSWERS.items() if answer.kind == "table"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("county")


@pytest.fixture(scope="module")
def ledger(folder: Path) -> Iterator[Ledger]:
    made = make_ledger(folder)
    yield made
    made.store.close()
    made.keys.close()


@pytest.fixture(scope="module")
def end(ledger: Ledger) -> int:
    return ledger.store.head()[0]


@pytest.fixture
def place(postgres_server: Server) -> Iterator[Place]:
    with postgres_county.set_up_place(postgres_server) as made:
        yield made


@pytest.fixture(scope="module")
def made(postgres_server: Server, ledger: Ledger, end: int) -> Iterator[tuple[Place, Place]]:
    """Answers up to an earlier position, that a superuser may look at as an analyst; and up to the end."""
    with postgres_county.set_up_place(postgres_server) as earlier:
        engine = earlier.engine()
        catch_up(ledger, engine, stop_near(ledger, end * 8 // 10))
        engine.close()
        earlier.database.execute("INSERT INTO guard.may_see VALUES ('postgres', 'all', '')")
        with earlier.copy() as late:
            engine = late.engine()
            catch_up(ledger, engine, end)
            engine.close()
            yield earlier, late


@pytest.fixture
def standing(made: tuple[Place, Place]) -> Iterator[Place]:
    """Answers that stand, and are not up to date."""
    with made[0].copy() as copied:
        yield copied


@pytest.fixture
def up_to_date(made: tuple[Place, Place]) -> Iterator[Place]:
    """All answers, up to date."""
    with made[1].copy() as copied:
        yield copied


def in_duckdb(folder: Path, ledger: Ledger, position: int) -> dict[str, list[tuple[object, ...]]]:
    engine = new_engine(folder)
    catch_up(ledger, engine, position)
    told = {name: sorted(engine.rows(f"select * from ans.{name}"), key=repr) for name in STORED}
    engine.close()
    return told


def differing(one: dict[str, list[tuple[object, ...]]], other: dict[str, list[tuple[object, ...]]]) -> list[str]:
    return [name for name in STORED if one[name] != other[name]]


# --- the same answers


def test_a_rebuild_and_a_refresh_in_steps_give_what_duckdb_gives(
    place: Place, ledger: Ledger, end: int, tmp_path: Path
) -> None:
    engine = place.engine()
    for position in (end * 6 // 10, end * 8 // 10, end - 60, end):
        catch_up(ledger, engine, stop_near(ledger, position))
    refreshed = place.told()
    assert differing(refreshed, in_duckdb(tmp_path, ledger, end)) == []
    catch_up(ledger, engine, end, rebuild=True)
    assert differing(place.told(), refreshed) == []
    engine.close()
    beside = place.engine(anew=True)
    catch_up(ledger, beside, end)
    beside.publish()
    beside.close()
    assert differing(place.told(), refreshed) == []


def test_findings_of_numbers_come_and_go_by_refreshes_as_in_duckdb(place: Place, tmp_path: Path) -> None:
    good, own, bad = "B805200017129", "H801200001001", "A805200017129"
    school = School.ready(tmp_path)
    engine = place.engine()
    steps = [("Dee", good), ("Eve", bad), ("Eve", own), ("Eve", good), ("Dee", "none"), ("Eve", own), ("Dee", good)]
    counted = []
    for number, (name, upn) in enumerate(steps):
        school.enters(name, upn=upn, at=f"2025-09-0{number + 1} 08:00")
        catch_up(school.ledger, engine, school.head)
        counted.append(len(place.told()["number_finding"]))
    assert counted == [0, 1, 0, 2, 1, 1, 0]
    assert differing(place.told(), in_duckdb(tmp_path / "duck", school.ledger, school.head)) == []
    engine.close()
    school.close()


def test_as_at_a_moment_is_what_a_ledger_gives_that_stops_there(
    up_to_date: Place, ledger: Ledger, end: int, tmp_path: Path
) -> None:
    stop = stop_near(ledger, end * 7 // 10)
    head = head_of(ledger, stop)
    reader = PostgresReader(up_to_date.conninfo, user=PROJECTOR)
    reader.as_at(Asked(stop, head.recorded_at, head.recorded_at.date()))
    then = {name: sorted(reader.ask(f"select * from {name}").rows(), key=repr) for name in STORED}
    reader.close()
    assert differing(then, in_duckdb(tmp_path, ledger, stop)) == []


def test_as_at_a_moment_of_one_place_is_what_duckdb_gives(
    up_to_date: Place, ledger: Ledger, end: int, tmp_path: Path
) -> None:
    other = new_engine(tmp_path)
    catch_up(ledger, other, end)
    other.publish()
    head = head_of(ledger, stop_near(ledger, end * 7 // 10))
    asked = Asked(head.position, head.recorded_at, head.recorded_at.date())
    readers = PostgresReader(up_to_date.conninfo, user=PROJECTOR), DuckReader(other.published, ANSWERS)
    for reader in readers:
        reader.as_at(asked, 1)
    for name in ("register", "mark", "attendance_week", "persistent_absence", "penalty_threshold", "unresolved_n"):
        here, there = (sorted(reader.ask(f"select * from {name}").rows(), key=repr) for reader in readers)
        assert here == there
        assert here or name in ("penalty_threshold", "unresolved_n")
    for one in (*readers, other):
        one.close()


def test_a_session_that_has_not_said_a_moment_gets_an_error_and_no_empty_answer(up_to_date: Place) -> None:
    with pytest.raises(psycopg.errors.UndefinedObject, match=r"rollbook\.as_at"):
        up_to_date.database.execute("SELECT count(*) FROM asat.mark")


def test_a_question_of_a_reader_changes_nothing(up_to_date: Place) -> None:
    reader = PostgresReader(up_to_date.conninfo, user=PROJECTOR)
    for statement in (
        "delete from ans.register",
        "select 1; drop table ans.register",
        "create table ans.x (y integer)",
    ):
        with pytest.raises((psycopg.errors.ReadOnlySqlTransaction, psycopg.errors.SyntaxError)):
            reader.ask(statement)
    reader.close()
    assert up_to_date.database.execute("SELECT count(*) > 0 FROM ans.register") == [(True,)]


def test_two_projectors_do_not_work_at_once(place: Place) -> None:
    engine = place.engine()
    with pytest.raises(AnswersInUse):
        place.engine()
    engine.close()
    place.engine().close()


def test_a_view_whose_text_changes_is_made_again(up_to_date: Place, ledger: Ledger, end: int) -> None:
    place = up_to_date
    place.database.execute("DROP VIEW analyst.place")
    place.database.execute("UPDATE fact.reached SET views = 'of another version'")
    engine = place.engine()
    catch_up(ledger, engine, end)
    engine.close()
    assert place.database.execute("SELECT to_regclass('analyst.place') IS NOT NULL") == [(True,)]


# --- crashes, while others read


class Onlooker:
    """An analyst who asks the same every hundredth of a second, and keeps each answer that differs from the one before.
    Without a pause it would keep a core to itself."""

    def __init__(self, place: Place) -> None:
        self.seen: list[tuple[object, ...]] = []
        self.errors: list[str] = []
        self._place = place
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> Onlooker:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _look(self) -> None:
        with psycopg.connect(**self._place.database.arguments, autocommit=True) as connection:
            while not self._stop.wait(0.01):
                try:
                    row = connection.execute(
                        "SELECT (SELECT count(*) FROM analyst.register), (SELECT sum(sessions) FROM analyst.attendance_week)"
                    ).fetchone()
                except psycopg.Error as error:
                    self.errors.append(str(error))
                    continue
                if row is not None and (not self.seen or self.seen[-1] != row):
                    self.seen.append(row)


def at_work(place: Place, folder: Path, position: int, mode: str, until: str) -> subprocess.Popen[str]:
    """A projector in another process, which has come to an answer and waits there, in the middle of its work."""
    command = [sys.executable, "-m", "tests.projections.postgres_county", place.conninfo, str(folder), str(position)]
    worker = subprocess.Popen([*command, mode, until], stdout=subprocess.PIPE, text=True)
    assert worker.stdout is not None
    for line in worker.stdout:
        if line.strip() == BEFORE + until:
            return worker
    raise AssertionError(f"the projector ended with {worker.wait()} before it came to {until}")


@pytest.mark.parametrize("mode", ["refresh", "rebuild", "anew"])
def test_a_projector_killed_at_work_leaves_the_answers_that_stood(
    standing: Place, ledger: Ledger, folder: Path, end: int, mode: str
) -> None:
    before = standing.told()
    with Onlooker(standing) as onlooker:
        worker = at_work(standing, folder, end, mode, "persistent_absence")
        os.kill(worker.pid, signal.SIGKILL)
        worker.wait()
        assert differing(standing.told(), before) == []
        seen_until_then = len(onlooker.seen)
        engine = _when_free(standing)
        catch_up(ledger, engine, end)
        engine.close()
    assert seen_until_then == 1
    assert onlooker.errors == []
    # Before, or after; nothing between.
    last = standing.database.execute(
        "SELECT (SELECT count(*) FROM ans.register), (SELECT sum(sessions) FROM ans.attendance_week)"
    )
    assert onlooker.seen[1:] in ([], [*last])


def _when_free(place: Place) -> PostgresEngine:
    """The server finds by itself that a killed client is gone, a moment later."""
    for _ in range(200):
        try:
            return place.engine()
        except AnswersInUse:
            threading.Event().wait(0.05)
    raise AssertionError("the killed projector's session stayed")


@pytest.mark.parametrize("anew", [False, True])
def test_a_session_ended_at_work_leaves_the_answers_that_stood_and_says_a_sentence(
    standing: Place, ledger: Ledger, end: int, anew: bool
) -> None:
    before = standing.told()
    engine = standing.engine(anew=anew)

    def end_it(name: str) -> None:
        if name == "persistent_absence":
            standing.database.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s", PROJECTOR
            )

    with pytest.raises(ConnectionLost, match="Run the same command again"):
        catch_up(ledger, engine, end, end_it)
    engine.close()
    assert differing(standing.told(), before) == []
    engine = _when_free(standing)
    catch_up(ledger, engine, end)
    engine.close()


def test_a_server_that_dies_and_recovers_has_the_answers_that_stood(
    standing: Place, ledger: Ledger, end: int, postgres_server: Server
) -> None:
    before = standing.told()
    engine = standing.engine(anew=True)
    catch_up(ledger, engine, end)
    postgres_server.restart("immediate")
    engine.close()
    assert differing(standing.told(), before) == []
    engine = standing.engine()
    catch_up(ledger, engine, end)
    engine.close()


def test_a_swap_waits_for_a_reader_and_then_goes_through(standing: Place, ledger: Ledger, end: int) -> None:
    engine = standing.engine(anew=True)
    catch_up(ledger, engine, end)
    with psycopg.connect(**standing.database.arguments) as reader:
        (before,) = reader.execute("SELECT count(*) FROM analyst.register").fetchall()
        swap = threading.Thread(target=engine.publish)
        swap.start()
        swap.join(1.5)
        assert swap.is_alive()
        assert reader.execute("SELECT count(*) FROM analyst.register").fetchall() == [before]
        reader.rollback()
        swap.join()
        (after,) = reader.execute("SELECT count(*) FROM analyst.register").fetchall()
    engine.close()
    assert after > before
