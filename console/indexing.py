"""The verbs about the identity index: identity check, identity rebuild.

The index leads from a UPN or a MIS id to a child, and lies beside the log. It can be lost, or be touched by someone
who holds the database; whoever holds the keys can compare it with the log, and build it again.
"""

from __future__ import annotations

from typing import Annotated, Any

import typer

from console import say
from console.options import FormatOption, JsonFlag, format_of, home_of
from console.problems import REFUSED
from console.say import Column, Format
from domain.ledger.rebuild import Compared, Mended, compare, mend


def identity_check(context: typer.Context, format_: FormatOption = Format.TABLE, json_: JsonFlag = False) -> None:
    """Compare the identity index with the log, row for row. Exit 1 if they differ; nothing is changed."""
    chosen = format_of(format_, json_)
    with home_of(context).reading() as ledger:
        found = compare(ledger.store, ledger.keys)
        say.note_simulated(ledger.simulated, chosen is not Format.TABLE)
    if chosen is Format.TABLE:
        _show(found)
        say.line(_verdict(found))
    else:
        _as_data(chosen, found, {})
    if not found.agree:
        raise typer.Exit(REFUSED)


def identity_rebuild(
    context: typer.Context,
    remove_unopened: Annotated[
        bool,
        typer.Option(
            "--remove-unopened",
            help="Remove rows that no entry gives even while some sealed parts cannot be opened.",
        ),
    ] = False,
    format_: FormatOption = Format.TABLE,
    json_: JsonFlag = False,
) -> None:
    """Put the identity index right from the log: add what is missing, remove what no entry gives.

    Exit 1 if rows were left that no entry gives.
    """
    chosen = format_of(format_, json_)
    with home_of(context).writing() as ledger:
        done = mend(ledger.store, ledger.keys, remove_unopened=remove_unopened)
        say.note_simulated(ledger.simulated, chosen is not Format.TABLE)
    if chosen is Format.TABLE:
        _show(done.before)
        say.line(_done(done))
    else:
        _as_data(chosen, done.before, {"added": done.added, "removed": done.removed, "left": done.left})
    if done.left:
        raise typer.Exit(REFUSED)


def _show(found: Compared) -> None:
    columns = [Column("Kind"), Column("Given by the log", right=True), Column("Missing from the index", right=True)]
    rows = [[kind, say.number(given), say.number(lacking)] for kind, (given, lacking) in found.by_kind.items()]
    say.table(columns, rows)
    if found.rebuilt.unopened:
        parts = say.counted(found.rebuilt.unopened, "sealed part cannot", "sealed parts cannot")
        say.line(f"{parts} be opened: the key was destroyed, or is not in this key store.")


def _verdict(found: Compared) -> str:
    if found.agree:
        return f"The index agrees with the log, row for row: {say.counted(found.kept, 'row', 'rows')}."
    missing = say.counted(len(found.missing), "row is", "rows are")
    extra = say.counted(len(found.extra), "row is", "rows are")
    return f"{missing} missing, and {extra} given by no entry; rollbook identity rebuild puts it right."


def _done(done: Mended) -> str:
    if done.before.agree:
        return "The index agreed with the log already: nothing was changed."
    added, removed = say.counted(done.added, "row was", "rows were"), say.counted(done.removed, "row was", "rows were")
    said = f"{added} added, {removed} removed."
    if done.left:
        left = say.counted(done.left, "row that no entry gives was", "rows that no entry gives were")
        said += (
            f" {left} left, because not every sealed part can be opened: if keys are missing, put the newest key store "
            "back; if they were destroyed on purpose, --remove-unopened removes these rows."
        )
    return said


def _as_data(chosen: Format, found: Compared, done: dict[str, int]) -> None:
    kinds = [{"kind": kind, "given": given, "missing": n} for kind, (given, n) in found.by_kind.items()]
    if chosen is Format.CSV:
        say.as_csv(("kind", "given", "missing"), kinds)
        return
    data: dict[str, Any] = {
        "agree": found.agree,
        "head": found.head,
        "kept": found.kept,
        "given": len(found.rebuilt.rows),
        "missing": len(found.missing),
        "extra": len(found.extra),
        "sealed_parts_opened": found.rebuilt.opened,
        "sealed_parts_unopened": found.rebuilt.unopened,
        **done,
        "kinds": kinds,
    }
    say.as_json(data)
