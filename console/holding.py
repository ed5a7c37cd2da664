"""The verbs about what could not be taken: held list, show, replay, dismiss."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from console import say
from console.options import AskedFor, FormatOption, JsonFlag, asked_for, format_of, home_of
from console.problems import REFUSED, Refused
from console.say import Column, Format
from console.streaming import connection_of
from console.taking import recorded_sentence
from console.words import short, stamp, when
from consumers.intake import Intake
from consumers.registry import registry_of
from consumers.schema_ids import SchemaIds, means_elsewhere
from domain.events import NOBODY
from domain.ledger.held import Waiting, kept_bytes, waiting
from domain.ledger.ledger import Ledger
from projections.asking import place_at, upto
from projections.who import Mentions
from schemas.codec import Undecodable, decode

RULES = {
    "g1": "cannot be read",
    "g2": "place unknown, or not this source's",
    "g3": "pupil unknown",
    "g4": "cannot exist",
    "g5": "refers to an entry that is not here",
    "g6": "not possible now",
}

HeldId = Annotated[str, typer.Argument(metavar="ID", help="Its id, as held list shows it.")]


def held_list(context: typer.Context, format_: FormatOption = Format.TABLE, json_: JsonFlag = False) -> None:
    """List what waits, oldest first, with what to do about it."""
    chosen = format_of(format_, json_)
    with home_of(context).reading() as ledger:
        found = waiting(ledger.store, ledger.keys)
        rows = [_data(item) for item in found]
        say.note_simulated(ledger.simulated, chosen is not Format.TABLE)
        if chosen is Format.TABLE:
            show_held(ledger, found)
    if chosen is Format.JSON:
        say.as_json(rows)
    elif chosen is Format.CSV:
        say.as_csv(list(_FIELDS), rows)


_FIELDS = ("held", "held_at", "rule", "rows", "place", "source", "sentence")


def _data(item: Waiting) -> dict[str, Any]:
    source = item.fields.get("source")
    return {
        "held": item.id.hex(),
        "held_at": stamp(item.held_at),
        "rule": item.rule,
        "rows": item.rows,
        "place": None if item.place is None else item.place.hex(),
        "source": None if source is None else source.hex(),
        "sentence": item.fields["sentence"],
    }


def show_held(ledger: Ledger, found: Sequence[Waiting]) -> None:
    """Print what waits."""
    if not found:
        say.line("Nothing is held.")
        return
    names = _place_names(ledger, found)
    columns = [
        Column("Id"),
        Column("Held since"),
        Column("Place", keep=False),
        Column("Rows", right=True),
        Column("Why, and what to do", keep=False),
    ]
    say.table(
        columns,
        [
            [
                short(item.id),
                when(item.held_at),
                names.get(item.place, ""),
                str(item.rows),
                str(item.fields["sentence"]),
            ]
            for item in found
        ],
    )


def _place_names(ledger: Ledger, found: Sequence[Waiting]) -> dict[bytes | None, str]:
    last = upto(ledger, None)
    places = {item.place for item in found if item.place is not None}
    return {place: place_at(ledger, place, last).description.get("name") or short(place) for place in places}


def held_show(
    context: typer.Context,
    held: HeldId,
    reveal: Annotated[bool, typer.Option("--reveal", help="Show the message too: it may hold names.")] = False,
    for_: AskedFor = None,
    format_: FormatOption = Format.TABLE,
    json_: JsonFlag = False,
) -> None:
    """Show one held input: rule, sentence, moment and rows; the message itself only with --reveal."""
    chosen = format_of(format_, json_)
    with home_of(context).reading() as ledger:
        item = _the_one(ledger, held)
        message = None
        if reveal:
            asks = asked_for(ledger, for_)
            own = asks is not None and asks == item.place
            kept = kept_bytes(ledger.store, ledger.keys, item.id)
            message = _message(kept, None if own else Mentions(ledger), item.fields["sentence"])
        say.note_simulated(ledger.simulated, chosen is not Format.TABLE)
    if chosen is Format.JSON:
        say.as_json(_data(item) | ({} if message is None else {"message": message}))
        return
    say.heading(f"Held {item.id.hex()}")
    say.line(f"Since:  {when(item.held_at)}")
    say.line(f"Rule:   {item.rule}, {RULES[item.rule]}")
    say.line(f"Rows:   {item.rows}")
    say.line(f"Why:    {item.fields['sentence']}")
    if message is None:
        say.line("The message is kept encrypted; --reveal shows it, and it may hold names.")
    else:
        say.as_json(message)


WITHHELD = "a restricted child: shown to the child's own place only, which asks with --for PLACE"


def _message(kept: bytes, mentions: Mentions | None, sentence: str) -> dict[str, Any]:
    """What was kept, as far as it can be read; `sentence` says why it is held.

    Where `mentions` says that a row names a restricted child, the row is left out: message and place together would
    tell where the child is. What nobody can read cannot be looked through, so it is left out too.
    """
    _, delivery = decode(kept)
    value: bytes = delivery["value"]
    try:
        if means_elsewhere(value, sentence):
            raise Undecodable("a schema registry's id, which means nothing here")  # noqa: TRY301 - as any other
        schema, message = decode(value)
    except Undecodable as fault:
        return {"unreadable": str(fault), "bytes": WITHHELD if mentions else value.hex()}
    if mentions and mentions.restricted(message["source"], message):
        message = {"withheld": WITHHELD}
    elif mentions:
        message = {name: _seen(field, message["source"], mentions) for name, field in message.items()}
    said = {"message_kind": schema.name, "received_at": stamp(delivery["received_at"])}
    return said | {name: _readable(field) for name, field in message.items()}


def _seen(field: Any, source: bytes, mentions: Mentions) -> Any:
    if not isinstance(field, list):
        return field
    return [
        {"withheld": WITHHELD} if isinstance(row, Mapping) and mentions.restricted(source, row) else row
        for row in field
    ]


def _readable(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Mapping):
        return {name: _readable(one) for name, one in value.items() if one is not None}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_readable(one) for one in value]
    return value


def held_replay(
    context: typer.Context,
    held: Annotated[
        list[str] | None, typer.Argument(metavar="[ID]...", help="Which; all that waits if none is given.")
    ] = None,
    format_: FormatOption = Format.TABLE,
    json_: JsonFlag = False,
) -> None:
    """Try again what waits, because its cause was mended. Exit 1 if any of it is still held."""
    chosen = format_of(format_, json_)
    home = home_of(context)
    registry = registry_of(connection_of(home))
    schema_ids = None if registry is None else SchemaIds(registry.ask)
    with home.writing() as ledger:
        ids = [_the_one(ledger, one).id for one in held] if held else None
        before = len(waiting(ledger.store, ledger.keys))
        intake = Intake(ledger, ids=schema_ids)
        counts = intake.replay_waiting(ids)
        still = len(intake.held)
        say.note_simulated(ledger.simulated, chosen is not Format.TABLE)
    if schema_ids is not None and schema_ids.trouble:
        say.remark(f"{schema_ids.trouble} What it has to explain is still held.")
    data = {"tried": before if ids is None else len(ids), "rows_taken": counts.replayed_earlier, "still_held": still}
    if chosen is Format.JSON:
        say.as_json(data)
    else:
        taken, left = counts.replayed_earlier, say.counted(still, "input is", "inputs are")
        say.line(f"{say.counted(taken, 'row was', 'rows were')} taken; {left} still held.")
        if counts.recorded:
            say.line(f"  {recorded_sentence(counts)}")
    if still:
        raise typer.Exit(REFUSED)


def held_dismiss(
    context: typer.Context,
    held: HeldId,
    why: Annotated[str, typer.Option("--why", help="The reason, kept sealed with the dismissal.")],
    format_: FormatOption = Format.TABLE,
    json_: JsonFlag = False,
) -> None:
    """Say that a held input is not to be taken, and why. That it was there stays recorded."""
    chosen = format_of(format_, json_)
    if not why.strip():
        raise Refused("A dismissal needs a reason.")
    with home_of(context).writing() as ledger:
        item = _the_one(ledger, held)
        Intake(ledger).dismiss(item.id, NOBODY, why.strip())
        say.note_simulated(ledger.simulated, chosen is not Format.TABLE)
    if chosen is Format.JSON:
        say.as_json({"dismissed": item.id.hex()})
    else:
        say.line(f"{short(item.id)} is dismissed; the ledger keeps that it came, and why it was not taken.")


def _the_one(ledger: Ledger, text: str) -> Waiting:
    digits = text.strip().lower()
    found = [item for item in waiting(ledger.store, ledger.keys) if digits and item.id.hex().startswith(digits)]
    if not found:
        raise Refused(f"Nothing is held under {text}; rollbook held list shows what is.")
    if len(found) > 1:
        raise Refused(f"{len(found)} held inputs begin with {text}; give more digits.")
    return found[0]
