"""Analysts of a ledger in PostgreSQL: who may log in, of which places they see rows, and what is opened to them.

What an analyst may see is rows of two tables that only the owner writes; the views read them at every question, so a
change counts at once. A login without a row sees nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import psycopg
from psycopg.rows import tuple_row
from psycopg.sql import SQL, Identifier, Literal

from domain.ledger.postgres_setup import NotReady
from projections.engines.postgres_layout import Layout, first_line, powers_of, put

Connection = psycopg.Connection[Any]

SETTINGS: Final = (
    ("statement_timeout", "5min"),
    ("idle_in_transaction_session_timeout", "1min"),
    ("lock_timeout", "30s"),
    ("default_transaction_read_only", "on"),
)
"""For good citizens: a session may set the others again. What holds is that nothing is granted but reading views."""


class Sees(NamedTuple):
    """One entitlement."""

    what: str
    """all, authority or place."""
    value: str = ""
    """The authority's three digits, or the id of the place; empty for all."""


@dataclass(frozen=True, slots=True)
class Analyst:
    """An analyst as the guard knows them."""

    login: str
    sees: tuple[Sees, ...]
    opens: tuple[str, ...]
    """characteristics, offences: what is shown to this login beyond attendance."""


def place_of(connection: Connection, layout: Layout, said: str) -> str:
    """The id of a place by its LAESTAB, URN or id. Refuses, with NotReady, one that no answer knows."""
    digits = said.replace("/", "")
    with connection.cursor(row_factory=tuple_row) as cursor:
        try:
            found = cursor.execute(
                put(
                    "SELECT DISTINCT id FROM {guard}.place_called"
                    " WHERE id = %(said)s OR laestab = %(digits)s OR urn = %(said)s",
                    layout,
                ),
                {"said": said, "digits": digits},
            ).fetchall()
        except psycopg.errors.UndefinedTable:
            raise NotReady("There are no answers yet, and so no places; run rollbook project first.") from None
    if len(found) != 1:
        raise NotReady(f"{'Several places are' if found else 'No place is'} called {said}; give its id.")
    return str(found[0][0])


def add(connection: Connection, layout: Layout, login: str, sees: Sequence[Sees], opens: Sequence[str]) -> list[str]:
    """Make a login an analyst who sees exactly this, as the owner; in one transaction.

    Returns a sentence for each thing done. Refuses, with NotReady: a login that could pass the guards anyway, and what
    the owner may not do.
    """
    with connection.transaction(), connection.cursor(row_factory=tuple_row) as cursor:
        did = []
        try:
            if not cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (login,)).fetchone():
                cursor.execute(SQL("CREATE ROLE {} LOGIN").format(Identifier(login)))
                did.append(f"Made the role {login}; it has no password yet.")
            if too_much := powers_of(cursor, layout, login):
                raise NotReady(f"The role {login} {' and '.join(too_much)}, so no view could hold it; name another.")
            member = cursor.execute("SELECT pg_has_role(%s, %s, 'MEMBER')", (login, layout.analysts)).fetchall()[0][0]
            if not member:
                cursor.execute(SQL("GRANT {} TO {}").format(Identifier(layout.analysts), Identifier(login)))
                did.append(f"Made {login} a member of {layout.analysts}.")
                _settle(cursor, layout, login)
            for table in ("may_see", "may_open"):
                cursor.execute(put(f"DELETE FROM {{guard}}.{table} WHERE login = %s", layout), (login,))  # noqa: S608
            cursor.executemany(
                put("INSERT INTO {guard}.may_see VALUES (%s, %s, %s)", layout), [(login, *one) for one in set(sees)]
            )
            cursor.executemany(
                put("INSERT INTO {guard}.may_open VALUES (%s, %s)", layout), [(login, what) for what in set(opens)]
            )
        except psycopg.errors.InsufficientPrivilege as error:
            raise NotReady(
                f"The role {connection.info.user} may not do that ({first_line(error)}); come as the owner of the "
                "ledger's tables, or let a superuser make the login."
            ) from error
        except psycopg.errors.UndefinedTable:
            raise NotReady("The database is not set up for answers; run rollbook server answers first.") from None
    return [*did, f"{login} sees {in_words(sees)}{_opened(opens)}."]


def remove(connection: Connection, layout: Layout, login: str) -> list[str]:
    """From now on this login sees nothing. The role stays: others may use it for other things."""
    with connection.transaction(), connection.cursor(row_factory=tuple_row) as cursor:
        for table in ("may_see", "may_open"):
            cursor.execute(put(f"DELETE FROM {{guard}}.{table} WHERE login = %s", layout), (login,))  # noqa: S608
        if not cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (login,)).fetchone():
            return [f"There is no role {login}; whatever it could see is taken away."]
        cursor.execute(SQL("REVOKE {} FROM {}").format(Identifier(layout.analysts), Identifier(login)))
    return [f"{login} sees nothing any more; to remove the role, run: DROP ROLE {login};"]


def listed(connection: Connection, layout: Layout) -> list[Analyst]:
    """Every analyst: members of the role, and whoever else has a row."""
    with connection.cursor(row_factory=tuple_row) as cursor:
        sees = cursor.execute(put("SELECT login, what, value FROM {guard}.may_see ORDER BY 1, 2, 3", layout)).fetchall()
        opens = cursor.execute(put("SELECT login, what FROM {guard}.may_open ORDER BY 1, 2", layout)).fetchall()
        members = cursor.execute(
            "SELECT m.rolname FROM pg_auth_members a JOIN pg_roles m ON m.oid = a.member"
            " JOIN pg_roles g ON g.oid = a.roleid WHERE g.rolname = %s AND NOT a.admin_option",
            (layout.analysts,),
        ).fetchall()
    logins = sorted({row[0] for row in (*sees, *opens, *members)})
    return [
        Analyst(
            login,
            tuple(Sees(what, value) for name, what, value in sees if name == login),
            tuple(what for name, what in opens if name == login),
        )
        for login in logins
    ]


def in_words(sees: Sequence[Sees]) -> str:
    """What an analyst sees, as part of a sentence."""
    if any(one.what == "all" for one in sees):
        return "every place"
    authorities = [one.value for one in sees if one.what == "authority"]
    places = sum(one.what == "place" for one in sees)
    parts = [f"the places of authority {value}" for value in authorities]
    parts += [f"{places} place{'' if places == 1 else 's'}"] if places else []
    return " and ".join(parts) or "nothing"


def _opened(opens: Sequence[str]) -> str:
    words = {"characteristics": "characteristics", "offences": "criminal-offence data"}
    return f", with {' and '.join(words[what] for what in sorted(set(opens)))}" if opens else ""


def _settle(cursor: psycopg.Cursor[Any], layout: Layout, login: str) -> None:
    database = Identifier(cursor.connection.info.dbname)
    for name, value in SETTINGS:
        cursor.execute(
            SQL("ALTER ROLE {} IN DATABASE {} SET {} = {}").format(
                Identifier(login), database, Identifier(name), Literal(value)
            )
        )
    cursor.execute(
        SQL("ALTER ROLE {} IN DATABASE {} SET search_path = {}").format(
            Identifier(login), database, Identifier(layout.analyst)
        )
    )
