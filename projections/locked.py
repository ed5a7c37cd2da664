"""Statements that somebody else wrote: which are taken, and how their names are kept from restricted children.

One `select` at a time, and nothing else. A name of an answer or fact with lines or pupils in it means, for such a
statement, that table without the lines that must not be shown: a name is redefined around the statement. That is
against oversight and no wall: whoever runs this holds the ledger's keys (projections/who.py).
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, Final

from projections.answers import Answer
from projections.facts.tables import TABLES

_WORD: Final = re.compile(r"'(?:[^']|'')*'|--[^\n]*|/\*.*?\*/|[A-Za-z_][A-Za-z0-9_]*|\S", re.DOTALL)
CHARACTERISTICS: Final = frozenset({"characteristic", "characteristic_now", "absence_by_characteristic"})
"""Only for those who may see them."""


FUNCTIONS: Final = frozenset(
    {"range", "generate_series", "unnest", "duckdb_settings", "duckdb_functions", "duckdb_types", "duckdb_keywords"}
)
"""Functions that a statement may select from. Others lead to tables under other names (`query_table`), or to files."""


OF_THE_SERVER: Final = re.compile(r"(pg|lo|ts|dblink)_.*|dblink|.*_to_xml.*|set_config")
"""PostgreSQL's tables about itself, and functions that act, or run what a text says: past every name that is redefined
here."""


class NotTaken(ValueError):
    """A statement that is not run; the message says why."""


class OutOfReach(NotTaken):
    """A statement that reads what is not for questions here."""


def only_select(statement: str) -> str:
    """The statement without its end mark. Refuses, with NotTaken, several, and what does not begin as a `select`.

    The engine refuses the rest by itself: a session that may only read, and a statement that stands in parentheses.
    """
    words = [word for word in _WORD.findall(statement) if not word.startswith(("--", "/*"))]
    while words and words[-1] == ";":
        words.pop()
    if not words:
        raise NotTaken("There is no statement; write one select, such as: select * from place_now.")
    if ";" in words:
        raise NotTaken("This is more than one statement; ask one select at a time.")
    if words[0].lower() not in ("select", "with", "from", "values", "("):
        raise NotTaken(f"Only a select is taken here, and this begins with {words[0][:20]!r}.")
    return statement.rstrip().rstrip(";").rstrip()


def names_read(statement: str) -> list[str]:
    """The tables that a statement reads, by name, as DuckDB itself understands it, not by its words.

    A name in quotes, after dollars, or behind what looks like a comment is a name all the same.

    Refuses, with OutOfReach, names with a schema and functions that lead elsewhere: both would pass by the names that
    `guarded` redefines, and as at a moment by the moment; and what PostgreSQL has of the kind, as both engines are
    asked by the same words. What DuckDB cannot read is refused as it says.
    """
    import duckdb

    with duckdb.connect() as session:
        row = session.execute("select json_serialize_sql(?::varchar)", [statement]).fetchone()
    tree: dict[str, Any] = json.loads(row[0]) if row else {"error": True}
    if tree["error"]:
        said = str(tree.get("error_message", "")).strip().splitlines() or ["it is no select that can be read"]
        raise OutOfReach(f"The database did not take it: {said[0]}")
    if len(tree["statements"]) != 1:
        raise NotTaken("This is more than one statement; ask one select at a time.")
    names = set()
    for node in _nodes(tree["statements"]):
        if node.get("type") == "BASE_TABLE":
            if node.get("schema_name") or node.get("catalog_name"):
                raise OutOfReach("Write names of answers and facts by themselves, without a schema before them.")
            name = str(node["table_name"]).lower()
            if OF_THE_SERVER.fullmatch(name):
                raise OutOfReach(f"{name} is not for questions here; rollbook answers lists what can be asked.")
            names.add(name)
        elif node.get("type") == "TABLE_FUNCTION":
            called = str(node["function"]["function_name"]).lower()
            if called not in FUNCTIONS:
                raise OutOfReach(f"{called}() is not for questions here; rollbook answers lists what can be asked.")
        elif OF_THE_SERVER.fullmatch(str(node.get("function_name", "")).lower()):
            raise OutOfReach(f"{node['function_name']}() is not for questions here.")
    return sorted(names)


def _nodes(tree: object) -> Iterator[dict[str, Any]]:
    if isinstance(tree, dict):
        yield tree
    for below in tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ():
        yield from _nodes(below)


def guarded(
    statement: str,
    names: Iterable[str],
    answers: Mapping[str, Answer],
    lines: Collection[int],
    pupils: Collection[int],
    places: Collection[int] | None = None,
) -> str:
    """The statement with the names that it reads redefined around it, without these lines and pupils, and of these
    places alone where any are named: what is about no place and no pupil stays whole.

    A line break before the end keeps a comment in the statement's last line from eating the parenthesis.
    """
    around = []
    for name in names:
        if name not in answers and name not in TABLES:
            continue
        columns = answers[name].columns if name in answers else TABLES[name].names
        kept = []
        if lines and "line" in columns:
            kept.append(f"coalesce(line, 0) not in ({', '.join(f'{one:d}' for one in sorted(lines))})")
        for column in ("pupil", "child"):
            if pupils and column in columns and "line" not in columns:
                kept.append(f"coalesce({column}, 0) not in ({', '.join(f'{one:d}' for one in sorted(pupils))})")
        if places is not None:
            kept += _of_places(name, columns, ", ".join(f"{one:d}" for one in sorted(places)) or "null")
        if kept:
            around.append(f"{name} as (select * from {name} where {' and '.join(kept)})")  # noqa: S608
    opening = f"with {', '.join(around)} " if around else ""
    return f"{opening}select * from ({statement}\n) as asked_for"  # noqa: S608


def _of_places(name: str, columns: Collection[str], places: str) -> Iterator[str]:
    """The condition under which a row is about one of some places: it says the place, or its line or pupil has it."""
    # Of an arrangement, the place is the other one.
    if "place" in columns and name != "arrangement":
        yield f"place in ({places})"
    else:
        for column in ("line", "pupil"):
            if column in columns:
                yield f"{column} in (select l.{column} from line l where l.place in ({places}))"  # noqa: S608
                return
