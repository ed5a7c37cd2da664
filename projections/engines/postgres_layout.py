"""Where answers stand in PostgreSQL, and who may touch them: schemas, the projector, the analysts; made by the owner.

The projector may read the ledger's entries and write what is computed from them, and nothing else: not an entry, not
who may see what. Analysts see the views of one schema. `set_up` compares a database with that, mends what differs and
says each thing that it did.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.rows import tuple_row
from psycopg.sql import SQL, Composed, Identifier

from domain.ledger.postgres_setup import (
    DEFAULT_SCHEMA,
    PREDEFINED_POWERS,
    ROLE_POWERS,
    NotReady,
    Roles,
    left_to_do,
)

Connection = psycopg.Connection[Any]
Cursor = psycopg.Cursor[Any]

READ_OF_LEDGER = ("stored_events", "streams", "topics", "layout")


@dataclass(frozen=True, slots=True)
class Layout:
    """The names of everything, by the schema of the ledger: two ledgers may share a database."""

    ledger: str = DEFAULT_SCHEMA

    def _named(self, name: str) -> str:
        return name if self.ledger == DEFAULT_SCHEMA else f"{self.ledger}_{name}"

    @property
    def fact(self) -> str:
        """Facts, rules and dictionaries."""
        return self._named("fact")

    @property
    def ans(self) -> str:
        """The answers that stand."""
        return self._named("ans")

    @property
    def fact_new(self) -> str:
        """Facts of a rebuild under way."""
        return self._named("fact_new")

    @property
    def ans_new(self) -> str:
        """Answers of a rebuild under way."""
        return self._named("ans_new")

    @property
    def asat(self) -> str:
        """Views of facts as at the moment that a session names."""
        return self._named("asat")

    @property
    def asat_within(self) -> str:
        """The same, of all that is known of the pupils of a place, wherever it is known."""
        return self._named("asat_within")

    @property
    def guard(self) -> str:
        """Who may see what."""
        return self._named("guard")

    @property
    def analyst(self) -> str:
        """The views that analysts see."""
        return self._named("analyst")

    @property
    def projector(self) -> str:
        """The role that builds answers."""
        return f"{self.ledger}_projector"

    @property
    def analysts(self) -> str:
        """The role of which every analyst is a member; nobody logs in as it."""
        return f"{self.ledger}_analyst"

    @property
    def built(self) -> tuple[str, ...]:
        """The schemas in which the projector makes and removes tables and views."""
        return (
            self.fact,
            self.ans,
            self.fact_new,
            self.ans_new,
            self.asat,
            self.asat_within,
            self.guard,
            self.analyst,
        )


# Rows name places and not their numbers: a rebuild of facts makes the numbers anew.
MAY_SEE = (
    'CREATE TABLE IF NOT EXISTS {guard}.may_see (login text COLLATE "C" NOT NULL,'
    ' what text COLLATE "C" NOT NULL, value text COLLATE "C" NOT NULL, PRIMARY KEY (login, what, value),'
    " CHECK (what IN ('all', 'authority', 'place')), CHECK ((what = 'all') = (value = '')))"
)
MAY_OPEN = (
    'CREATE TABLE IF NOT EXISTS {guard}.may_open (login text COLLATE "C" NOT NULL,'
    ' what text COLLATE "C" NOT NULL, PRIMARY KEY (login, what),'
    " CHECK (what IN ('characteristics', 'offences')))"
)


def set_up(connection: Connection, layout: Layout) -> list[str]:
    """Make or mend what answers need, as the owner of the ledger's tables, in one transaction.

    Returns a sentence for each thing done; none where there was nothing to do. Refuses, with NotReady, a database
    without the ledger, rights that the owner lacks, and a projector with more power than its name says.
    """
    with connection.transaction(), connection.cursor(row_factory=tuple_row) as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (f"rollbook answers {layout.ledger}",))
        found = cursor.execute("SELECT to_regclass(%s)", (f'"{layout.ledger}".stored_events',)).fetchone()
        if found is None or found[0] is None:
            raise NotReady(f"There is no ledger in schema {layout.ledger}; run rollbook init --profile server first.")
        try:
            return [*_roles(cursor, layout), *_schemas(cursor, layout), *_rights(cursor, layout)]
        except psycopg.errors.InsufficientPrivilege as error:
            raise NotReady(
                f"The role {connection.info.user} may not set the answers up ({first_line(error)}); come as the owner "
                "of the ledger's tables."
            ) from error


def left_for_others(connection: Connection, layout: Layout) -> list[str]:
    """What the owner of the tables could not mend, because it is the database's own: as sentences."""
    left = left_to_do(connection, layout.ledger, Roles(layout.analysts, layout.analysts))
    row = connection.execute(
        "SELECT has_database_privilege(%s, current_database(), 'TEMPORARY'), current_database()", (layout.projector,)
    ).fetchall()[0]
    if not row[0]:
        left.append(
            f"The role {layout.projector} may not make temporary tables in {row[1]}; as the owner of that, run: "
            f"GRANT TEMPORARY ON DATABASE {row[1]} TO {layout.projector};"
        )
    return list(dict.fromkeys(left))


def require_ready(connection: Connection, layout: Layout) -> None:
    """Refuse, with NotReady, a database in which this role cannot build answers."""
    with connection.cursor(row_factory=tuple_row) as cursor:
        lacking = [
            schema
            for schema in layout.built
            if not cursor.execute(
                "SELECT coalesce(has_schema_privilege(to_regnamespace(quote_ident(%s))::oid, 'USAGE, CREATE'), false)",
                (schema,),
            ).fetchall()[0][0]
        ]
    if lacking:
        raise NotReady(
            f"The role {connection.info.user} cannot build in the schema {lacking[0]}; let the owner of the ledger's "
            "tables run rollbook server answers."
        )


def put(text: str, layout: Layout, **more: Composed | Identifier | SQL) -> Composed:
    """A statement with the names of the layout in it, as identifiers."""
    names = ("fact", "ans", "fact_new", "ans_new", "asat", "guard", "analyst", "projector", "analysts", "ledger")
    return SQL(text).format(**{name: Identifier(getattr(layout, name)) for name in names}, **more)


def first_line(error: Exception) -> str:
    """What an error says, without its details, which may hold values."""
    return str(error).strip().splitlines()[0]


def _roles(cursor: Cursor, layout: Layout) -> Iterator[str]:
    for role, powers, what in (
        (layout.projector, "LOGIN", "builds answers; it has no password yet"),
        (layout.analysts, "NOLOGIN", "is what every analyst is a member of"),
    ):
        if cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).fetchone():
            continue
        cursor.execute(SQL(f"CREATE ROLE {{}} {powers}").format(Identifier(role)))
        yield f"Made the role {role}, which {what}."
    for role in (layout.projector, layout.analysts):
        if too_much := powers_of(cursor, layout, role):
            raise NotReady(f"The role {role} {' and '.join(too_much)}, so it could pass every guard; take that away.")


def powers_of(cursor: Cursor, layout: Layout, role: str) -> list[str]:
    """By what a role could pass the guards of the views, as parts of a sentence: "is a superuser", ..."""
    powers = ", ".join(column for column, _ in ROLE_POWERS)
    has = cursor.execute(f"SELECT {powers} FROM pg_roles WHERE rolname = %s", (role,)).fetchall()  # noqa: S608
    found = [does for (_, does), yes in zip(ROLE_POWERS, has[0] if has else (), strict=False) if yes]
    found += [
        f"is a member of {name}"
        for (name,) in cursor.execute(
            "SELECT rolname FROM pg_roles WHERE rolname <> %(r)s AND pg_has_role(%(r)s, oid, 'MEMBER') AND ("
            " rolname = ANY(%(p)s) OR rolname = %(projector)s OR oid IN (SELECT relowner FROM pg_class"
            " WHERE relnamespace = to_regnamespace(quote_ident(%(s)s)))"
            " OR oid = (SELECT datdba FROM pg_database WHERE datname = current_database()))",
            {
                "r": role,
                "p": [*PREDEFINED_POWERS, "pg_read_all_data"],
                "s": layout.ledger,
                "projector": layout.projector,
            },
        ).fetchall()
    ]
    return found


def _schemas(cursor: Cursor, layout: Layout) -> Iterator[str]:
    made = []
    for schema in layout.built:
        if cursor.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", (schema,)).fetchone() is None:
            cursor.execute(SQL("CREATE SCHEMA {}").format(Identifier(schema)))
            made.append(schema)
    if made:
        yield f"Made the schemas {', '.join(made)}."
    for statement in (MAY_SEE, MAY_OPEN):
        cursor.execute(put(statement, layout))


def _rights(cursor: Cursor, layout: Layout) -> Iterator[str]:
    """Each right that is missing is given. Every test is asked of the database, so that again says nothing."""
    wanted = [
        ("has_schema_privilege(%(r)s, %(o)s, 'USAGE, CREATE')", schema, layout.projector, "USAGE, CREATE ON SCHEMA {o}")
        for schema in layout.built
    ]
    wanted += [
        ("has_schema_privilege(%(r)s, %(o)s, 'USAGE')", layout.ledger, layout.projector, "USAGE ON SCHEMA {o}"),
        ("has_schema_privilege(%(r)s, %(o)s, 'USAGE')", layout.analyst, layout.analysts, "USAGE ON SCHEMA {o}"),
    ]
    given: dict[str, list[str]] = {}
    for test, name, role, right in wanted:
        if not cursor.execute(f"SELECT {test}", {"r": role, "o": name}).fetchall()[0][0]:
            grant = SQL(f"GRANT {right} TO {{r}}").format(o=Identifier(name), r=Identifier(role))
            cursor.execute(grant)
            given.setdefault(f"Gave {role} {right.split(' ON ')[0]} in", []).append(name)
    tables = [(layout.ledger, table) for table in READ_OF_LEDGER] + [(layout.guard, t) for t in ("may_see", "may_open")]
    for schema, table in tables:
        if not cursor.execute(
            "SELECT has_table_privilege(%s, (SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE n.nspname = %s AND c.relname = %s), 'SELECT')",
            (layout.projector, schema, table),
        ).fetchall()[0][0]:
            cursor.execute(
                SQL("GRANT SELECT ON {}.{} TO {}").format(
                    Identifier(schema), Identifier(table), Identifier(layout.projector)
                )
            )
            given.setdefault(f"Gave {layout.projector} SELECT on", []).append(f"{schema}.{table}")
    for what, names in given.items():
        yield f"{what} {', '.join(names)}."
    allowed, owned, database = cursor.execute(
        "SELECT has_database_privilege(%s, current_database(), 'TEMPORARY'), pg_has_role(datdba, 'USAGE'), datname"
        " FROM pg_database WHERE datname = current_database()",
        (layout.projector,),
    ).fetchall()[0]
    if not allowed and owned:
        cursor.execute(
            SQL("GRANT TEMPORARY ON DATABASE {} TO {}").format(Identifier(database), Identifier(layout.projector))
        )
        yield f"Gave {layout.projector} temporary tables in {database}."
