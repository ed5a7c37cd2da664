"""The views that analysts see: one for each answer, with the ledger's own ids, comments, and the guard in each view.

The guard is in the view and not in policies of tables: a new table has no policies, and a plain view over a table with
policies shows every row of it. The tables stay ungranted, and `security_barrier` keeps what an analyst writes into a
query from being run on rows that are not theirs. Restricted children are left out of every view of pupils, whatever
the moment asked for.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, Final, Protocol

import psycopg
from psycopg.sql import SQL, Composable, Composed, Identifier, Literal

from projections.engines.postgres_layout import Layout, put
from projections.facts.names import KIND_OF

Cursor = psycopg.Cursor[Any]

ID_OF: Final[Mapping[str, str]] = {
    **KIND_OF,
    "chain": "place",
    "home": "place",
    "other": "place",
    "other_line": "line",
}
"""Of which dictionary a column is, by its name. A chain is called by the last place of it."""

PLACE_COLUMNS: Final = ("place", "home", "chain")
"""By which of its columns a row is of a place: the first that an answer has."""

LEVEL: Final = "level"
"""An answer with this column also has rows above places, whose place is null: for those who may see every place."""

MASKS: Final = (
    (("Y1", "Y2", "Y3", "Y4", "Y5", "Y6", "Y7"), "Y"),
    (("r9_1j", "r9_1k", "r9_1m", "r9_1n"), "other"),
)
"""Criminal-offence data is Y5 and ground (j) alone (events.md 1.4, law.md 8.6). Were they alone shown as Y and other,
everybody could tell them by that; so the others of their kind that are seldom used are shown alike."""

SHOWN: Final[Mapping[str, str]] = {
    "bigint": "bigint",
    "integer": "integer",
    "smallint": "integer",
    "date": "date",
    "text": "text",
    "timestamp without time zone": "text",
}
"""What an analyst's program gets for what a table holds: what Excel and Power Query read without conversion."""

MOMENT: Final = 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'


class Described(Protocol):
    """What must be known of an answer."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def question(self) -> str:
        """What it answers."""

    @property
    def source(self) -> str:
        """Where that stands in law."""

    @property
    def columns(self) -> Mapping[str, str]:
        """What each column says, in order."""

    @property
    def inputs(self) -> Collection[str]:
        """The facts and answers that it reads."""


GUARDS: Final = (
    (
        "place_now",
        "SELECT place, laestab, urn, name, kind, phase, la_code, closed_on FROM ("
        "SELECT p.*, row_number() OVER (PARTITION BY p.place ORDER BY p.position DESC) AS age FROM {fact}.place p"
        ") AS said WHERE age = 1",
    ),
    (
        "seen_place",
        "SELECT m.login, p.place FROM {guard}.may_see m CROSS JOIN {fact}.place_id p WHERE m.what = 'all'"
        " UNION SELECT m.login, p.place FROM {guard}.may_see m JOIN {fact}.place_id p ON p.id = m.value"
        " WHERE m.what = 'place'"
        " UNION SELECT m.login, p.place FROM {guard}.may_see m JOIN {guard}.place_now p ON p.la_code = m.value"
        " WHERE m.what = 'authority'",
    ),
    (
        "place_called",
        "SELECT DISTINCT i.id, p.laestab, p.urn FROM {fact}.place_id i LEFT JOIN {fact}.place p ON p.place = i.place",
    ),
    (
        "line_place",
        "SELECT DISTINCT line, place FROM {fact}.line",
    ),
    (
        "restricted_pupil",
        # As a person joined them: an adopted child's former identity is as hidden as the new one.
        "WITH child AS (SELECT pupil, child FROM (SELECT s.pupil, s.child,"
        " row_number() OVER (PARTITION BY s.pupil ORDER BY s.position DESC) AS age FROM {fact}.same_child s) AS said"
        " WHERE age = 1), hidden AS (SELECT coalesce(c.child, r.pupil) AS child FROM (SELECT s.pupil, s.level,"
        " row_number() OVER (PARTITION BY s.pupil ORDER BY s.position DESC) AS age FROM {fact}.restriction s) AS r"
        " LEFT JOIN child c ON c.pupil = r.pupil WHERE r.age = 1 AND r.level IS NOT NULL)"
        " SELECT child AS pupil FROM hidden UNION SELECT c.pupil FROM child c JOIN hidden h ON h.child = c.child",
    ),
    (
        "restricted_line",
        "SELECT l.line FROM {fact}.line l JOIN {guard}.restricted_pupil r ON r.pupil = l.pupil",
    ),
)
"""Views in the schema `guard`, in order: the views of analysts go through them.
A line counts as a restricted pupil's if it ever was said to be."""


def make(cursor: Cursor, layout: Layout, answers: Iterable[Described]) -> None:
    """Every view of analysts, with comments and grants, over the answers that stand in `ans`. In one transaction with
    what put them there."""
    answers = list(answers)
    # In one message: hundreds of statements would be as many journeys, while readers wait.
    _together(cursor, (put(f"CREATE VIEW {{guard}}.{name} AS {text}", layout) for name, text in GUARDS))
    # The owner names places to analysts, and reads nothing else here.
    owner = "SELECT pg_get_userbyid(nspowner) FROM pg_namespace WHERE nspname = %s"
    (owner_of_guard,) = cursor.execute(owner, (layout.guard,)).fetchall()[0]
    cursor.execute(put("GRANT SELECT ON {guard}.place_called TO {owner}", layout, owner=Identifier(owner_of_guard)))
    opened = _from_characteristics(answers)
    types = _types(cursor, layout.ans)
    statements: list[Composable] = []
    for answer in answers:
        own = types[answer.name]
        text = select_of(layout, answer.name, own, opened=answer.name in opened)
        view = Identifier(layout.analyst, answer.name)
        statements += [
            SQL("CREATE VIEW {} WITH (security_barrier) AS {}").format(view, text),
            *_comments(layout, answer, own),
        ]
    statements += [
        put(
            "CREATE VIEW {analyst}.place WITH (security_barrier) AS SELECT i.id AS place, p.laestab, p.urn, p.name,"
            " p.kind, p.phase, p.la_code, p.closed_on FROM {guard}.place_now p JOIN {fact}.place_id i"
            " ON i.place = p.place WHERE p.place IN (SELECT s.place FROM {guard}.seen_place s"
            " WHERE s.login = current_user)",
            layout,
        ),
        put("COMMENT ON VIEW {analyst}.place IS 'Which places are there, as last described?'", layout),
    ]
    for column, says in PLACES.items():
        name = Identifier(layout.analyst, "place", column)
        statements.append(SQL("COMMENT ON COLUMN {} IS {}").format(name, Literal(says)))
    statements.append(put("GRANT SELECT ON ALL TABLES IN SCHEMA {analyst} TO {analysts}", layout))
    _together(cursor, statements)


def _together(cursor: Cursor, statements: Iterable[Composable]) -> None:
    cursor.execute(SQL("; ").join(statements))


def select_of(layout: Layout, name: str, types: Mapping[str, str], *, opened: bool) -> Composed:
    """The text of one view, from the types of its answer's columns. `opened`: it holds characteristics."""
    columns: list[Composable] = []
    joins: list[Composable] = []
    for column, type_ in types.items():
        kind = ID_OF.get(column) if type_ == "integer" else None
        if kind is not None:
            alias = Identifier(f"id_{column}")
            joins.append(
                SQL(" LEFT JOIN {} {} ON {}.{} = x.{}").format(
                    Identifier(layout.fact, f"{kind}_id"), alias, alias, Identifier(kind), Identifier(column)
                )
            )
            columns.append(SQL("{}.id AS {}").format(alias, Identifier(column)))
            if kind == "place" and laestab_of(column) not in types:
                called = Identifier(laestab_of(column))
                joins.append(
                    SQL(" LEFT JOIN {} {} ON {}.place = x.{}").format(
                        Identifier(layout.guard, "place_now"), called, called, Identifier(column)
                    )
                )
                columns.append(SQL("{}.laestab AS {}").format(called, called))
            continue
        columns.append(SQL("{} AS {}").format(_shown(layout, column, type_), Identifier(column)))
    conditions = list(_conditions(layout, types, opened=opened))
    return SQL("SELECT {} FROM {} x{} WHERE {}").format(
        SQL(", ").join(columns), Identifier(layout.ans, name), SQL("").join(joins), SQL(" AND ").join(conditions)
    )


def laestab_of(column: str) -> str:
    """The name of the column beside a place's id."""
    return "laestab" if column == "place" else f"{column}_laestab"


def _shown(layout: Layout, column: str, type_: str) -> Composable:
    value = SQL("x.{}").format(Identifier(column))
    if type_ == "text":
        # Any text: no column of codes can be forgotten.
        may = put(
            "(SELECT EXISTS (SELECT 1 FROM {guard}.may_open o WHERE o.login = current_user AND o.what = 'offences'))",
            layout,
        )
        cases = [
            SQL("WHEN {} IN ({}) AND NOT {} THEN {}").format(
                value, SQL(", ").join(map(Literal, hidden)), may, Literal(shown)
            )
            for hidden, shown in MASKS
        ]
        return SQL("CASE {} ELSE {} END").format(SQL(" ").join(cases), value)
    if type_ == "timestamp without time zone":
        return SQL('to_char({}, {}) COLLATE "C"').format(value, Literal(MOMENT))
    if type_ not in SHOWN:
        raise ValueError(
            f"The column {column} is of type {type_}, which no analyst's program reads without conversion."
        )
    return value if SHOWN[type_] == type_ else SQL("CAST({} AS {})").format(value, SQL(SHOWN[type_]))


def _conditions(layout: Layout, types: Mapping[str, str], *, opened: bool) -> Iterator[Composable]:
    seen = put("(SELECT s.place FROM {guard}.seen_place s WHERE s.login = current_user)", layout)
    of_place = next((column for column in PLACE_COLUMNS if column in types), None)
    all_places = put("EXISTS (SELECT 1 FROM {guard}.may_see m WHERE m.login = current_user AND m.what = 'all')", layout)
    if of_place is not None and LEVEL in types:
        yield SQL("(x.{0} IN {1} OR (x.{0} IS NULL AND {2}))").format(Identifier(of_place), seen, all_places)
    elif of_place is not None:
        yield SQL("x.{} IN {}").format(Identifier(of_place), seen)
    elif "line" in types:
        yield SQL("x.line IN (SELECT l.line FROM {} l WHERE l.place IN {})").format(
            Identifier(layout.guard, "line_place"), seen
        )
    else:  # of no place: for those who may see them all
        yield all_places
    for column, type_ in types.items():
        kind = ID_OF.get(column) if type_ == "integer" else None
        hidden = {"line": "restricted_line", "pupil": "restricted_pupil"}.get(str(kind))
        if hidden is not None:
            yield SQL("NOT EXISTS (SELECT 1 FROM {} r WHERE r.{} = x.{})").format(
                Identifier(layout.guard, hidden), Identifier(str(kind)), Identifier(column)
            )
    if opened:
        yield put(
            "EXISTS (SELECT 1 FROM {guard}.may_open o WHERE o.login = current_user AND o.what = 'characteristics')",
            layout,
        )


def _from_characteristics(answers: Iterable[Described]) -> set[str]:
    """The answers in which characteristics come through, by whatever way."""
    found = {"characteristic"}
    inputs = {answer.name: set(answer.inputs) for answer in answers}
    while more := {name for name, reads in inputs.items() if name not in found and reads & found}:
        found |= more
    return found


def _types(cursor: Cursor, schema: str) -> dict[str, dict[str, str]]:
    """The types of the columns of every table and view of a schema, by name, in order."""
    cursor.execute(
        "SELECT c.relname, a.attname, format_type(a.atttypid, NULL) FROM pg_attribute a"
        " JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE n.nspname = %s AND c.relkind IN ('r', 'v') AND a.attnum > 0 AND NOT a.attisdropped"
        " ORDER BY c.relname, a.attnum",
        (schema,),
    )
    found: dict[str, dict[str, str]] = {}
    for table, column, type_ in cursor.fetchall():
        found.setdefault(table, {})[column] = type_
    return found


def _comments(layout: Layout, answer: Described, types: Mapping[str, str]) -> Iterator[Composed]:
    view = Identifier(layout.analyst, answer.name)
    yield SQL("COMMENT ON VIEW {} IS {}").format(view, Literal(f"{answer.question} Source: {answer.source}"))
    for column, type_ in types.items():
        says = answer.columns.get(column, "")
        of_place = ID_OF.get(column) == "place" and type_ == "integer"
        if column in ID_OF and type_ == "integer":
            says += " By its id in the ledger."
        elif type_.startswith("timestamp"):
            says += " ISO 8601."
        yield SQL("COMMENT ON COLUMN {}.{} IS {}").format(view, Identifier(column), Literal(says.strip()))
        if of_place and laestab_of(column) not in types:
            yield SQL("COMMENT ON COLUMN {}.{} IS {}").format(
                view, Identifier(laestab_of(column)), Literal(f"The LAESTAB now of {column}; null: it has none.")
            )


PLACES: Final = {
    "place": "Its id in the ledger.",
    "laestab": "Seven digits; null: none.",
    "urn": "Its URN; null: none.",
    "name": "Of a registered school or organisation; null: none.",
    "kind": "maintained, academy, pru, unregistered_provider, ...",
    "phase": "As described.",
    "la_code": "The authority's three digits.",
    "closed_on": "Last day by the closure that stands; null: open.",
}
"""The columns of the view `place`."""
