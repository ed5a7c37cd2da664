"""A ledger's schema in PostgreSQL: its tables, its guards, and who may do what; made by their owner, checked by others.

Three roles. The owner makes the tables and is used for nothing else. The writer may add entries and cannot change or
remove one. The reader sees the entries, as they are stored, and nothing beside them. What there should be is said in
tables below; `set_up` compares a database with them, mends what differs, and says each thing that it did.
"""

# ruff: noqa: S608 - what is put into the text of a statement is names of ours; every value is a parameter
from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, NamedTuple

import psycopg
from eventsourcing.persistence import ProgrammingError
from psycopg.rows import tuple_row
from psycopg.sql import SQL, Composed, Identifier, Literal

Connection = psycopg.Connection[Any]

DEFAULT_SCHEMA = "rollbook"
DEFAULT_WRITER = "rollbook_writer"
DEFAULT_READER = "rollbook_reader"


class NotReady(ProgrammingError):
    """The database is not as this program needs it; the message says what is wrong and what to do."""


class Roles(NamedTuple):
    """Who may use a ledger beside the owner of its tables."""

    writer: str = DEFAULT_WRITER
    reader: str = DEFAULT_READER


@dataclass(frozen=True, slots=True)
class Step:
    """One change of the layout. Issued steps stay as they are: a later release adds to them."""

    number: int
    does: str
    statements: tuple[str, ...]


STEPS: tuple[Step, ...] = (
    Step(
        1,
        "the tables of entries, streams and topics, and those beside the log",
        (
            'CREATE TABLE IF NOT EXISTS {s}.streams (id integer PRIMARY KEY, name text COLLATE "C" NOT NULL UNIQUE)',
            'CREATE TABLE IF NOT EXISTS {s}.topics (id smallint PRIMARY KEY, topic text COLLATE "C" NOT NULL UNIQUE)',
            # In this order no column needs padding.
            "CREATE TABLE IF NOT EXISTS {s}.stored_events (position bigint PRIMARY KEY, recorded_at bigint NOT NULL,"
            " stream integer NOT NULL, version integer NOT NULL, topic smallint NOT NULL, state bytea NOT NULL,"
            " UNIQUE (stream, version))",
            "CREATE TABLE IF NOT EXISTS {s}.tracking (application_name text PRIMARY KEY, notification_id bigint)",
            # By this the library knows a table with one row for each name.
            "INSERT INTO {s}.tracking VALUES ('__migration__', 1) ON CONFLICT DO NOTHING",
            "CREATE TABLE IF NOT EXISTS {s}.identity (key bytea NOT NULL, valid_from integer NOT NULL,"
            " id bytea NOT NULL, PRIMARY KEY (key, valid_from, id))",
            "CREATE TABLE IF NOT EXISTS {s}.messages (source bytea NOT NULL, message bytea NOT NULL,"
            " hash bytea NOT NULL, PRIMARY KEY (source, message))",
            "CREATE TABLE IF NOT EXISTS {s}.held_bytes (id bytea PRIMARY KEY, bytes bytea NOT NULL)",
        ),
    ),
)
LAYOUT = (
    "CREATE TABLE IF NOT EXISTS {s}.layout (step smallint PRIMARY KEY, does text NOT NULL,"
    " done_at timestamptz NOT NULL DEFAULT now())"
)

EVENT_TABLES = ("stored_events", "streams", "topics")
"""What is never altered. As in SQLite the guards are there against accidents and every other program, the owner's own
included. Who removes them first is found by the log."""
REFUSE_CHANGE = (
    " BEGIN RAISE EXCEPTION 'The ledger refuses % of %: nothing recorded is altered.', TG_OP, TG_TABLE_NAME; END "
)
GUARD_FUNCTION = "CREATE OR REPLACE FUNCTION {s}.refuse_change() RETURNS trigger LANGUAGE plpgsql AS {body}"
GUARD = (
    "CREATE OR REPLACE TRIGGER unchanging BEFORE UPDATE OR DELETE OR TRUNCATE ON {s}.{t}"
    " FOR EACH STATEMENT EXECUTE FUNCTION {s}.refuse_change()",
    # Also in a session that replays another server's changes.
    "ALTER TABLE {s}.{t} ENABLE ALWAYS TRIGGER unchanging",
)
GUARD_TYPE = 2 | 8 | 16 | 32
"""As pg_trigger.tgtype says it: before, delete, update, truncate; no insert, and not for each row."""

Rights = Mapping[str, frozenset[str]]
_READ = frozenset({"SELECT"})
_ADD = frozenset({"SELECT", "INSERT"})
WRITER_RIGHTS: Rights = {
    "stored_events": _ADD,
    "streams": _ADD,
    "topics": _ADD,
    "messages": _ADD,
    "tracking": _ADD | {"UPDATE"},
    "identity": _ADD | {"DELETE"},
    "held_bytes": _ADD | {"DELETE"},
    "layout": _READ,
}
READER_RIGHTS: Rights = {
    # Least privilege: identity says which pupils are the same, and held bytes are what nobody has judged yet.
    "stored_events": _READ,
    "streams": _READ,
    "topics": _READ,
    "layout": _READ,
    "messages": frozenset(),
    "tracking": frozenset(),
    "identity": frozenset(),
    "held_bytes": frozenset(),
}
PRIVILEGES = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")
BY_COLUMN = ("SELECT", "INSERT", "UPDATE", "REFERENCES")
"""Privileges that can be given on a single column as well."""

ROLE_POWERS = (
    ("rolsuper", "is a superuser"),
    ("rolcreaterole", "may make roles"),
    ("rolreplication", "may replicate the whole server"),
    ("rolbypassrls", "passes the security of rows"),
)
PREDEFINED_POWERS = ("pg_write_all_data", "pg_execute_server_program", "pg_write_server_files", "pg_read_server_files")


# --- making


def set_up(connection: Connection, schema: str, roles: Roles) -> list[str]:
    """Bring a schema to what this release needs, as the owner of its tables, in one transaction.

    Returns a sentence for each thing done; none where there was nothing to do. Refuses, with NotReady: rights that
    the owner lacks, tables of another owner, a layout newer than this program, and a writer or reader with more power
    than its name says.
    """
    with connection.transaction(), connection.cursor(row_factory=tuple_row) as cursor:
        _one_at_a_time(cursor, schema)
        try:
            did = [*_roles(cursor, roles), *_schema(cursor, schema), *_tables(cursor, schema), *_guards(cursor, schema)]
            for role in roles:
                _require_weak(cursor, schema, role)
            did += _public(cursor, schema)
            did += _rights(cursor, schema, roles.writer, WRITER_RIGHTS)
            did += _rights(cursor, schema, roles.reader, READER_RIGHTS)
        except psycopg.errors.InsufficientPrivilege as error:
            raise NotReady(
                f"The role {_me(cursor.connection)} may not set the ledger up ({_first_line(error)}); run init as the "
                "owner of the database."
            ) from error
    return did


def make_tables(connection: Connection, schema: str) -> list[str]:
    """The tables and their guards alone, for whoever needs no roles."""
    with connection.transaction(), connection.cursor(row_factory=tuple_row) as cursor:
        _one_at_a_time(cursor, schema)
        return [*_schema(cursor, schema), *_tables(cursor, schema), *_guards(cursor, schema)]


def left_to_do(connection: Connection, schema: str, roles: Roles) -> list[str]:
    """What the owner of the tables could not mend, because it is the database's own: as sentences."""
    left = []
    with connection.cursor(row_factory=tuple_row) as cursor:
        database = str(cursor.execute("SELECT current_database()").fetchall()[0][0])
        for role in roles:
            for allowed, what, cure in cursor.execute(
                "SELECT has_database_privilege(%(r)s, current_database(), 'TEMPORARY'), 'make temporary tables',"
                " 'REVOKE TEMPORARY ON DATABASE ' || quote_ident(current_database()) || ' FROM PUBLIC'"
                " UNION ALL SELECT has_database_privilege(%(r)s, current_database(), 'CREATE'), 'make schemas',"
                " 'REVOKE CREATE ON DATABASE ' || quote_ident(current_database()) || ' FROM PUBLIC'"
                " UNION ALL SELECT has_schema_privilege(%(r)s, oid, 'CREATE'), 'make tables in the schema ' || nspname,"
                " 'REVOKE CREATE ON SCHEMA ' || quote_ident(nspname) || ' FROM PUBLIC'"
                " FROM pg_namespace WHERE nspname NOT LIKE 'pg\\_%%' AND nspname <> %(s)s",
                {"r": role, "s": schema},
            ).fetchall():
                if allowed:
                    left.append(f"The role {role} may {what} in {database}; as the owner of that, run: {cure};")
    return left


def _one_at_a_time(cursor: psycopg.Cursor[Any], schema: str) -> None:
    cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (f"rollbook set-up {schema}",))


def _me(connection: Connection) -> str:
    return connection.info.user


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]


def _sql(text: str, schema: str, **names: Composed | Identifier | Literal | SQL) -> Composed:
    return SQL(text).format(s=Identifier(schema), **names)


def _roles(cursor: psycopg.Cursor[Any], roles: Roles) -> Iterator[str]:
    me = _me(cursor.connection)
    if len({*roles, me}) < 3:
        raise NotReady(f"Owner, writer and reader must be three roles, not {', '.join((me, *roles))}.")
    for role, what in zip(roles, ("adds entries", "reads entries"), strict=True):
        if cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).fetchone():
            continue
        try:
            with cursor.connection.transaction():
                cursor.execute(SQL("CREATE ROLE {} LOGIN").format(Identifier(role)))
        except psycopg.errors.InsufficientPrivilege:
            raise NotReady(
                f"There is no role {role}, and {me} may not make one; as a superuser, run: CREATE ROLE {role} LOGIN;"
            ) from None
        yield f"Made the role {role}, which {what}; it has no password yet."


def _schema(cursor: psycopg.Cursor[Any], schema: str) -> Iterator[str]:
    if cursor.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", (schema,)).fetchone():
        return
    cursor.execute(_sql("CREATE SCHEMA {s}", schema))
    yield f"Made the schema {schema}."


def _tables(cursor: psycopg.Cursor[Any], schema: str) -> Iterator[str]:
    for table, owner in cursor.execute(
        "SELECT relname, pg_get_userbyid(relowner) FROM pg_class WHERE relnamespace = to_regnamespace(quote_ident(%s))"
        " AND relname = ANY(%s) AND NOT pg_has_role(relowner, 'USAGE')",
        (schema, list(WRITER_RIGHTS)),
    ).fetchall():
        raise NotReady(f"The table {table} in schema {schema} belongs to {owner}; run init as {owner}.")
    done = _steps_done(cursor, schema)
    if done is None:
        cursor.execute(_sql(LAYOUT, schema))
        done = set()
    _require_known(done, schema)
    for step in STEPS:
        if step.number in done:
            continue
        for statement in step.statements:
            cursor.execute(_sql(statement, schema))
        cursor.execute(_sql("INSERT INTO {s}.layout (step, does) VALUES (%s, %s)", schema), (step.number, step.does))
        yield f"Layout, step {step.number}: {step.does}."


def _steps_done(cursor: psycopg.Cursor[Any], schema: str) -> set[int] | None:
    """Numbers of the steps that were taken; None where nobody counted yet."""
    there = cursor.execute(
        "SELECT 1 FROM pg_class WHERE relnamespace = to_regnamespace(quote_ident(%s)) AND relname = 'layout'", (schema,)
    ).fetchone()
    if there is None:
        return None
    return {number for (number,) in cursor.execute(_sql("SELECT step FROM {s}.layout", schema)).fetchall()}


def _require_known(done: set[int], schema: str) -> None:
    newer = done - {step.number for step in STEPS}
    if newer:
        raise NotReady(
            f"The schema {schema} has layout {max(newer)}, and this Rollbook knows {STEPS[-1].number}; use the "
            "Rollbook that made it, or a newer one."
        )


def _guards(cursor: psycopg.Cursor[Any], schema: str) -> Iterator[str]:
    found = cursor.execute(
        "SELECT prosrc FROM pg_proc WHERE pronamespace = to_regnamespace(quote_ident(%s))"
        " AND proname = 'refuse_change'",
        (schema,),
    ).fetchone()
    is_new = found is None
    if found is None or found[0] != REFUSE_CHANGE:
        cursor.execute(_sql(GUARD_FUNCTION, schema, body=Literal(REFUSE_CHANGE)))
        if not is_new:
            yield "Put the guards' function back: it was not as Rollbook made it."
    standing = {
        table
        for (table,) in cursor.execute(
            "SELECT c.relname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid"
            " WHERE c.relnamespace = to_regnamespace(quote_ident(%s)) AND p.pronamespace = c.relnamespace"
            " AND t.tgname = 'unchanging' AND p.proname = 'refuse_change' AND t.tgenabled = 'A' AND t.tgtype = %s"
            " AND t.tgqual IS NULL AND t.tgattr = ''",
            (schema, GUARD_TYPE),
        ).fetchall()
    }
    for table in EVENT_TABLES:
        if table in standing:
            continue
        for statement in GUARD:
            cursor.execute(_sql(statement, schema, t=Identifier(table)))
        yield (
            f"Set a guard on {table}: nobody updates, deletes or truncates it."
            if is_new
            else f"Put the guard of {table} back: it was missing or off, so nothing refused a change meanwhile."
        )


def _public(cursor: psycopg.Cursor[Any], schema: str) -> Iterator[str]:
    """Take from everybody what a database gives to everybody: making tables, temporary ones too, and whatever was
    granted on ours. What is not this owner's to take stays, and `left_to_do` names it."""
    for takes, allowed in (
        (
            "TEMPORARY, CREATE ON DATABASE {d}",
            "has_database_privilege('public', current_database(), 'TEMPORARY,CREATE')",
        ),
        ("CREATE ON SCHEMA {p}", "has_schema_privilege('public', to_regnamespace('public'), 'CREATE')"),
        ("CREATE ON SCHEMA {s}", "has_schema_privilege('public', to_regnamespace(quote_ident(%(s)s)), 'CREATE')"),
    ):
        asked = SQL("SELECT coalesce({}, false), current_database()").format(SQL(allowed))
        before, database = cursor.execute(asked, {"s": schema}).fetchall()[0]
        if not before:
            continue
        names = {"d": Identifier(database), "p": Identifier("public")}
        with suppress(psycopg.errors.InsufficientPrivilege), cursor.connection.transaction():
            cursor.execute(_sql(f"REVOKE {takes} FROM PUBLIC", schema, **names))
        if not cursor.execute(asked, {"s": schema}).fetchall()[0][0]:
            what = takes.format(d=database, p="public", s=schema)
            yield f"Took from everybody: {what.replace(' ON DATABASE', ' in database').replace(' ON', ' in').lower()}."
    for table in WRITER_RIGHTS:
        if _held(cursor, schema, "public", table):
            cursor.execute(_sql("REVOKE ALL ON {s}.{t} FROM PUBLIC", schema, t=Identifier(table)))
            yield f"Took from everybody: all rights on {table}."


def _rights(cursor: psycopg.Cursor[Any], schema: str, role: str, rights: Rights) -> Iterator[str]:
    """Give a role what it lacks of its rights, and take what it has beyond them."""
    usage, create = cursor.execute(
        "SELECT has_schema_privilege(%(r)s, n, 'USAGE'), has_schema_privilege(%(r)s, n, 'CREATE')"
        " FROM to_regnamespace(quote_ident(%(s)s)) n",
        {"r": role, "s": schema},
    ).fetchall()[0]
    name = Identifier(role)
    if not usage:
        cursor.execute(_sql("GRANT USAGE ON SCHEMA {s} TO {r}", schema, r=name))
        yield f"Let {role} use the schema {schema}."
    if create:
        cursor.execute(_sql("REVOKE CREATE ON SCHEMA {s} FROM {r}", schema, r=name))
        yield f"Took CREATE on the schema {schema} from {role}."
    gave: dict[str, list[str]] = {}
    for table, wanted in rights.items():
        held = _held(cursor, schema, role, table)
        lacks, beyond = wanted - _held(cursor, schema, role, table, whole=True), held - wanted
        t = Identifier(table)
        if beyond:
            privileges = SQL(", ").join(map(SQL, sorted(beyond)))
            cursor.execute(_sql("REVOKE {p} ON {s}.{t} FROM {r}", schema, p=privileges, t=t, r=name))
            yield f"Took {', '.join(sorted(beyond))} on {table} from {role}."
        if lacks:
            privileges = SQL(", ").join(map(SQL, sorted(lacks)))
            cursor.execute(_sql("GRANT {p} ON {s}.{t} TO {r}", schema, p=privileges, t=t, r=name))
            gave.setdefault(", ".join(p for p in PRIVILEGES if p in lacks), []).append(table)
    for what, tables in gave.items():
        yield f"Gave {role} {what} on {', '.join(tables)}."
    for table, wanted in rights.items():
        if excess := _held(cursor, schema, role, table) - wanted:
            raise NotReady(
                f"The role {role} still has {', '.join(sorted(excess))} on {table}, by another role or grantor; take "
                "it away, or name another role."
            )


def _held(cursor: psycopg.Cursor[Any], schema: str, role: str, table: str, *, whole: bool = False) -> frozenset[str]:
    """What a role can do to a table, by whatever way: on the whole table, or on a column of it too."""
    tests = [
        f"has_table_privilege(%(r)s, c.oid, '{p}')"
        + ("" if whole or p not in BY_COLUMN else f" OR has_any_column_privilege(%(r)s, c.oid, '{p}')")
        for p in PRIVILEGES
    ]
    row = cursor.execute(
        f"SELECT {', '.join(tests)} FROM pg_class c WHERE c.relname = %(t)s"
        " AND c.relnamespace = to_regnamespace(quote_ident(%(s)s))",
        {"r": role, "t": table, "s": schema},
    ).fetchone()
    return frozenset(p for p, has in zip(PRIVILEGES, row or (), strict=False) if has)


def _require_weak(cursor: psycopg.Cursor[Any], schema: str, role: str) -> None:
    """Refuse a writer or reader that could make itself more."""
    powers = ", ".join(column for column, _ in ROLE_POWERS)
    has = cursor.execute(f"SELECT {powers} FROM pg_roles WHERE rolname = %s", (role,)).fetchall()[0]
    too_much = [does for (_, does), yes in zip(ROLE_POWERS, has, strict=True) if yes]
    too_much += [
        f"is a member of {name}"
        for (name,) in cursor.execute(
            "SELECT rolname FROM pg_roles WHERE rolname <> %(r)s AND pg_has_role(%(r)s, oid, 'MEMBER') AND ("
            " rolname = ANY(%(p)s) OR oid IN (SELECT relowner FROM pg_class"
            " WHERE relnamespace = to_regnamespace(quote_ident(%(s)s)))"
            " OR oid = (SELECT datdba FROM pg_database WHERE datname = current_database()))",
            {"r": role, "p": list(PREDEFINED_POWERS), "s": schema},
        ).fetchall()
    ]
    owned = cursor.execute(
        "SELECT 1 FROM pg_database WHERE datname = current_database() AND pg_get_userbyid(datdba) = %s", (role,)
    ).fetchone()
    if owned:
        too_much.append("owns the database")
    if too_much:
        raise NotReady(f"The role {role} {' and '.join(too_much)}, so it could alter entries; name another role.")


# --- checking


def require_ready(connection: Connection, schema: str, rights: Rights = WRITER_RIGHTS) -> None:
    """Refuse, with NotReady, a schema that is not this release's or that this role cannot use."""
    role = _me(connection)
    again = "let the owner of its tables run rollbook init --profile server again"
    with connection.cursor(row_factory=tuple_row) as cursor:
        tables = {
            table
            for (table,) in cursor.execute(
                "SELECT relname FROM pg_class WHERE relnamespace = to_regnamespace(quote_ident(%s))", (schema,)
            ).fetchall()
        }
        if "stored_events" not in tables:
            database = connection.info.dbname
            raise NotReady(
                f"There is no ledger in schema {schema} of the database {database}; put its backup there, or "
                "name the right database in rollbook.toml."
            )
        if "layout" not in tables:
            raise NotReady(f"The ledger in schema {schema} has an older layout; {again}.")
        usage = cursor.execute(
            "SELECT has_schema_privilege(n, 'USAGE') FROM to_regnamespace(quote_ident(%s)) n", (schema,)
        ).fetchall()[0][0]
        lacking = [] if usage else [f"USAGE on schema {schema}"]
        for table, wanted in rights.items():
            lacks = wanted - _held(cursor, schema, role, table, whole=True)
            lacking += [f"{p} on {table}" for p in sorted(lacks)]
        if lacking:
            more = f" and {len(lacking) - 1} more" if len(lacking) > 1 else ""
            raise NotReady(f"The role {role} lacks {lacking[0]}{more}; {again}.")
        done = _steps_done(cursor, schema) or set()
        _require_known(done, schema)
        if missing := [step for step in STEPS if step.number not in done]:
            raise NotReady(f"The ledger in schema {schema} lacks step {missing[0].number} of its layout; {again}.")


def has_ledger(connection: Connection, schema: str) -> bool:
    """Whether anything was recorded in this schema."""
    with connection.cursor(row_factory=tuple_row) as cursor:
        there = cursor.execute(
            "SELECT 1 FROM pg_class WHERE relnamespace = to_regnamespace(quote_ident(%s))"
            " AND relname = 'stored_events'",
            (schema,),
        ).fetchone()
        if there is None:
            return False
        return cursor.execute(_sql("SELECT 1 FROM {s}.stored_events LIMIT 1", schema)).fetchone() is not None
