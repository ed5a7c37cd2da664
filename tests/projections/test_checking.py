"""An answer that is not what its facts give is found, on both engines: by a check of all, and by rounds of a few keys."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from random import Random

import pytest

from projections.answers import downstream, every
from projections.checking import Differing, Rounds, differing, values
from projections.engines.duck import DuckEngine
from projections.engines.duck_reader import DuckReader
from projections.engines.engine import Reader
from projections.engines.postgres import PostgresEngine
from projections.engines.postgres_reader import PostgresReader
from projections.projector import Projector, asked_at
from projections.runner import Runner
from tests.answering import UncommentedEngine, new_engine
from tests.making import School
from tests.postgres import Server
from tests.projections import postgres_county
from tests.projections.postgres_county import PROJECTOR

STORED = [answer for answer in every().values() if answer.kind == "table"]
MON = date(2025, 9, 1)


@dataclass
class Kept:
    """Answers of a school's ledger on one engine, and a hand that does what no projector should."""

    school: School
    engine: DuckEngine | PostgresEngine
    runner: Runner
    open_reader: Callable[[], Reader]

    def spoil(self, statement: str) -> None:
        """Change what stands, as a fault would, and let readers see it."""
        with self.engine.transaction():
            self.engine.rows(f"{statement} returning 1")
            self.engine.save(self.engine.state())
        self.engine.publish()

    def differing(self) -> list[Differing]:
        """What a check of all finds."""
        reader = self.open_reader()
        reader.current(asked_at(self.school.ledger, None))
        found = [one for answer in STORED if (one := differing(reader, answer)) is not None]
        reader.close()
        return found

    def rounds(self) -> list[str]:
        """In which answers a fault is seen when each is looked at once."""
        rounds = Rounds(self.engine, self.runner, every(), Random(1))
        return [name for _ in STORED if (name := rounds.look())]


@pytest.fixture(scope="module")
def taken(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A school's ledger, with registers of three days, and its answers in DuckDB."""
    folder = tmp_path_factory.mktemp("taken")
    school = School.ready(folder)
    for day in ("2025-09-01", "2025-09-02", "2025-09-03"):
        school.takes("7B", f"{day} AM", "09:01", Ann="/", Ben="N")
    engine = new_engine(folder / "answers")
    Projector(school.ledger, engine).catch_up()
    engine.publish()
    engine.close()
    school.close()
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def answered(taken: Path, postgres_server: Server) -> Iterator[postgres_county.Place]:
    """The same answers in PostgreSQL."""
    with postgres_county.set_up_place(postgres_server) as place, closing(School.at(taken)) as school:
        with closing(place.engine()) as engine:
            Projector(school.ledger, engine).catch_up()
        yield place


@pytest.fixture(params=["duckdb", "postgresql"])
def kept(request: pytest.FixtureRequest, taken: Path, tmp_path: Path) -> Iterator[Kept]:
    school = School.at(shutil.copytree(taken, tmp_path / "school"))
    if request.param == "duckdb":
        duck = UncommentedEngine(school.folder / "answers", threads=1)
        yield from _kept(school, duck, lambda: DuckReader(duck.published, every(), config={"threads": 1}))
    else:
        answered: postgres_county.Place = request.getfixturevalue("answered")
        with answered.copy() as place:
            yield from _kept(school, place.engine(), lambda: PostgresReader(place.conninfo, user=PROJECTOR, whole=True))


def _kept(school: School, engine: DuckEngine | PostgresEngine, open_reader: Callable[[], Reader]) -> Iterator[Kept]:
    yield Kept(school, engine, Projector(school.ledger, engine).runner, open_reader)
    engine.close()
    school.close()


def test_answers_that_are_what_their_facts_give_are_left_alone(kept: Kept) -> None:
    assert kept.differing() == []
    assert kept.rounds() == []


def test_a_check_tells_rows_that_are_missing_too_many_and_other_and_their_keys(kept: Kept) -> None:
    kept.spoil("delete from register_gap where session_date = date '2025-09-01'")
    kept.spoil("update register_gap set unmarked = 7 where session_date = date '2025-09-02'")
    kept.spoil("insert into register_gap select * from register_gap where session_date = date '2025-09-03'")
    assert kept.differing() == [
        Differing(
            "register_gap",
            1,
            1,
            1,
            (
                {"place": 1, "session_date": MON, "session": 1},
                {"place": 1, "session_date": date(2025, 9, 2), "session": 1},
                {"place": 1, "session_date": date(2025, 9, 3), "session": 1},
            ),
        )
    ]


@pytest.mark.parametrize("lost", ["register_gap", "register", "attendance_week", "calendar", "register_chain"])
def test_a_round_sees_what_was_lost_and_all_answers_are_right_again(kept: Kept, lost: str) -> None:
    kept.spoil(f"delete from {lost}")
    seen = kept.rounds()
    assert len(seen) == 1, "after the first, all are right"
    assert seen[0] in downstream(every(), [lost])
    assert kept.differing() == []
    assert kept.rounds() == []


def test_a_look_at_what_is_wrong_changes_nothing_by_itself(kept: Kept) -> None:
    kept.spoil("delete from register_gap")
    gap = every()["register_gap"]
    assert kept.runner.differs(gap, ("place",), values("place", [1]))
    assert not kept.runner.differs(gap, ("place",), values("place", [2]))
    assert kept.engine.rows("select count(*) from register_gap") == [(0,)]
