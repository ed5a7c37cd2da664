"""The command as a person types it, on ledgers in folders of their own."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from console.main import app
from projections.engines import duck
from tests.answering import UncommentedEngine
from tests.making import School


@dataclass(frozen=True, slots=True)
class Said:
    """What a command answered."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """The answer as data."""
        return json.loads(self.out)


@dataclass(frozen=True, slots=True)
class Command:
    """`rollbook --home DIR`."""

    home: Path

    def __call__(self, *arguments: str, stdin: str | None = None) -> Said:
        """Run a verb."""
        result = CliRunner().invoke(app, ["--home", str(self.home), *arguments], input=stdin, prog_name="rollbook")
        return Said(result.exit_code, result.stdout, result.stderr)


@pytest.fixture(scope="module", autouse=True)
def uncommented() -> Iterator[None]:
    """What is typed here makes answers without comments and on one core; a third of the time of a small home's first
    question. Commands in processes of their own make them as they do elsewhere."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(duck, "DuckEngine", partial(UncommentedEngine, threads=1))
        yield


@pytest.fixture
def rollbook(tmp_path: Path) -> Command:
    """The command, with a home where nothing is yet."""
    return Command(tmp_path / "home")


def settled(home: Path, *pupils: str) -> School:
    """A school with these on the roll, in a new home that the command can open."""
    home.mkdir(mode=0o700)
    made = School.ready(home, pupils)
    (home / "rollbook.toml").write_text('profile = "embedded"\norigin = "hartlepool.example/1"\n', "utf-8")
    return made


@pytest.fixture
def school(tmp_path: Path) -> Iterator[School]:
    """A school with a class of three on the roll, in a home that the command can open."""
    made = settled(tmp_path / "school", "Ann", "Ben", "Cal")
    yield made
    made.close()


Answered = Callable[[Path, Callable[[Path], School]], School]


@pytest.fixture(scope="session")
def answered(tmp_path_factory: pytest.TempPathFactory) -> Answered:
    """`answered(home, make)`: the school that `make` makes, with every answer made, in a new home.

    It is made once in a process and copied: all the answers of one ledger take longer than most tests that ask them.
    """
    kept: dict[Callable[[Path], School], Path] = {}

    def copied(home: Path, make: Callable[[Path], School]) -> School:
        if make not in kept:
            first = tmp_path_factory.mktemp("answered") / "school"
            make(first).close()
            said = Command(first)("totals")
            assert said.code == 0, said.err
            kept[make] = first
        shutil.copytree(kept[make], home)
        return School.at(home)

    return copied


def standing(make: Callable[[Path], School]) -> Any:
    """A fixture: the school that `make` makes, with every answer made, where `at_school` is."""

    @pytest.fixture
    def made(tmp_path: Path, answered: Answered) -> Iterator[School]:
        school = answered(tmp_path / "school", make)
        yield school
        school.close()

    return made


@pytest.fixture
def at_school(request: pytest.FixtureRequest, tmp_path: Path) -> Command:
    """The command, at that school, or at the one that a test asks for in its place (see `standing`)."""
    home = tmp_path / "school"
    if not home.exists():
        request.getfixturevalue("school")
    return Command(home)
