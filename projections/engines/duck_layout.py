# ruff: noqa: S608 -- every name in these statements is of our own tables and answers
"""What stands where in a DuckDB file of answers: schemas, tables, comments, and how far it is, as statements.

`fact`: facts, rules, dictionaries and `asked`. `ans`: answers. `state`: how far they are. Nothing here runs anything.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from projections.answers import Answer
from projections.engines.engine import Built, State
from projections.facts.tables import FACTS, Table

PATH: Final = "ans,fact"
"""Where bare names are looked for."""


def where_stands(name: str, tables: Mapping[str, Table]) -> str:
    """The whole name of a fact, a rule or an answer."""
    return f"fact.{name}" if name in tables else f"ans.{name}"


def quoted(text: str) -> str:
    """A text as a literal."""
    return "'" + text.replace("'", "''") + "'"


def layout(tables: Mapping[str, Table]) -> Iterator[str]:
    """What a new file needs."""
    for schema in ("fact", "ans", "state"):
        yield f"create schema {schema}"
    for table in tables.values():
        if table.name == "asked":
            yield f"create view fact.asked as {asked_by_variable(table)}"
        else:
            yield f"create table fact.{table.name} ({', '.join(f'{c.name} {c.type}' for c in table.columns)})"
    yield (
        "create table state.reached"
        " (store text, serial bigint, loaded bigint, position bigint, recorded_at timestamp, head text, facts text)"
    )
    yield f"insert into state.reached values ('{uuid.uuid4().hex}', 0, 0, 0, null, null, '')"
    yield "create table state.built (answer text, digest text, lineage text, position bigint, built_at timestamp)"


def asked_by_variable(table: Table) -> str:
    """The row of `asked`, from what a session set. Unset, a question fails: silence would be an answer of no rows."""
    unset = "nobody said for which moment is asked: set variable asked_{0} first"
    told = (
        f"cast(coalesce(getvariable('asked_{column.name}'), error({quoted(unset.format(column.name))}))"
        f" as {column.type}) as {column.name}"
        for column in table.columns
    )
    return f"select {', '.join(told)}"


def comments_of_facts(tables: Mapping[str, Table]) -> Iterator[str]:
    """What the tables of a new file and their columns say, for whoever opens it with another tool."""
    for table in tables.values():
        yield f"comment on {'view' if table.name == 'asked' else 'table'} fact.{table.name} is {quoted(table.says)}"
        for column in table.columns:
            yield f"comment on column fact.{table.name}.{column.name} is {quoted(column.says)}"


def comments(answer: Answer) -> Iterator[str]:
    """The same of an answer."""
    told = f"{answer.question} Key: {', '.join(answer.key)}. Source: {answer.source}"
    yield f"comment on {answer.kind} ans.{answer.name} is {quoted(told)}"
    for column, says in answer.columns.items():
        yield f"comment on column ans.{answer.name}.{column} is {quoted(says)}"


def read_state(rows: Callable[[str], list[tuple[Any, ...]]], schema: str = "state") -> State:
    """How far a file is."""
    loaded, position, recorded_at, head, facts = rows(
        f"select loaded, position, recorded_at, head, facts from {schema}.reached"
    )[0]
    built = {
        name: Built(digest, lineage, at, when)
        for name, digest, lineage, at, when in rows(
            f"select answer, digest, lineage, position, built_at from {schema}.built order by answer"
        )
    }
    return State(loaded, position, recorded_at, head, facts, built)


def state_statements(state: State) -> Iterator[tuple[str, list[Any]]]:
    """Statements, with their parameters, that keep a state."""
    yield (
        "update state.reached set serial = serial + 1, loaded = $1, position = $2, recorded_at = $3, head = $4,"
        " facts = $5",
        [state.loaded, state.position, state.recorded_at, state.head, state.facts],
    )
    yield "delete from state.built", []
    if state.built:
        # All in one: each statement takes as long as one with eighty rows.
        marks = ", ".join("(?, ?, ?, ?, ?)" for _ in state.built)
        rows = ((name, b.digest, b.lineage, b.position, b.at) for name, b in state.built.items())
        yield f"insert into state.built values {marks}", [value for row in rows for value in row]


NEVER_CUT: Final = frozenset({"restriction"}) & set(FACTS)
"""Facts that count whatever the moment asked for: who must not be shown now is not shown as at a past day either."""
