"""The demo tells its whole story from nothing, twice, and leaves alone what is not its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.console.conftest import Command, Said


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[Command, Said]:
    """One telling."""
    rollbook = Command(tmp_path_factory.mktemp("demo") / "home")
    return rollbook, rollbook("demo")


def test_the_story_is_told_to_the_end(told: tuple[Command, Said]) -> None:
    _, said = told
    assert said.code == 0, said.err
    for number in range(1, 13):
        assert f"\n{number}. " in said.out
    for words in (
        " = recorded ",
        "Simulated ledger",
        "N → I",
        "nothing new",
        "The ledger refuses UPDATE of stored_events",
        "The ledger refuses DELETE of stored_events",
        "send PupilsStated",
        "2025/26",
        "Persistently absent in 2025/26",
        "as recorded by",
        "Attendance returns: regulation 13(7)-(8)",
    ):
        assert words in said.out
    assert "\x1b" not in said.out


def test_every_command_that_the_story_shows_can_be_typed(told: tuple[Command, Said]) -> None:
    import shlex

    rollbook, said = told
    shown = [line.strip().removeprefix("$ ") for line in said.out.splitlines() if f"--home {rollbook.home} " in line]
    assert len(shown) > 8
    for line in shown:
        arguments = shlex.split(line.split(f"--home {rollbook.home} ", 1)[1])
        assert rollbook(*arguments).code in ((0, 1) if arguments[0] == "import" else (0,)), line


def test_the_demo_replaces_its_own_home_and_tells_the_same_story(told: tuple[Command, Said]) -> None:
    rollbook, first = told
    again = rollbook("demo")
    assert again.code == 0, again.err

    def sums(said: Said) -> list[str]:
        return [line for line in said.out.splitlines() if " = recorded " in line]

    assert sums(again) == sums(first)


def test_the_demo_leaves_alone_what_is_not_a_demo(tmp_path: Path) -> None:
    rollbook = Command(tmp_path / "real")
    rollbook("init", "--authority", "805", "--name", "Hartlepool")
    before = {path.name: path.read_bytes() for path in rollbook.home.iterdir()}
    said = rollbook("demo")
    assert (said.code, "left alone" in said.err) == (1, True)
    assert {path.name: path.read_bytes() for path in rollbook.home.iterdir()} == before
    (tmp_path / "papers").mkdir()
    (tmp_path / "papers" / "letter.txt").write_text("Dear Sir", "utf-8")
    assert Command(tmp_path / "papers")("demo").code == 1
    assert (tmp_path / "papers" / "letter.txt").exists()
