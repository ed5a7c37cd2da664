"""The verb that founds a ledger: init."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from console import say
from console.home import CLOCKS, KEYS_FILE, PROFILES, Home, Made, SetUp
from console.options import FormatOption, JsonFlag, format_of, home_of
from console.problems import Misused
from console.say import Format
from evidence.signing_keys import SIGNING_KEY_FILE

LA_CODE_DIGITS = 3


def init_verb(
    context: typer.Context,
    authority: Annotated[str, typer.Option("--authority", metavar="CODE", help="The authority's three digits.")],
    name: Annotated[str, typer.Option("--name", help="The name of the authority or trust.")],
    profile: Annotated[str, typer.Option("--profile", help="embedded (SQLite) or server (PostgreSQL).")] = "embedded",
    clock: Annotated[
        str, typer.Option("--clock", help="system, or simulated for demonstrations and tests.")
    ] = "system",
    origin: Annotated[
        str | None, typer.Option("--origin", help="The ledger's own name in all evidence, ending in its number.")
    ] = None,
    database: Annotated[
        str | None,
        typer.Option("--database", metavar="URL", help="Server profile: postgresql://owner@host/database."),
    ] = None,
    schema: Annotated[
        str | None, typer.Option("--schema", help="Server profile: the ledger's schema (rollbook).")
    ] = None,
    writer: Annotated[
        str | None, typer.Option("--writer", metavar="ROLE", help="Server profile: who adds entries (rollbook_writer).")
    ] = None,
    reader: Annotated[
        str | None, typer.Option("--reader", metavar="ROLE", help="Server profile: who reads them (rollbook_reader).")
    ] = None,
    format_: FormatOption = Format.TABLE,
    json_: JsonFlag = False,
) -> None:
    """Found a ledger: make its keys and its first entries, and print the recovery key, once.

    On the server profile also: make or mend schema, tables, guards and roles, say what was done, and again is nothing
    to do.
    """
    chosen = format_of(format_, json_)
    if len(authority) != LA_CODE_DIGITS or not (authority.isascii() and authority.isdigit()):
        raise Misused(f"An authority's code has three digits, such as 805; {authority!r} does not.")
    if not name.strip():
        raise Misused("A ledger needs the name of its authority or trust.")
    for said, allowed, option in ((profile, PROFILES, "--profile"), (clock, CLOCKS, "--clock")):
        if said not in allowed:
            raise Misused(f"{option} is {' or '.join(allowed)}, not {said!r}.")
    home = home_of(context)
    if profile == "embedded":
        if given := [o for o, said in (("--database", database), ("--schema", schema)) if said is not None]:
            raise Misused(f"{given[0]} is an option of --profile server; the embedded profile keeps a file.")
        made = home.make(la_code=authority, name=name.strip(), clock=clock, origin=origin)
        _tell(home, SetUp(made, made.settings, [], []), chosen)
        return
    if database is None:
        raise Misused("The server profile needs --database, such as postgresql://owner@host/database.")
    result = home.set_up(
        database,
        la_code=authority,
        name=name.strip(),
        clock=clock,
        origin=origin,
        schema=schema,
        writer=writer,
        reader=reader,
    )
    _tell(home, result, chosen)


def _tell(home: Home, result: SetUp, chosen: Format) -> None:
    made, server = result.made, result.settings.server
    if chosen is Format.JSON:
        data: dict[str, Any] = {"home": str(home.path), "origin": result.settings.origin}
        if made is not None:
            data |= {"log_key": made.founding.log_key, "recovery_key": made.recovery_text}
        if server is not None:
            data |= {"did": result.did, "left_to_do": result.left}
        say.as_json(data)
        return
    if server is not None:
        say.heading(f"The {server.called}")
        for sentence in result.did or ["Nothing to do: schema, tables, guards and rights are as they should be."]:
            say.line(sentence)
        for sentence in result.left:
            say.line(f"Left to do: {sentence}", "bold")
        if made is not None:
            say.line(
                f"Day to day this home comes as {server.writer}: give that role a password (psql: \\password "
                f"{server.writer}) and write it into ~/.pgpass, or let pg_hba.conf map this account to it."
            )
            say.line()
    if made is not None:
        _tell_founding(home, made)


def _tell_founding(home: Home, made: Made) -> None:
    founding = made.founding
    say.heading(f"A ledger for {founding.name} ({founding.la_code}) is founded in {home.path}")
    say.line(f"Origin:        {founding.origin}")
    say.line(f"Log key:       {founding.log_key}")
    say.line(f"Recovery key:  {made.recovery_text}")
    say.line()
    say.line(
        "Write the recovery key on paper and keep it away from this machine: it is shown this once and stored nowhere. "
        "Publish origin and log key where others can see them."
    )
    say.line(f"Back up {SIGNING_KEY_FILE} and {KEYS_FILE} apart from the ledger: they sign for it, and open its names.")
    if founding.clock == "simulated":
        say.note_simulated(True, False)
