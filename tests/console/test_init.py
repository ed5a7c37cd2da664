"""Founding: all of a home or nothing, for its owner only; and what a wrong word is answered."""

from __future__ import annotations

import stat
import tomllib
from pathlib import Path

import pytest

from console.home import Home, Settings
from evidence.signing_keys import load_signing_keys, recovery_key_from_text, recovery_vkey
from tests.console.conftest import Command

INIT = ("init", "--authority", "805", "--name", "Hartlepool")


def test_init_makes_a_home_that_only_its_owner_may_use(rollbook: Command) -> None:
    said = rollbook(*INIT)
    assert said.code == 0, said.err
    assert stat.S_IMODE(rollbook.home.stat().st_mode) == 0o700
    files = {path.name: stat.S_IMODE(path.stat().st_mode) for path in rollbook.home.iterdir()}
    assert set(files) >= {"ledger.sqlite", "keys.sqlite", "signing.key", "rollbook.toml"}
    assert set(files.values()) == {0o600}
    settings = tomllib.loads((rollbook.home / "rollbook.toml").read_text("utf-8"))
    assert settings == {"profile": "embedded", "origin": "rollbook.local/authority-805/1"}


def test_the_recovery_key_is_printed_once_and_stored_nowhere(rollbook: Command) -> None:
    data = rollbook(*INIT, "--json").data
    key = recovery_key_from_text(data["recovery_key"])
    with Home(rollbook.home).reading() as ledger:
        assert recovery_vkey(data["origin"], key) == ledger.founding.recovery_key
        assert load_signing_keys(rollbook.home, data["origin"]).log_key == ledger.founding.log_key == data["log_key"]
    for path in rollbook.home.iterdir():
        assert data["recovery_key"].encode() not in path.read_bytes()
        assert key.private_bytes_raw() not in path.read_bytes()


def test_a_home_that_exists_is_never_founded_again(rollbook: Command) -> None:
    rollbook(*INIT)
    before = {path.name: path.read_bytes() for path in rollbook.home.iterdir()}
    said = rollbook(*INIT)
    assert said.code == 1
    assert "exists already" in said.err
    assert {path.name: path.read_bytes() for path in rollbook.home.iterdir()} == before


def test_a_founding_that_fails_leaves_nothing_behind(rollbook: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(self: Home, settings: Settings) -> None:
        raise OSError(28, "No space left on device", "rollbook.toml")

    monkeypatch.setattr(Home, "_write", fails)
    said = rollbook(*INIT)
    assert (said.code, said.err) == (1, "rollbook: rollbook.toml: No space left on device\n")
    assert not rollbook.home.exists()


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (("init", "--authority", "80", "--name", "X"), "three digits"),
        (("init", "--authority", "805", "--name", " "), "needs the name"),
        ((*INIT, "--profile", "cloud"), "embedded or server"),
        ((*INIT, "--clock", "sundial"), "system or simulated"),
        ((*INIT, "--profile", "server"), "needs --database"),
        ((*INIT, "--database", "postgresql://owner@/x"), "--profile server"),
        (("init", "--name", "X"), "--authority"),
    ],
)
def test_a_wrong_word_is_a_misuse_and_makes_no_home(rollbook: Command, wrong: tuple[str, ...], sentence: str) -> None:
    said = rollbook(*wrong)
    assert said.code == 2
    assert sentence in said.err
    assert said.err.count("\n") == 1
    assert not rollbook.home.exists()


def test_an_origin_that_cannot_name_a_ledger_is_refused(rollbook: Command) -> None:
    said = rollbook(*INIT, "--origin", "no number")
    assert (said.code, rollbook.home.exists()) == (1, False)
    assert "ends in the ledger's number" in said.err


def test_a_simulated_ledger_says_so(rollbook: Command) -> None:
    assert "Simulated ledger" in rollbook(*INIT, "--clock", "simulated").out
    assert "Simulated ledger" in rollbook("status").out
    said = rollbook("totals", "--json")
    assert (said.data, "Simulated ledger" in said.err) == ([], True)


def test_without_a_ledger_every_reading_verb_says_what_to_do(rollbook: Command) -> None:
    for verb in (("status",), ("totals",), ("held", "list"), ("register", "8052001", "--week", "2025-09-01")):
        said = rollbook(*verb)
        assert said.code == 1
        assert "make one with rollbook init" in said.err
        assert not rollbook.home.exists()


def test_a_lost_ledger_file_is_not_made_anew(rollbook: Command) -> None:
    rollbook(*INIT)
    (rollbook.home / "ledger.sqlite").unlink()
    said = rollbook("status")
    assert (said.code, "missing" in said.err) == (1, True)
    assert not (rollbook.home / "ledger.sqlite").exists()


def test_keys_that_others_may_read_are_refused(rollbook: Command) -> None:
    rollbook(*INIT)
    (rollbook.home / "keys.sqlite").chmod(0o644)
    said = rollbook("status")
    assert said.code == 1
    assert "chmod" in said.err or "rights" in said.err


def test_a_home_is_found_by_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from typer.testing import CliRunner

    from console.main import app

    monkeypatch.setenv("ROLLBOOK_HOME", str(tmp_path / "mine"))
    assert CliRunner().invoke(app, list(INIT)).exit_code == 0
    assert (tmp_path / "mine" / "rollbook.toml").exists()
