"""`make quick`: style, types, and the tests that stand on what changed since main, in less than a minute.

A test file is chosen if it changed, mirrors a changed file by its name, or imports one, itself or by way of others (the
nearest first); for what is no Python (an answer's SQL, a schema), if it speaks of it by name. Where nothing changed, the
last commit is what changed. When the time is up, what was left out is said: `make test` is still to come.
"""

from __future__ import annotations

import ast
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[1]
TESTS_END: Final = 42.0
"""Seconds from the start after which no further test begins."""
ALL_ENDS: Final = 55.0
FEW: Final = 6
"""Files that are named where more are meant."""
ROOMS: Final = ("schemas", "domain", "consumers", "projections", "evidence", "simulation", "console", "deploy", "tests")
SMOKE: Final = ("tests/scenarios/test_start_here.py", "tests/console/test_help.py", "tests/domain/test_codes.py")
"""Where no test stands on what changed."""
MOST: Final = 40
"""Files: only to read more of them takes too long."""
TOO_LONG: Final = ("three_engines", "streaming", "publisher", "soak", "access", "killed", "refreshed", "histories")
"""Words in the names of test files of which one test may take the whole time: only when they changed themselves."""


def main() -> int:
    """Run it; the exit code says whether all that was run is well."""
    began = time.monotonic()
    files = changed()
    chosen, left_out = choose(files, sources())
    print(f"{len(files)} files changed; {len(chosen)} test files stand on them, nearest first.")
    bad = sum(_tool("ruff", *words) for words in (("check", "--quiet", "."), ("format", "--quiet", "--check", ".")))
    types = subprocess.Popen([_bin("mypy")], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    ending = Ending(chosen, began + TESTS_END)
    code = pytest.main(["-q", "--no-header", "-p", "no:cacheprovider", *chosen], plugins=[ending])
    bad += code not in (pytest.ExitCode.OK, pytest.ExitCode.INTERRUPTED, pytest.ExitCode.NO_TESTS_COLLECTED)
    bad += ending.failed
    try:
        said, _ = types.communicate(timeout=max(1.0, began + ALL_ENDS - time.monotonic()))
        if types.returncode:
            print(said)
            bad += 1
    except subprocess.TimeoutExpired:
        types.kill()
        print("Types were not checked: mypy had not read everything in time; it is quicker the next time.")
    if ending.left:
        print(f"The time was up before {sum(ending.left.values())} tests, of {_some(list(ending.left))}.")
    if left_out:
        print(f"Left out, as too long or too far from the change: {_some(left_out)}.")
    print(f"{time.monotonic() - began:.0f} s. make test runs everything.")
    return min(bad, 1)


def changed() -> list[str]:
    """Files that differ from where this branch left main, and new ones; where there are none, those of the last commit."""
    for main_branch in ("main", "origin/main", "HEAD"):
        base = _git("merge-base", "HEAD", main_branch)
        if base:
            break
    found = {*_git("diff", "--name-only", *base), *_git("ls-files", "--others", "--exclude-standard")}
    return sorted(found or _git("diff", "--name-only", "HEAD~1", "HEAD"))


def sources() -> dict[str, str]:
    """Every Python file of the rooms and the tests, by its path from here."""
    paths = (path for room in ROOMS for path in (ROOT / room).rglob("*.py"))
    return {path.relative_to(ROOT).as_posix(): path.read_text("utf-8") for path in paths}


def choose(files: Iterable[str], texts: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """Test files for these changed files, the nearest first; and those that would be, were they not too long."""
    distance = {file: 0 for file in files if file in texts}
    for file in files:
        name = Path(file).stem
        for test, text in texts.items():
            if _is_test(test) and (Path(test).stem == f"test_{name}" or (not file.endswith(".py") and name in text)):
                distance.setdefault(test, 1)
    stands_on = {file: imported(file, text, texts) for file, text in texts.items()}
    newest, step = set(distance), 1
    while newest:
        newest = {file for file, below in stands_on.items() if file not in distance and below & newest}
        distance |= dict.fromkeys(newest, step)
        step += 1
    found = sorted((file for file in distance if _is_test(file)), key=lambda file: (distance[file], file))
    left = [file for file in found if distance[file] and any(word in file for word in TOO_LONG)]
    near = [file for file in found if file not in left]
    return near[:MOST] or [file for file in SMOKE if file in texts], left + near[MOST:]


def imported(file: str, text: str, texts: Mapping[str, str]) -> set[str]:
    """The files here that one imports: `from a.b import c` names a/b.py, or a/b/c.py."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.update((node.module, *(f"{node.module}.{alias.name}" for alias in node.names)))
    paths = {name.replace(".", "/") for name in names}
    return {found for path in paths for found in (f"{path}.py", f"{path}/__init__.py") if found in texts} - {file}


class Ending:
    """Tests in the order in which their files were named, and none begun when the time is up."""

    def __init__(self, files: Sequence[str], until: float) -> None:
        self._files = {file: rank for rank, file in enumerate(files)}
        self._until = until
        self._to_do: list[str] = []
        self.failed = 0
        self.left: dict[str, int] = {}

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items.sort(key=lambda item: self._files.get(self._file(item), len(self._files)))
        self._to_do = [self._file(item) for item in items]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.failed += report.failed

    def pytest_runtest_teardown(self, item: pytest.Item) -> None:
        self._to_do.pop(0)
        if time.monotonic() > self._until and self._to_do:
            for file in self._to_do:
                self.left[file] = self.left.get(file, 0) + 1
            item.session.shouldstop = "the time is up"

    @staticmethod
    def _file(item: pytest.Item) -> str:
        return item.path.relative_to(ROOT).as_posix()


def _some(files: Sequence[str]) -> str:
    more = f" and {len(files) - FEW} files more" if len(files) > FEW else ""
    return ", ".join(files[:FEW]) + more


def _is_test(file: str) -> bool:
    return file.startswith("tests/") and Path(file).name.startswith("test_")


def _git(*words: str) -> list[str]:
    done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.split("\n")[:-1] if done.returncode == 0 else []


def _bin(name: str) -> str:
    return str(Path(sys.executable).with_name(name))


def _tool(name: str, *words: str) -> int:
    return int(subprocess.run([_bin(name), *words], cwd=ROOT, check=False).returncode != 0)


if __name__ == "__main__":
    sys.exit(main())
