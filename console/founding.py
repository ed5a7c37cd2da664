"""The verb that founds a ledger: init."""

from __future__ import annotations

from typing import Annotated

import typer

from console import say
from console.home import CLOCKS, KEYS_FILE, PROFILES
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
    connection: Annotated[
        str | None, typer.Option("--connection", metavar="URL", help="Of the server profile: postgresql://...")
    ] = None,
    format_: FormatOption = Format.TABLE,
    json_: JsonFlag = False,
) -> None:
    """Found a ledger: make its keys and its first entries, and print the recovery key, once."""
    chosen = format_of(format_, json_)
    if len(authority) != LA_CODE_DIGITS or not (authority.isascii() and authority.isdigit()):
        raise Misused(f"An authority's code has three digits, such as 805; {authority!r} does not.")
    if not name.strip():
        raise Misused("A ledger needs the name of its authority or trust.")
    for said, allowed, option in ((profile, PROFILES, "--profile"), (clock, CLOCKS, "--clock")):
        if said not in allowed:
            raise Misused(f"{option} is {' or '.join(allowed)}, not {said!r}.")
    if (profile == "server") != (connection is not None):
        raise Misused("The server profile needs --connection, and the embedded one has none.")
    home = home_of(context)
    made = home.make(
        la_code=authority, name=name.strip(), profile=profile, clock=clock, origin=origin, connection=connection
    )
    if chosen is Format.JSON:
        say.as_json(
            {
                "home": str(home.path),
                "origin": made.founding.origin,
                "log_key": made.founding.log_key,
                "recovery_key": made.recovery_text,
            }
        )
        return
    say.heading(f"A ledger for {made.founding.name} ({authority}) is founded in {home.path}")
    say.line(f"Origin:        {made.founding.origin}")
    say.line(f"Log key:       {made.founding.log_key}")
    say.line(f"Recovery key:  {made.recovery_text}")
    say.line()
    say.line(
        "Write the recovery key on paper and keep it away from this machine: it is shown this once and stored nowhere. "
        "Publish origin and log key where others can see them."
    )
    say.line(f"Back up {SIGNING_KEY_FILE} and {KEYS_FILE} apart from the ledger: they sign for it, and open its names.")
    if clock == "simulated":
        say.note_simulated(True, False)
