"""Brings answers up to date with the facts: decides which are to be made anew, for which keys, and in which order.

The same for every engine. Whatever was done in whatever steps, the answers are those that a rebuild would give; tests
say so on random histories.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final, NamedTuple

import polars as pl

from projections.answers import Answer, digest_of, lineages
from projections.engines.engine import Built, Change, Engine, State
from projections.facts.rules import digest_of_rules
from projections.facts.tables import DICTIONARIES, TABLES, Table

Window = tuple[int, Mapping[str, pl.DataFrame]]
"""The last position read, and what that adds (projections.facts.load)."""

REBUILD_FROM: Final = 0.3
"""From this share of new entries on, answers are made anew whole: that is then the quicker way."""


class FactsOutdated(RuntimeError):
    """The facts here are of another definition, or of another ledger: they must be read again."""


class _Undone(Exception):
    """Ends a transaction of which nothing is wanted."""


class Head(NamedTuple):
    """The entry up to which facts were read."""

    position: int
    recorded_at: datetime
    """UTC, without a zone."""
    hash: str | None = None
    """The ledger's chain hash at it, in hexadecimal, where the caller knows it."""


@dataclass(frozen=True, slots=True)
class Done:
    """What a run did."""

    position: int
    """Where the answers are now."""
    rebuilt: tuple[str, ...] = ()
    """Answers that were made anew whole."""
    changed: tuple[str, ...] = ()
    """Answers of which some rows came out otherwise."""
    dropped: tuple[str, ...] = ()
    """Answers that are asked no more."""

    @property
    def anything(self) -> bool:
        """Whether a reader may see something else than before, but for the position."""
        return bool(self.rebuilt or self.changed or self.dropped)


class Runner:
    """One engine's answers, kept up to date.

    Refused: facts of other definitions, or beyond the ledger's end (FactsOutdated); nothing is mixed.
    """

    def __init__(
        self,
        engine: Engine,
        answers: Mapping[str, Answer],
        rules: Mapping[str, pl.DataFrame],
        tables: Mapping[str, Table] = TABLES,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC).replace(tzinfo=None),
    ) -> None:
        """`answers` in an order in which each follows those that it reads; `rules` by table."""
        self._engine = engine
        self._answers = answers
        self._views = {name: answer for name, answer in answers.items() if answer.kind == "view"}
        self._rules = rules
        self._clock = clock
        read = {name for answer in answers.values() for name in answer.inputs}
        self._dated = tuple(
            name for name, table in tables.items() if name in read and (table.dated or name in DICTIONARIES)
        )
        facts = {name: digest_of(table) for name, table in tables.items()}
        self._facts = hashlib.sha256("\n".join(sorted(facts.values())).encode()).hexdigest()
        of_rules = {name: digest_of_rules(frame) for name, frame in rules.items()}
        self._lineages = lineages(answers, {**facts, **{name: facts[name] + said for name, said in of_rules.items()}})

    def loaded(self) -> int:
        """The last position whose facts are here: where the loader goes on."""
        return self._ready().loaded

    def catch_up(self, windows: Iterable[Window], head: Head, told: Callable[[str], None] = lambda _: None) -> Done:
        """Take in the facts up to `head`, and bring every answer up to it.

        `windows` follow on what `loaded` says, in order. The last of them, the answers and the state become durable
        together; earlier ones before, so that a stopped run goes on where it was. `told` hears the name of each answer
        before it is made. Published is what this leaves, by `Engine.publish`.
        """
        state = self._ready()
        if head.position < state.loaded:
            raise FactsOutdated(
                f"The answers know of the ledger's entry {state.loaded}, and it ends at {head.position}: this is"
                " another ledger, or an older copy. Let everything be read again (rollbook project --rebuild)"
            )
        last: Window | None = None
        for window in windows:
            if last is not None:
                state = replace(state, loaded=last[0])
                with self._engine.transaction():
                    self._engine.append(last[1])
                    self._engine.save(state)
            last = window
        with self._engine.transaction():
            if last is not None:
                self._engine.append(last[1])
            loaded = max(state.loaded, last[0] if last else 0, head.position)
            done = self._answer(replace(state, loaded=loaded), head, told)
            self._engine.forget()
        return done

    def rebuild(self, told: Callable[[str], None] = lambda _: None) -> Done:
        """Make every answer anew from the facts that are here."""
        state = self._ready()
        with self._engine.transaction():
            self._engine.put_rules(self._rules)
            names = self._make(told)
            dropped = self._drop(state)
            self._save(state)
        return Done(state.position, rebuilt=names, dropped=dropped)

    def differs(self, answer: Answer, by: Sequence[str], keys: Change) -> bool:
        """Whether rows of a stored answer come out otherwise when some keys are made anew; without `by`, all.

        The answers must be up to date. Nothing is changed."""
        found = None
        with suppress(_Undone), self._engine.transaction():
            found = self._engine.refresh(answer, by, [keys], self._views)
            raise _Undone
        return found is not None

    def _ready(self) -> State:
        state = self._engine.state()
        if state.loaded and state.facts != self._facts:
            raise FactsOutdated(
                "The facts here were read from the ledger by another version of Rollbook, with other columns:"
                " let them be read again (rollbook project --rebuild)"
            )
        return replace(state, facts=self._facts)

    def _answer(self, state: State, head: Head, told: Callable[[str], None]) -> Done:
        stale = tuple(
            name
            for name in self._answers
            if name not in state.built or state.built[name].lineage != self._lineages[name]
        )
        if stale:
            self._engine.put_rules(self._rules)
        reached = replace(state, position=head.position, recorded_at=head.recorded_at, head=head.hash)
        dropped = self._drop(state)
        if head.position - state.position > REBUILD_FROM * head.position:
            names = self._make(told)
            self._save(reached)
            return Done(head.position, names, dropped=dropped)
        changed: dict[str, list[Change]] = {}
        for table in self._dated:
            new = self._engine.new_rows(table, state.position)
            if new is not None:
                changed[table] = [new]
        anew = []
        for answer in self._answers.values():
            if answer.name in stale:
                # So is everything that stands on it: nothing is carried on from here.
                self._engine.rebuild(answer, told)
                anew.append(answer.name)
            elif found := self._refresh(answer, changed, told):
                changed[answer.name] = found
        self._save(reached)
        return Done(head.position, tuple(anew), tuple(name for name in self._answers if name in changed), dropped)

    def _refresh(
        self, answer: Answer, changed: Mapping[str, list[Change]], told: Callable[[str], None]
    ) -> list[Change]:
        """What differs in an answer after its inputs changed, made in as many passes as there are sorts of keys."""
        passes: dict[tuple[str, ...], list[Change]] = {}
        for name in answer.inputs:
            for change in changed.get(name, ()):
                by = tuple(sorted(set(answer.carried(name)) & change.columns))
                passes.setdefault(by, []).append(change)
        if not passes:
            return []
        if () in passes:
            # Whatever else changed is among all rows.
            passes = {(): []}
        if answer.kind == "view":
            return [self._engine.keys(by, of) if by else Change("", frozenset()) for by, of in passes.items()]
        told(answer.name)
        found = (self._engine.refresh(answer, by, of, self._views) for by, of in self._needed(passes).items())
        return [change for change in found if change is not None]

    def _needed(self, passes: Mapping[tuple[str, ...], list[Change]]) -> dict[tuple[str, ...], list[Change]]:
        """Without each pass whose rows another makes anew anyway: one by fewer columns, that has all of its keys."""
        needed = dict(passes)
        for by in sorted(passes, key=len, reverse=True):
            for fewer in needed:
                if set(fewer) < set(by) and self._covers(fewer, passes[fewer], passes[by]):
                    del needed[by]
                    break
        return needed

    def _covers(self, by: Sequence[str], these: Sequence[Change], others: Sequence[Change]) -> bool:
        columns = ", ".join(by)
        wide, fine = (
            " union all ".join(f"select {columns} from {change.relation}" for change in changes)  # noqa: S608
            for changes in (these, others)
        )
        return not self._engine.rows(f"select 1 from (({fine}) except ({wide})) as beyond limit 1")  # noqa: S608

    def _make(self, told: Callable[[str], None]) -> tuple[str, ...]:
        for answer in self._answers.values():
            self._engine.rebuild(answer, told)
        return tuple(self._answers)

    def _drop(self, state: State) -> tuple[str, ...]:
        gone = tuple(name for name in state.built if name not in self._answers)
        for name in gone:
            self._engine.drop(name)
        return gone

    def _save(self, state: State) -> None:
        now = self._clock()
        built = {
            name: Built(answer.digest, self._lineages[name], state.position, now)
            for name, answer in self._answers.items()
        }
        self._engine.save(replace(state, built=built))
