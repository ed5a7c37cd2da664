"""The command as a person types it, on ledgers in folders of their own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from console.main import app
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


@pytest.fixture
def rollbook(tmp_path: Path) -> Command:
    """The command, with a home where nothing is yet."""
    return Command(tmp_path / "home")


@pytest.fixture
def school(tmp_path: Path) -> Iterator[School]:
    """A school with a class of three on the roll, in a home that the command can open."""
    home = tmp_path / "school"
    home.mkdir(mode=0o700)
    made = School.ready(home)
    (home / "rollbook.toml").write_text('profile = "embedded"\norigin = "hartlepool.example/1"\n', "utf-8")
    yield made
    made.close()


@pytest.fixture
def at_school(school: School) -> Command:
    """The command, at that school."""
    return Command(school.folder)
