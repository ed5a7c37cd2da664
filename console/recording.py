"""The verb for what a signed-in person says: `rollbook record COMMAND FIELD=VALUE ...`, or the same as JSON.

The commands and their fields are those of `domain.ledger.commands`: help, checks and look-ups are made from the classes
themselves, so that a new command is here as soon as it is there.
"""

from __future__ import annotations

import json
import re
import sys
import textwrap
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from functools import cache
from types import UnionType
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin, get_type_hints

import typer
from pydantic import ValidationError
from pydantic_core import PydanticUndefined

from console import say
from console.options import (
    FormatOption,
    JsonFlag,
    NowOption,
    date_of,
    format_of,
    home_of,
    now_of,
    the_one,
    the_place,
    the_pupil,
)
from console.problems import Misused, Refused
from console.say import Column, Format
from consumers.intake import Intake
from domain.identifiers import is_id
from domain.ledger.commands import HANDLERS, Command, Done, Names, carry_out
from domain.ledger.held import waiting
from domain.ledger.ledger import Ledger
from projections.asking import groups_called, lines_called, parents_called, persons_called, place_at, upto

WIDTH = 96
YES_NO: Mapping[str, bool] = {"yes": True, "true": True, "no": False, "false": False}


class FieldOf(NamedTuple):
    """A field of a command, as a person fills it in."""

    name: str
    kind: str
    """A name of `Names`, or date, number, yes or no, text, number or text, word."""
    words: tuple[str, ...]
    """The words that are allowed; none where any text is."""
    needed: bool
    default: Any
    about: str


class CommandOf(NamedTuple):
    """A command, as a person types it."""

    name: str
    made_by: type[Command]
    does: str
    """What it says, in the words of its class."""
    fields: tuple[FieldOf, ...]

    @property
    def needed(self) -> list[str]:
        """The fields that must be given."""
        return [one.name for one in self.fields if one.needed]


_SHOWN: Mapping[str, tuple[str, str]] = {
    Names.PLACE: ("a LAESTAB, a URN or an id", "8052001"),
    Names.PEOPLE_OF: ("a LAESTAB, a URN, an id, or the word authority", "8052001"),
    Names.PUPIL: ("a UPN or an id", "A805200017129"),
    Names.LINE: ("an id, as rollbook history shows it", "3fa9c2d1"),
    Names.PERSON: ("an id, as record name-person shows it", "5c01d2aa"),
    Names.SOURCE: ("an id, as rollbook status shows it", "77aa01b2"),
    Names.PARENT: ("an id", "1b2c3d4e"),
    Names.GROUP: ("a class, by its label or id", "7B"),
    "date": ("a date", "2025-09-01"),
    "number": ("a number", "1"),
    "yes or no": ("yes or no", "yes"),
    "text": ("text", "'...'"),
    "number or text": ("a number or text", "30"),
    "word": ("one of", ""),
}
"""By kind of field: what may be typed, and an example of it."""

_FIRST = (Names.PLACE, Names.PEOPLE_OF, Names.PUPIL)
"""Looked up before the others, which may be looked for among what belongs to these."""


@cache
def commands() -> Mapping[str, CommandOf]:
    """Every command by the name under which it is typed."""
    return {one.name: one for one in map(_command, HANDLERS)}


def _command(made_by: type[Command]) -> CommandOf:
    name = re.sub("(?<!^)(?=[A-Z])", "-", made_by.__name__).lower()
    hints = get_type_hints(made_by, include_extras=True)
    fields = [_field(one, hints[one], made_by.model_fields[one]) for one in made_by.model_fields if one != "by"]
    fields.append(_field("by", hints["by"], made_by.model_fields["by"]))
    return CommandOf(name, made_by, " ".join((made_by.__doc__ or "").split()), tuple(fields))


def _field(name: str, hint: Any, info: Any) -> FieldOf:
    kind, words = _kind(hint)
    default = None if info.default is PydanticUndefined else info.default
    return FieldOf(name, kind, words, bool(info.is_required()), default, info.description or "")


def _kind(hint: Any) -> tuple[str, tuple[str, ...]]:
    """The kind of a field and its words, from its type."""
    if get_origin(hint) is Annotated:
        base, *more = get_args(hint)
        names = [one for one in more if isinstance(one, Names)]
        return (names[0], ()) if names else _kind(base)
    if get_origin(hint) in (Union, UnionType):
        kinds = [_kind(one) for one in get_args(hint) if one is not type(None)]
        return kinds[0] if len(kinds) == 1 else ("number or text", ())
    if get_origin(hint) is Literal:
        return "word", tuple(map(str, get_args(hint)))
    return {date: "date", bool: "yes or no", int: "number", str: "text"}[hint], ()


# --- what is said


def make(ledger: Ledger, command: CommandOf, said: Mapping[str, str]) -> Command:
    """A command from what was typed. Refuses what is unknown here; what makes no sense is a misuse."""
    by_name = {one.name: one for one in command.fields}
    values: dict[str, Any] = {}
    for name in sorted(said, key=lambda name: by_name[name].kind not in _FIRST):
        values[name] = _value(ledger, by_name[name], said[name], values)
    try:
        return command.made_by(**values)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or command.name
        raise Misused(f"{where}: {first['msg'][0].lower()}{first['msg'][1:]}.") from None


def _value(ledger: Ledger, field: FieldOf, text: str, known: Mapping[str, Any]) -> Any:
    match field.kind:
        case "date":
            return date_of(text)
        case "number":
            if not re.fullmatch("[0-9]{1,18}", text.strip()):
                raise Misused(f"{field.name} is a number, not {text!r}.")
            return int(text)
        case "number or text":
            return int(text) if re.fullmatch("[0-9]{1,9}", text.strip()) else text
        case "yes or no":
            if text.strip().lower() not in YES_NO:
                raise Misused(f"{field.name} is yes or no, not {text!r}.")
            return YES_NO[text.strip().lower()]
        case "word":
            if text.strip() not in field.words:
                raise Misused(f"{field.name} is one of {', '.join(field.words)}, not {text!r}.")
            return text.strip()
        case "text":
            return text.strip()
        case _:
            return _id(ledger, field, text, known)


def _id(ledger: Ledger, field: FieldOf, text: str, known: Mapping[str, Any]) -> bytes:
    """The thing that was meant, by a number that people know or by the first digits of its id."""
    place, pupil = known.get("place"), known.get("pupil")
    match field.kind:
        case Names.PLACE:
            return the_place(ledger, text)
        case Names.PEOPLE_OF:
            return ledger.authority if text.strip().lower() == "authority" else the_place(ledger, text)
        case Names.PUPIL:
            return the_pupil(ledger, text, identity=True)
        case Names.LINE:
            return the_one("line", text, lines_called(ledger, text), "rollbook history --json shows the lines")
        case Names.PERSON:
            found = persons_called(ledger, text)
            return the_one("person", text, found, "name them first, with rollbook record name-person")
        case Names.PARENT if pupil is not None:
            return the_one("parent of this pupil", text, parents_called(ledger, pupil, text), "give the parent's id")
        case Names.GROUP if place is not None:
            return the_one("class of this place", text, groups_called(ledger, place, text), "give its label")
        case Names.SOURCE if place is not None:
            sources = place_at(ledger, place, upto(ledger, None)).sources
            found = [one for one in sources if one.hex().startswith(text.strip().lower())]
            return the_one("source of this place", text, found, "rollbook status lists the sources")
    if not is_id(text.strip()):
        raise Misused(f"{field.name} is an id: 32 hexadecimal digits.")
    return bytes.fromhex(text.strip())


def read_said(arguments: Iterable[str], command: CommandOf) -> dict[str, str]:
    """FIELD=VALUE arguments; `-` among them stands for a JSON object on standard input. All that is needed is there."""
    said: dict[str, str] = {}
    for argument in arguments:
        if argument == "-":
            pairs = _from_json(sys.stdin.read())
        else:
            name, is_one, value = argument.partition("=")
            if not is_one:
                raise Misused(
                    f"Write FIELD=VALUE, such as {command.fields[0].name}=...; {argument!r} has no equals sign."
                )
            pairs = {name.strip(): value}
        twice = sorted(said.keys() & pairs.keys())
        if twice:
            raise Misused(f"{', '.join(twice)} is said twice; say it once.")
        said |= pairs
    names = [one.name for one in command.fields]
    unknown = [name for name in said if name not in names]
    if unknown:
        raise Misused(f"{command.name} has no field {', '.join(unknown)}; it has {', '.join(names)}.")
    missing = [name for name in command.needed if name not in said]
    if missing:
        raise Misused(f"{command.name} also needs {', '.join(missing)}; see rollbook record {command.name} --help.")
    return said


def _from_json(text: str) -> dict[str, str]:
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise Misused("What stands on standard input is no JSON object of fields and values.")
    said = {}
    for name, value in found.items():
        if isinstance(value, bool):
            said[name] = "yes" if value else "no"
        elif isinstance(value, str | int):
            said[name] = str(value)
        elif value is not None:
            raise Misused(f"{name} is one value: text, a number, true or false.")
    return said


# --- the verbs


def record_list(context: typer.Context, json_: JsonFlag = False) -> None:
    """Say something as a person: the commands, one line each. COMMAND --help shows the fields of one."""
    if context.invoked_subcommand is not None:
        return
    if json_:
        say.as_json([_data(one) for one in commands().values()])
        return
    rows = [[one.name, short_help(one)] for one in commands().values()]
    say.table([Column("Command"), Column("What it says", keep=False)], rows)
    say.line("rollbook record COMMAND --help shows the fields of one.")


def _data(command: CommandOf) -> dict[str, Any]:
    return {
        "command": command.name,
        "does": command.does,
        "fields": [
            {
                "name": one.name,
                "kind": str(one.kind),
                "words": list(one.words),
                "needed": one.needed,
                "default": one.default,
                "about": one.about,
            }
            for one in command.fields
        ],
    }


def verb_of(command: CommandOf) -> Callable[..., None]:
    """The verb that says one command."""

    def verb(
        context: typer.Context,
        said: Annotated[
            list[str] | None, typer.Argument(metavar="FIELD=VALUE...", help="Or - for JSON on standard input.")
        ] = None,
        now: NowOption = None,
        format_: FormatOption = Format.TABLE,
        json_: JsonFlag = False,
    ) -> None:
        chosen = format_of(format_, json_)
        if chosen is Format.CSV:
            raise Misused("What was recorded is no table; ask for it as JSON.")
        values = read_said(said or (), command)
        with home_of(context).writing() as ledger:
            moment = now_of(ledger, now)
            answer = carry_out(ledger, make(ledger, command, values), moment)
            if not isinstance(answer, Done):
                raise Refused(answer.sentence)
            # What waited for want of a pupil or a place may be placed now.
            taken = Intake(ledger).replay_waiting().replayed_earlier if waiting(ledger.store, ledger.keys) else 0
            say.note_simulated(ledger.simulated, chosen is not Format.TABLE)
        if answer.remark:
            say.remark(answer.remark)
        _show(command, answer, taken, as_json=chosen is Format.JSON)

    verb.__doc__ = _help(command)
    return verb


def _show(command: CommandOf, done: Done, taken: int, *, as_json: bool) -> None:
    new = done.last >= done.first
    if as_json:
        made = None if done.made is None else done.made.hex()
        position = done.last if new else None
        say.as_json({"command": command.name, "position": position, "made": made, "rows_taken": taken})
        return
    say.line(f"Recorded at position {done.last}." if new else "That was on record already; nothing was added.")
    if done.made is not None:
        say.line(f"Its id is {done.made.hex()}")
    if taken:
        say.line(f"{say.counted(taken, 'row that waited was', 'rows that waited were')} taken.")


def short_help(command: CommandOf) -> str:
    """What it says, for the list of verbs: its first clause."""
    return re.split(r"[.:;] | \(", command.does)[0].rstrip(".") + "."


def example(command: CommandOf) -> str:
    """How it is typed, with every field that it needs."""
    shown = {one.name: one.words[0] if one.words else _SHOWN[one.kind][1] for one in command.fields}
    reason = ["reason"] if command.name.startswith("undo") else []
    return " ".join([f"record {command.name}", *(f"{name}={shown[name]}" for name in (*command.needed, *reason))])


def _help(command: CommandOf) -> str:
    wide = max(len(one.name) for one in command.fields) + 2
    lines = ["\b", "Fields, as FIELD=VALUE (* must be said):"]
    for one in command.fields:
        kind = ", ".join(one.words) if one.words else _SHOWN[one.kind][0]
        default = f" (else {'yes' if one.default is True else 'no' if one.default is False else one.default})"
        text = f"{kind}{default if one.default is not None else ''}{'. ' + one.about if one.about else ''}"
        first = f"{'*' if one.needed else ' '} {one.name.ljust(wide)}"
        lines += textwrap.wrap(text, WIDTH, initial_indent=first, subsequent_indent=" " * len(first))
    return f"{command.does}\n\n" + "\n".join(lines)
