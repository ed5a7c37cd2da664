"""Every verb has help with an example that can be typed, and the README names no command that does not exist."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from console.main import app

README = Path(__file__).parent.parent.parent / "README.md"


def verbs(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every verb of the command, with the words that lead to it."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from verbs(command, (*path, name))
        else:
            yield (*path, name), command


VERBS = dict(verbs(typer.main.get_command(app)))


def parses(words: list[str]) -> None:
    """Fail if these words are no command that this program knows, without running it."""
    arguments = [word for word in words if word not in ("[", "]")]
    while arguments[:1] == ["--home"]:
        arguments = arguments[2:]
    path = next((tuple(arguments[:length]) for length in (3, 2, 1) if tuple(arguments[:length]) in VERBS), ())
    assert path, f"rollbook {' '.join(words)}: there is no such verb"
    VERBS[path].make_context(path[-1], list(arguments[len(path) :]), resilient_parsing=False)


@pytest.mark.parametrize("path", VERBS, ids=" ".join)
def test_every_verb_has_help_with_an_example_that_can_be_typed(path: tuple[str, ...]) -> None:
    result = CliRunner().invoke(app, [*path, "--help"])
    assert result.exit_code == 0
    assert "Example:" in result.stdout
    example = result.stdout.split("Example:")[1].strip()
    assert example.startswith("rollbook ")
    parses(shlex.split(example)[1:])
    for parameter in VERBS[path].params:
        assert getattr(parameter, "help", None), f"{' '.join(path)}: {parameter.name} has no help"


def test_the_list_of_verbs_says_what_each_does() -> None:
    shown = CliRunner().invoke(app, ["--help"]).stdout
    for path in VERBS:
        (line,) = (line for line in shown.splitlines() if line.split()[:1] == [path[0]])
        assert len(line.split()) > 1


def test_every_command_in_the_readme_exists() -> None:
    text = README.read_text("utf-8")
    found = re.findall(r"^(?:\$ )?(?:\.venv/bin/)?rollbook (.+)$", text, re.MULTILINE)
    assert len(found) > 5
    for line in found:
        parses(shlex.split(line, comments=True))
    for verb in re.findall(r"`rollbook ([a-z]+(?: (?:add|list|show|replay|dismiss))?)", text):
        assert tuple(verb.split()) in VERBS or any(path[0] == verb for path in VERBS), verb


def test_the_readme_gives_the_honest_limit_and_its_links_lead_somewhere() -> None:
    text = README.read_text("utf-8")
    assert "whoever holds both the signing key and the disk can rewrite whatever came after" in " ".join(text.split())
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        if "://" not in target:
            assert (README.parent / target).exists(), target


def test_the_command_runs_as_a_program_of_its_own() -> None:
    program = [sys.executable, "-c", "from console.main import main; main()", "--help"]
    done = subprocess.run(program, capture_output=True, text=True, check=True)
    assert "Commands:" in done.stdout
