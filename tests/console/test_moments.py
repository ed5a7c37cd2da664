"""Every verb that takes a moment means the same by it: nothing that lies ahead, today is now, doubtful hours are asked."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from console.main import app
from console.problems import Misused
from domain.moments import LONDON, as_typed, local, local_date
from tests.console.conftest import Command, Said
from tests.console.test_help import VERBS
from tests.making import LAESTAB, School

UPN = "A805200017129"
MOMENTS = [
    (path, option.opts[0])
    for path, verb in VERBS.items()
    for option in verb.params
    if option.metavar == "MOMENT" or {"--as-at", "--now"}.intersection(option.opts)
]
ASKED_AS_AT = [path for path, option in MOMENTS if option == "--as-at"]


def example(path: tuple[str, ...]) -> list[str]:
    """The example of a verb's help, at the school of these tests, without its moment."""
    words = shlex.split(CliRunner().invoke(app, [*path, "--help"]).stdout.split("Example:")[1])[1:]
    if "--as-at" in words:
        at = words.index("--as-at")
        words = words[:at] + words[at + 2 :]
    return [word.replace("8052001", LAESTAB) for word in words]


@pytest.fixture(scope="module")
def marram(tmp_path_factory: pytest.TempPathFactory) -> Iterator[School]:
    """A school whose simulated clock stands on Monday morning."""
    home = tmp_path_factory.mktemp("marram")
    home.chmod(0o700)
    school = School.ready(home)
    (home / "rollbook.toml").write_text('profile = "embedded"\norigin = "hartlepool.example/1"\n', "utf-8")
    school.enters("Dee", upn=UPN, full_name="Dee Dunlin")
    school.takes("7B", "2025-09-01 AM", "08:55", Ann="/", Ben="N", Cal="/", Dee="N")
    yield school
    school.close()


@pytest.fixture
def ask(marram: School, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """The command at that school, in a folder where files may be written."""
    monkeypatch.chdir(tmp_path)
    return Command(marram.folder)


def refused(said: Said, code: int, *tells: str) -> bool:
    """Nothing is answered but one sentence, which tells all these."""
    assert (said.code, said.out) == (code, ""), said.err
    assert said.err.startswith("rollbook: ")
    (sentence,) = said.err.splitlines()
    return all(one in sentence for one in tells) or pytest.fail(sentence)


def test_these_tests_know_the_verbs_that_are_asked_as_at_a_moment() -> None:
    assert {path[0] for path in ASKED_AS_AT} >= {
        "register", "history", "totals", "cohort", "returns", "labels", "sql", "export", "plot"
    }  # fmt: skip
    assert len(MOMENTS) > len(ASKED_AS_AT) > 9


@pytest.mark.parametrize(("path", "option"), MOMENTS, ids=lambda one: one if isinstance(one, str) else " ".join(one))
def test_every_option_that_takes_a_moment_asks_a_doubtful_hour_for_its_zone(path: tuple[str, ...], option: str) -> None:
    for hour in ("2025-10-26 01:30", "2025-03-30T01:30"):
        with pytest.raises(Misused, match=rf"{hour}\+01:00 or {hour}\+00:00"):
            VERBS[path].make_context(path[-1], [option, hour])


@pytest.mark.parametrize("path", ASKED_AS_AT, ids=" ".join)
def test_every_question_refuses_what_lies_ahead_and_takes_today_for_now(
    path: tuple[str, ...], marram: School, ask: Command
) -> None:
    now = marram.ledger.now()
    asked = example(path)
    for ahead in ("2025-09-02", as_typed(now + 1_000_000), "2099-10-31 01:30+00:00"):
        said = ask(*asked, "--as-at", ahead)
        assert refused(said, 1, f"{ahead} lies ahead", "simulated", f"stands at {as_typed(now)}", "leave it out")
    exactly = f"{datetime.fromtimestamp(now // 1_000_000, LONDON).isoformat()[:19]}.{now % 1_000_000:06d}"
    today, instant = (ask(*asked, "--as-at", when) for when in (local_date(now).isoformat(), exactly))
    assert (today.code, instant.code) == (0, 0), today.err + instant.err
    assert today.out == instant.out


def test_a_doubtful_hour_with_its_zone_is_an_hour_like_any_other(ask: Command) -> None:
    for hour in ("2025-03-30 01:30+00:00", "2025-03-30 01:30+01:00", "2024-10-27T01:30Z"):
        assert ask("totals", "--as-at", hour).code == 0
    for offset in ("+01:00", "+00:00"):
        said = ask("totals", "--as-at", f"2024-10-27 01:30{offset}")
        assert f"as recorded by Sun 27 Oct 2024 01:30{offset}" in said.out, "not to be taken for the other"


@pytest.mark.parametrize(
    "odd", ["", " ", "now", "today", "2025-09-01Z", "2025-09-01 24:00", "2025-06-30 23:59:60", "-1"]
)
def test_what_is_no_moment_is_a_misuse_with_a_sentence(ask: Command, odd: str) -> None:
    assert refused(ask("totals", f"--as-at={odd}"), 2, f"{odd!r} is no moment; write 2025-09-01")


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Command:
    """A ledger just founded, by the machine's clock."""
    command = Command(tmp_path_factory.mktemp("real") / "home")
    command("init", "--authority", "805", "--name", "Hartlepool")
    return command


def test_before_the_founding_an_answer_is_empty_and_says_so_beside(real: Command) -> None:
    founded = real("status", "--json").data["last_recorded_at"]
    for long_ago in ("0001-01-01", "1969-12-31 23:59", "2001-01-01"):
        said = real("totals", "--json", "--as-at", long_ago)
        assert (said.code, said.data) == (0, [])
        assert "Nothing was recorded by then: this ledger was founded on" in said.err
    assert "founded" not in real("totals", "--json", "--as-at", founded).err


def test_a_ledger_of_the_machines_clock_refuses_what_is_later_than_that(real: Command) -> None:
    now = datetime.now(LONDON)
    for ahead in (now + timedelta(hours=1), now + timedelta(days=2)):
        said = real("totals", "--as-at", f"{ahead:%Y-%m-%d %H:%M%z}")
        assert refused(said, 1, "lies ahead: now is ")
        assert "simulated" not in said.err
    for past in (f"{now:%Y-%m-%d}", f"{now:%Y-%m-%d %H:%M%z}"):
        assert real("totals", "--as-at", past).code == 0


def test_now_is_never_before_the_last_entry_however_late_this_machines_clock_is(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    school = School.founded(home, clock="system")
    (home / "rollbook.toml").write_text('profile = "embedded"\norigin = "hartlepool.example/1"\n', "utf-8")
    last = school.ledger.now() + 3_600_000_000
    school.ledger.store.clock = lambda: last  # type: ignore[attr-defined]
    school.describes_place("2025-09-01 09:00")
    school.close()
    said = Command(home)("register", LAESTAB, "--week", "2025-09-01", "--as-at", local(last).isoformat())
    assert said.code == 0, said.err
