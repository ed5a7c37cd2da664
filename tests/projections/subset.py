"""The SQL that three engines read alike, as a check of a text's tree: reference/sql.md 2, "mechanical check" (b).

An allow-list: what is not known to mean the same on DuckDB, PostgreSQL and Spark is refused, whatever it is. sqlglot is a
tool of development; nothing that runs depends on it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

import sqlglot
from sqlglot import exp

NODES: Final = frozenset(
    """
    Add Alias And Between CTE Case Cast Coalesce Column Count DataType DenseRank Distinct Div EQ Except Exists Filter
    From GT GTE Group Grouping GroupingSets Having Identifier If In Intersect Interval Is Join LT LTE Lag Lateral Lead
    Literal Max Min Mod Mul NEQ Neg Not Null NullSafeEQ NullSafeNEQ Or Order Ordered Paren Pad Rank RowNumber Select Star
    Sub Subquery Substring Sum Table TableAlias Tuple Union Values Var Where Window WindowSpec With
    """.split()
)
CASTS: Final = frozenset({"BIGINT", "INT", "SMALLINT", "DATE"})
"""As sqlglot calls them."""
_STRING: Final = re.compile(r"'(?:[^']|'')*'")
_WORDS: Final = {
    r"\b(?:group|order) by all\b": "names what it groups or orders by (all is DuckDB's and Spark's)",
    r"\bexclude\b": "lists columns, and takes frames whole (exclude: PostgreSQL or Spark refuses)",
    r"\bmaterialized\b": "leaves it to the engine what to keep (as materialized: Spark refuses)",
    r"\b(?:anti|asof|semi|natural|positional)\s+(?:left\s+|inner\s+)?join\b": "joins plainly: not exists, left join",
    r"\bfetch\b|\blimit\b|\boffset\b": "gives all its rows: which come first is for the asker",
    r"\bqualify\b": "filters windows in an outer select (qualify: PostgreSQL refuses)",
    r"\bgroups\b": "uses rows or range frames (groups: Spark refuses)",
    r"\bignore nulls\b|\brespect nulls\b": "does without ignore nulls (PostgreSQL refuses)",
    r"::": "writes cast(x as type)",
    r"\busing\s*\(": "says its joins with on",
}


def faults(text: str) -> list[str]:
    """Why a text is not in the common subset, as ends of the sentence "An answer ..."; none: it is."""
    found = list(_of_text(text))
    try:
        trees = sqlglot.parse(text, read="postgres")
    except sqlglot.errors.SqlglotError as error:
        return [*found, f"parses as one select: {str(error).splitlines()[0]}"]
    tree = trees[0] if len(trees) == 1 else None
    if not isinstance(tree, exp.Select | exp.SetOperation):
        return [*found, "is one plain select"]
    for node in tree.walk():
        if type(node).__name__ not in NODES:
            found.append(f"does without {type(node).__name__}: {node.sql()[:60]}")
        else:
            found.extend(_of_node(node))
    return found


def _of_text(text: str) -> Iterator[str]:
    if "\\" in text or '"' in text or "`" in text:
        yield "has no quotes but single ones, and no backslash"
    bare = _STRING.sub("''", re.sub(r"--[^\n]*", "", text))
    if bare != bare.lower():
        yield "is written in lower case"
    for pattern, rule in _WORDS.items():
        if re.search(pattern, bare.lower()):
            yield rule


def _of_node(node: exp.Expr) -> Iterator[str]:
    match node:
        case exp.Cast():
            target = node.to.this.name if isinstance(node.to.this, exp.DataType.Type) else node.to.sql()
            if type(node) is not exp.Cast or target not in CASTS or node.to.expressions:
                yield f"casts to bigint, integer, smallint and date only: {node.sql()}"
        case exp.Literal():
            if not node.is_string and not str(node.this).isdigit():
                yield f"has whole numbers only (2.5 as an integer is 3, 3 and 2): {node.sql()}"
        case exp.Div():
            top = node.this.unnest()
            if not (isinstance(top, exp.Sub) and isinstance(top.expression.unnest(), exp.Mod)):
                yield f"divides as (a - mod(a, b)) / b (7 / 2 is 3.5, 3 and 3.5): {node.sql()}"
        case exp.Interval():
            if not isinstance(node.parent, exp.WindowSpec):
                yield f"uses intervals in range frames only: {node.sql()}"
        case exp.Distinct():
            if node.args.get("on"):
                yield "takes the last row by row_number() (distinct on is PostgreSQL's and DuckDB's)"
        case exp.Star():
            # sqlglot reads a bare `values` as a select of all of it.
            if not isinstance(node.parent, exp.Count) and not _of_values(node.parent):
                yield "names its columns: another fact column must not become an answer's"
        case exp.Join():
            if not node.args.get("on") and node.kind != "CROSS":
                yield f"says what it joins on, or cross join: {node.sql()[:60]}"
            if node.method or node.kind not in ("", "INNER", "CROSS"):
                yield f"joins plainly: {node.sql()[:60]}"
        case exp.WindowSpec():
            if str(node.args.get("kind") or "rows").lower() not in ("rows", "range"):
                yield "uses rows or range frames"
        case exp.Lag() | exp.Lead() | exp.Window():
            if node.args.get("first") is not None:
                yield "does without keep and first"
        case exp.Order():
            if not isinstance(node.parent, exp.Window):
                yield "has no order: that is for the asker"
        case exp.Tuple():
            if isinstance(node.parent, exp.Max | exp.Min):
                yield "compares single values"
        case exp.Max() | exp.Min():
            if node.expressions:
                yield "takes max and min of rows, not of columns"
        case _:
            pass


def unsure_order(text: str, nullable: Mapping[str, frozenset[str]]) -> list[str]:
    """Columns of facts that a window orders by, that may be null, without a word on where nulls go.

    By default they go last, last and first: silently. `nullable`: by table, its columns that may be null.
    """
    found = set()
    for window in sqlglot.parse_one(text, read="postgres").find_all(exp.Window):
        select = window.find_ancestor(exp.Select)
        sources = {} if select is None else {table.alias_or_name: table.name for table in _tables(select)}
        for order in window.find_all(exp.Ordered):
            column = order.this
            if isinstance(column, exp.Column) and not re.search(rf"{column.sql()}( desc)? nulls (first|last)", text):
                named = [sources.get(column.table, "")] if column.table else list(sources.values())
                if any(column.name in nullable.get(table, ()) for table in named):
                    found.add(column.sql())
    return sorted(found)


def _of_values(node: exp.Expr | None) -> bool:
    start = None if node is None else node.args.get("from_") or node.args.get("from")
    return start is not None and isinstance(start.this, exp.Values)


def _tables(select: exp.Select) -> Iterator[exp.Table]:
    """Tables of a select's own from and joins."""
    start = select.args.get("from_") or select.args.get("from")
    for part in filter(None, [start, *(select.args.get("joins") or [])]):
        if isinstance(part.this, exp.Table):
            yield part.this
