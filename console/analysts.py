"""The server profile's answers: `server answers` makes their schemas and roles, `server analyst` says who sees what.

Both come as the owner of the ledger's tables: neither writer nor projector can give anybody anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console import say
from console.home import Home
from console.options import FormatOption, JsonFlag, format_of, home_of
from console.problems import Misused, Refused
from console.say import Format

if TYPE_CHECKING:
    from projections.engines.postgres_layout import Layout

OwnerOption = Annotated[
    str, typer.Option("--owner", metavar="ROLE", help="The owner of the ledger's tables, as whom to come.")
]


@contextmanager
def _as_owner(home: Home, owner: str) -> Iterator[tuple[Any, Layout]]:
    """A session of the owner, and the names of what belongs to this ledger."""
    server = home.settings.server
    if server is None:
        raise Refused(
            f"The ledger in {home.path} is of the {home.settings.profile} profile: its answers are a file, and have no"
            " roles."
        )
    from projections.engines.postgres_layout import Layout

    with server.connected(owner) as connection:
        yield connection, Layout(server.schema)


def answers_verb(
    context: typer.Context,
    owner: OwnerOption,
    format_: FormatOption = Format.TABLE,
    json_: JsonFlag = False,
) -> None:
    """Make or mend the schemas and roles that answers and analysts need, and say what was done."""
    chosen = format_of(format_, json_)
    with _as_owner(home_of(context), owner) as (connection, layout):
        from projections.engines.postgres_layout import left_for_others, set_up

        did = set_up(connection, layout)
        left = left_for_others(connection, layout)
    if chosen is Format.JSON:
        say.as_json({"did": did, "left_to_do": left})
        return
    for sentence in did or ["Nothing to do: schemas, roles and rights are as they should be."]:
        say.line(sentence)
    for sentence in left:
        say.line(f"Left to do: {sentence}", "bold")
    if did:
        say.line(
            f"rollbook project comes as {layout.projector}: give that role a password (psql: \\password"
            f" {layout.projector}) and write it into ~/.pgpass."
        )


def analyst_add(
    context: typer.Context,
    login: Annotated[str, typer.Argument(metavar="LOGIN", help="The role as which the analyst logs in.")],
    owner: OwnerOption,
    all_: Annotated[bool, typer.Option("--all", help="Every place.")] = False,
    authority: Annotated[
        list[str] | None, typer.Option("--authority", metavar="CODE", help="The places of an authority; repeatable.")
    ] = None,
    place: Annotated[
        list[str] | None, typer.Option("--place", metavar="PLACE", help="LAESTAB, URN or id; repeatable.")
    ] = None,
    characteristics: Annotated[
        bool, typer.Option("--characteristics", help="Also what is said of pupils: SEN, FSM, ethnicity, ...")
    ] = False,
    offences: Annotated[
        bool, typer.Option("--offences", help="Also criminal-offence data: code Y5 and ground (j) as they are.")
    ] = False,
) -> None:
    """Let a login read the schema `analyst`: of these places and no others. Again replaces what was said before."""
    if not (all_ or authority or place):
        raise Misused("Say what the analyst sees: --all, --authority CODE or --place PLACE.")
    with _as_owner(home_of(context), owner) as (connection, layout):
        from projections.engines.postgres_logins import Sees, add, place_of

        sees = [Sees("all")] if all_ else []
        sees += [Sees("authority", code) for code in authority or ()]
        sees += [Sees("place", place_of(connection, layout, one)) for one in place or ()]
        opens = [what for what, yes in (("characteristics", characteristics), ("offences", offences)) if yes]
        for sentence in add(connection, layout, login, sees, opens):
            say.line(sentence)


def analyst_remove(
    context: typer.Context,
    login: Annotated[str, typer.Argument(metavar="LOGIN", help="The role as which the analyst logs in.")],
    owner: OwnerOption,
) -> None:
    """Take everything from an analyst, at once; the role stays."""
    with _as_owner(home_of(context), owner) as (connection, layout):
        from projections.engines.postgres_logins import remove

        for sentence in remove(connection, layout, login):
            say.line(sentence)


def analyst_list(
    context: typer.Context,
    owner: OwnerOption,
    format_: FormatOption = Format.TABLE,
    json_: JsonFlag = False,
) -> None:
    """Who sees what."""
    chosen = format_of(format_, json_)
    with _as_owner(home_of(context), owner) as (connection, layout):
        from projections.engines.postgres_logins import in_words, listed

        analysts = listed(connection, layout)
    if chosen is Format.JSON:
        say.as_json([{"login": a.login, "sees": [list(s) for s in a.sees], "opens": list(a.opens)} for a in analysts])
        return
    for analyst in analysts:
        say.line(
            f"{analyst.login}: {in_words(analyst.sees)}{', with ' if analyst.opens else ''}{', '.join(analyst.opens)}"
        )
    if not analysts:
        say.line("Nobody; rollbook server analyst add lets somebody in.")
