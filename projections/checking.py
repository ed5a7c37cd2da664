# ruff: noqa: S608 -- every name in these statements is of our own answers, read by `projections.answers`
"""Whether the stored answers are what their texts give: all of them, as readers see them; or a few keys, now and then.

An answer is brought up to date by keys, and could be wrong where the keys were. So it is asked anew from its plain text
over what that reads, and compared; where each is what its text gives, all are what a rebuild gives.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any, Final, NamedTuple

from projections.answers import Answer
from projections.engines.engine import Change, Engine, Reader
from projections.facts.names import KIND_OF
from projections.runner import Runner

SHOWN: Final = 3
"""Keys that are shown of each sort."""
LOOKED_UP: Final[Mapping[str, int]] = {"line": 20, "pupil": 20, "child": 20, "arrangement": 20, "chain": 1, "place": 1}
"""By what a few keys are chosen, and how many: a place has a year of every pupil's entries."""


class Differing(NamedTuple):
    """How a stored answer differs from what its text gives, in rows by their keys."""

    answer: str
    missing: int
    """Rows that ought to stand and do not."""
    too_many: int
    """Rows that stand and ought not to."""
    other: int
    """Rows that ought to say something else."""
    keys: tuple[Mapping[str, Any], ...]
    """A few of their keys."""


def differing(reader: Reader, answer: Answer) -> Differing | None:
    """Compare a stored answer with what its text gives; None: they agree. One question, so that both are of one moment,
    whatever a projector does meanwhile."""
    columns, key = ", ".join(answer.columns), ", ".join(answer.key)
    # Rows are counted, not only looked for: one that stands twice is one too many.
    rows = (
        f"select {columns}, sum(came) as came from (select {columns}, 1 as came from ({answer.text}) as anew"
        f" union all select {columns}, -1 from {answer.name}) as two group by {columns} having sum(came) <> 0"
    )
    how = "case when min(came) > 0 then 'missing' when max(came) < 0 then 'too_many' else 'other' end"
    keys = f"select {key}, {how} as how from ({rows}) as differ group by {key}"
    found = reader.ask(
        f"select * from (select one.*, cast(count(*) over (partition by how) as bigint) as times,"
        f" row_number() over (partition by how order by {key}) as turn from ({keys}) as one) as some_of_them"
        f" where turn <= {SHOWN} order by how, turn"
    ).to_dicts()
    if not found:
        return None
    times = {row["how"]: int(row["times"]) for row in found}
    shown = tuple({column: row[column] for column in answer.key} for row in found)
    return Differing(answer.name, times.get("missing", 0), times.get("too_many", 0), times.get("other", 0), shown)


class Rounds:
    """A few keys of one stored answer after another, made anew and compared."""

    def __init__(self, engine: Engine, runner: Runner, answers: Mapping[str, Answer], random: Random) -> None:
        """It begins anywhere: a projector that is started again each night would else look at the same ones."""
        self._engine = engine
        self._runner = runner
        self._random = random
        self._stored = [answer for answer in answers.values() if answer.kind == "table"]
        self._next = random.randrange(len(self._stored))

    def look(self) -> str | None:
        """Look at the next answer. If some rows are not what its text gives, every answer is made anew, as nobody knows
        how far the fault reaches, nor whether it began in what this one reads; the name of the answer."""
        answer = self._stored[self._next]
        self._next = (self._next + 1) % len(self._stored)
        if not self._runner.differs(answer, *self._few(answer)):
            return None
        self._runner.rebuild()
        self._engine.publish()
        return answer.name

    def _few(self, answer: Answer) -> tuple[tuple[str, ...], Change]:
        """Some values of the column by which most of what it reads is found; none: all of a small answer."""
        by = max(LOOKED_UP, key=lambda column: _found_by(answer, column))
        kind = {"chain": "place"}.get(by) or KIND_OF[by]
        last = self._engine.rows(f"select max({kind}) from {kind}_id")[0][0]
        if not _found_by(answer, by) or not last:
            return (), Change("", frozenset())
        numbers = self._random.sample(range(1, last + 1), min(LOOKED_UP[by], last))
        return (by,), values(by, numbers)


def _found_by(answer: Answer, column: str) -> int:
    return sum(column in listed for listed in answer.refresh.values()) if column in answer.columns else 0


def values(column: str, numbers: Sequence[int]) -> Change:
    """Numbers as rows of one column."""
    return Change(f"(values {', '.join(f'({n:d})' for n in numbers)}) as few ({column})", frozenset({column}))
