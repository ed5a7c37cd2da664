"""The verbs: what each is called, what it does in a few words, an example of it, and where its function is.

A table, because a verb's function is loaded when it is typed: all of them, with a Kafka client, a simulator and a
painter, take a second that nobody who asks for a register should wait for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any, Final

import typer
from typer.core import TyperGroup

Made = Any
"""A verb or group as Typer runs it: of a type that it does not export."""


@dataclass(frozen=True, eq=False)
class Verb:
    """One verb."""

    where: str
    """module:function; or module:function(word) for a function that makes the verb's."""
    does: str
    example: str


@dataclass(frozen=True, eq=False)
class Group:
    """Verbs that share their first word."""

    title: str
    does: str
    verbs: Mapping[str, Verb | Group]


@dataclass(frozen=True, eq=False)
class Record:
    """The group `record`, whose verbs are the commands that a person may say."""

    title: str
    does: str


_SCHOOL: Final = "--place 8052001"
_OWNER: Final = "--owner rollbook_owner"
_BROKER: Final = "--bootstrap broker.example:9093 --tls"


def _returns_of(kind: str) -> Verb:
    return Verb(
        f"console.returning:list_verb({kind})",
        f"Whose {kind.replace('-', ' ')} must be returned.",
        f"returns {kind} {_SCHOOL} --open",
    )


VERBS: Final[Mapping[str, Verb | Group | Record]] = {
    "init": Verb("console.founding:init_verb", "Found a ledger.", "init --authority 805 --name Hartlepool"),
    "place": Group(
        "Places: schools and units whose registers are kept.",
        "Describe the schools.",
        {
            "add": Verb(
                "console.speaking:place_add",
                "Describe a school.",
                "place add --laestab 8052001 --urn 100001 --name 'Marram Primary' --phase primary",
            )
        },
    ),
    "source": Group(
        "Sources: systems that may speak for a place.",
        "Say who may speak for them.",
        {
            "add": Verb(
                "console.speaking:source_add",
                "Say who may speak for a place.",
                "source add --system SIMS --place 8052001=S1 --carries person,reason,entry_time",
            )
        },
    ),
    "simulate": Verb(
        "console.taking:simulate_verb",
        "Write a made-up authority's messages.",
        "simulate year.avro --places 4 --pupils 900 --weeks 7 --seed 805",
    ),
    "import": Verb("console.taking:import_verb", "Take files of messages in.", "import year.avro"),
    "intake": Verb(
        "console.streaming:intake_verb", "Take messages in from Kafka.", f"intake {_BROKER} --user rollbook-intake"
    ),
    "publish": Verb(
        "console.streaming:publish_verb",
        "Publish the entries to Kafka.",
        f"publish {_BROKER} --user rollbook-publisher",
    ),
    "register": Verb(
        "console.reading:register_verb",
        "A week of a register, at any moment.",
        "register 8052001 --week 2025-09-01 --as-at '2025-09-05 18:00'",
    ),
    "history": Verb(
        "console.reading:history_verb", "All that was recorded of a pupil.", "history A805200017129 --changed"
    ),
    "totals": Verb(
        "console.reading:totals_verb", "Sessions, counted as published.", "totals --as-at 2025-09-30 --json"
    ),
    "cohort": Verb(
        "console.absence:cohort_verb",
        "Who is persistently or severely absent.",
        f"cohort persistent {_SCHOOL} --as-at 2025-10-17",
    ),
    "returns": Group(
        "Returns to the authority: who, why, until when; and what was sent, closed and asked for.",
        "Who must be returned, and what was.",
        {
            **{kind: _returns_of(kind) for kind in ("new-pupil", "deletion", "attendance", "sickness")},
            "periods": Verb(
                "console.returning:periods_verb",
                "When each school closes its attendance return.",
                f"returns periods {_SCHOOL}",
            ),
            "made": Verb(
                "console.returning:made_verb",
                "Record that returns were made.",
                "returns made attendance 8052001/3fa9c2d1 --channel portal --receipt 10417",
            ),
            "show": Verb("console.returning:show_verb", "What was sent with one.", "returns show 90412"),
            "close": Verb(
                "console.returning:close_verb",
                "Close an attendance return, also when empty.",
                "returns close 8052001 --from 2025-10-01 --to 2025-10-31",
            ),
            "asked": Verb(
                "console.returning:asked_verb",
                "The authority asks for more returns.",
                "returns asked new-pupil 8052001 --on 2025-09-01",
            ),
        },
    ),
    "labels": Verb(
        "console.oddities:labels_verb", "What is odd about the registers.", f"labels late_at_school {_SCHOOL}"
    ),
    "answers": Verb(
        "console.querying:answers_verb", "What can be asked, and by what law.", "answers persistent_absence"
    ),
    "sql": Verb(
        "console.querying:sql_verb",
        "A question of your own.",
        'sql "select laestab, name from place_now order by name" --format csv',
    ),
    "export": Verb(
        "console.exporting:export_verb", "Figures in the published shape.", "export figures --new-la-code E06000001"
    ),
    "plot": Verb(
        "console.plotting:plot_verb", "A picture of attendance or absence.", f"plot attendance weeks.png {_SCHOOL}"
    ),
    "project": Verb("console.projecting:project_verb", "Bring the answers up to the ledger.", "project --follow"),
    "server": Group(
        "The server profile: who may read the answers in PostgreSQL.",
        "The server profile: who may read the answers.",
        {
            "answers": Verb(
                "console.analysts:answers_verb", "Make the schemas and roles of answers.", f"server answers {_OWNER}"
            ),
            "analyst": Group(
                "Analysts: logins that read answers, each of its own places.",
                "Who sees what.",
                {
                    "add": Verb(
                        "console.analysts:analyst_add",
                        "Let somebody read.",
                        f"server analyst add jo {_SCHOOL} {_OWNER}",
                    ),
                    "remove": Verb(
                        "console.analysts:analyst_remove",
                        "Let somebody read no more.",
                        f"server analyst remove jo {_OWNER}",
                    ),
                    "list": Verb("console.analysts:analyst_list", "Who sees what.", f"server analyst list {_OWNER}"),
                },
            ),
        },
    ),
    "status": Verb("console.reading:status_verb", "How the ledger stands.", "status"),
    "held": Group(
        "What could not be taken: kept, encrypted, and ready to be tried again.",
        "What could not be taken.",
        {
            "list": Verb("console.holding:held_list", "What waits, and what to do.", "held list"),
            "show": Verb("console.holding:held_show", "One held input.", "held show 3fa9c2d1 --reveal"),
            "replay": Verb("console.holding:held_replay", "Try again.", "held replay"),
            "dismiss": Verb(
                "console.holding:held_dismiss",
                "Say that it is not to be taken.",
                "held dismiss 3fa9c2d1 --why 'A test message of the supplier'",
            ),
        },
    ),
    "identity": Group(
        "The identity index: what leads from a UPN or a MIS id to a child.",
        "Compare the identity index with the log; rebuild it.",
        {
            "check": Verb("console.indexing:identity_check", "Compare it with the log, row for row.", "identity check"),
            "rebuild": Verb("console.indexing:identity_rebuild", "Put it right from the log.", "identity rebuild"),
        },
    ),
    "record": Record("Say something as a person: COMMAND --help shows its fields.", "Say something as a person."),
    "demo": Verb("console.demo:demo_verb", "Tell the story, from nothing.", "--home demo-data demo"),
}


class Commands(MutableMapping[str, Made]):
    """The verbs of a group by name, each made when it is first asked for; Typer may put others beside them."""

    def __init__(self, verbs: Mapping[str, Verb | Group | Record]) -> None:
        self.verbs = verbs
        self._made: dict[str, Made] = {}

    def __getitem__(self, name: str) -> Made:
        if name not in self._made:
            self._made[name] = _made(name, self.verbs[name])
        return self._made[name]

    def __setitem__(self, name: str, made: Made) -> None:
        self._made[name] = made

    def __delitem__(self, name: str) -> None:
        del self._made[name]

    def __iter__(self) -> Iterator[str]:
        yield from self.verbs
        yield from (name for name in self._made if name not in self.verbs)

    def __len__(self) -> int:
        return len({*self.verbs, *self._made})


class Verbs(TyperGroup):
    """A group whose verbs are loaded when they are typed."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - Typer gives it
        """The names: nothing is loaded for them."""
        return list(self.commands)

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002
        """Each verb, and what it does in a few words."""
        assert isinstance(self.commands, Commands)
        with formatter.section("Commands"):
            formatter.write_dl([(name, verb.does) for name, verb in self.commands.verbs.items()])


def app(title: str, kind: type[TyperGroup] = Verbs, **more: Any) -> typer.Typer:
    """A group of verbs, empty."""
    return typer.Typer(
        help=title,
        cls=kind,
        rich_markup_mode=None,
        no_args_is_help=not more.get("invoke_without_command"),
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
        **more,
    )


@cache
def _made(name: str, verb: Verb | Group | Record) -> Made:
    if isinstance(verb, Verb):
        return _single(name, _function(verb.where), verb.does, verb.example)
    if isinstance(verb, Group):
        return _group(app(verb.title), verb.verbs)
    from console import recording

    group = app(verb.title, invoke_without_command=True)
    group.callback()(recording.record_list)
    said = recording.commands()
    made = _group(group, {key: Verb("", recording.short_help(one), "") for key, one in said.items()})
    for key, one in said.items():
        made.commands[key] = _single(key, recording.verb_of(one), recording.short_help(one), recording.example(one))
    return made


def _group(group: typer.Typer, verbs: Mapping[str, Verb | Group]) -> Made:
    if group.registered_callback is None:
        # Without one, Typer takes what has no verbs of its own for nothing.
        group.callback()(lambda: None)
    made: Any = typer.main.get_command(group)
    made.commands = Commands(verbs)
    return made


def _single(name: str, function: Callable[..., Any], does: str, example: str) -> Made:
    one = typer.Typer(rich_markup_mode=None, add_completion=False, pretty_exceptions_enable=False)
    one.command(name, short_help=does, epilog=f"\b\nExample:\n  rollbook {example}")(function)
    return typer.main.get_command(one)


def _function(where: str) -> Callable[..., Any]:
    module, _, name = where.partition(":")
    name, _, word = name.rstrip(")").partition("(")
    found: Callable[..., Any] = getattr(import_module(module), name)
    return found(word) if word else found
