"""The `rollbook` command: its verbs, their examples, and how every error ends: one sentence and an exit code.

Exit codes: 0 done; 1 refused, or found wanting; 2 misused.
"""

from __future__ import annotations

import atexit
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from eventsourcing.persistence import PersistenceError
from typer.core import TyperGroup
from typer.exceptions import TyperException

from console import analysts, recording, returning
from console.absence import cohort_verb
from console.demo import demo_verb
from console.exporting import export_verb
from console.founding import init_verb
from console.holding import held_dismiss, held_list, held_replay, held_show
from console.home import Home
from console.indexing import identity_check, identity_rebuild
from console.oddities import labels_verb
from console.plotting import plot_verb
from console.problems import MISUSED, REFUSED, Misused, Refused
from console.projecting import project_verb
from console.querying import answers_verb, sql_verb
from console.reading import history_verb, register_verb, status_verb, totals_verb
from console.recording import record_list
from console.speaking import place_add, source_add
from console.streaming import intake_verb, publish_verb
from console.taking import import_verb, simulate_verb
from consumers.ahead import ReaderEnded
from consumers.broker import NoBroker
from consumers.deliveries import NotDeliveries
from consumers.file_import import ImportedElsewhere
from consumers.publisher import CannotPublish
from consumers.streaming import StreamBroken
from domain.ledger.held import BytesGone
from domain.ledger.keystore import KeysMissing, KeyStoreRefused
from domain.ledger.ledger import NotFounded
from domain.ledger.rebuild import KeysOfAnother
from domain.sealing import SealBroken
from evidence.signing_keys import KeyRefused

DEFAULT_HOME = "rollbook-data"
DEBUG = "ROLLBOOK_DEBUG"
"""Set in the environment, it lets an error that Rollbook does not know show where it came from."""

SAYS_WHY = (
    Refused, NotFounded, NotDeliveries, BytesGone, SealBroken, KeyRefused, KeyStoreRefused, KeysMissing,
    ImportedElsewhere, ReaderEnded, PersistenceError, KeysOfAnother, NoBroker, StreamBroken, CannotPublish,
)  # fmt: skip
"""Errors whose message is a sentence for a person."""


class Verbs(TyperGroup):
    """The verbs, with one way out for every error."""

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run a verb and exit with its code."""
        extra["standalone_mode"] = False
        code = MISUSED
        try:
            code = super().main(*args, **extra) or 0
        except TyperException as error:
            text = error.format_message()
            if not text or text.startswith("Usage:"):
                print(text, file=sys.stderr)
                sys.exit(error.exit_code)
            path = getattr(getattr(error, "ctx", None), "command_path", "rollbook")
            _complain(f"{' '.join(text.split()).rstrip('.')}; see {path} --help.")
            code = error.exit_code
        except Misused as error:
            _complain(str(error))
        except SAYS_WHY as error:
            _complain(str(error))
            code = REFUSED
        except OSError as error:
            _complain(f"{error.filename}: {error.strerror}" if error.filename else str(error))
            code = REFUSED
        except Exception as error:
            if DEBUG in os.environ:
                raise
            _complain(f"Something went wrong that should not ({type(error).__name__}); set {DEBUG}=1 to see where.")
            code = REFUSED
        sys.exit(code)


def _complain(sentence: str) -> None:
    """One sentence on stderr."""
    first = sentence.strip().splitlines()[0] if sentence.strip() else "Something is missing."
    print(f"rollbook: {first}", file=sys.stderr)


def _app(help: str, **more: Any) -> typer.Typer:
    return typer.Typer(
        help=help,
        cls=Verbs,
        rich_markup_mode=None,
        no_args_is_help=not more.get("invoke_without_command"),
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
        **more,
    )


app = _app("The attendance ledger: every mark kept, every amendment shown, every answer as at any day.")
_HOME_HELP = f"The ledger's folder (default: $ROLLBOOK_HOME, else ./{DEFAULT_HOME})."


@app.callback()
def rollbook(
    context: typer.Context,
    home: Annotated[Path | None, typer.Option("--home", metavar="DIR", help=_HOME_HELP)] = None,
) -> None:
    """Keep and read the attendance registers of a local authority or a trust."""
    context.obj = Home(home or Path(os.environ.get("ROLLBOOK_HOME") or DEFAULT_HOME))


def _verb(group: typer.Typer, name: str, verb: Any, does: str, example: str) -> None:
    """A verb, what it does in a few words for the list of verbs, and an example under its help."""
    group.command(name, short_help=does, epilog=f"\b\nExample:\n  rollbook {example}")(verb)


_verb(app, "init", init_verb, "Found a ledger.", "init --authority 805 --name Hartlepool")
_place = _app("Places: schools and units whose registers are kept.")
_verb(
    _place,
    "add",
    place_add,
    "Describe a school.",
    "place add --laestab 8052001 --urn 100001 --name 'Marram Primary' --phase primary",
)
app.add_typer(_place, name="place", short_help="Describe the schools.")
_source = _app("Sources: systems that may speak for a place.")
_verb(
    _source,
    "add",
    source_add,
    "Say who may speak for a place.",
    "source add --system SIMS --place 8052001=S1 --carries person,reason,entry_time",
)
app.add_typer(_source, name="source", short_help="Say who may speak for them.")
_verb(
    app,
    "simulate",
    simulate_verb,
    "Write a made-up authority's messages.",
    "simulate year.avro --places 4 --pupils 900 --weeks 7 --seed 805",
)
_verb(app, "import", import_verb, "Take files of messages in.", "import year.avro")
_verb(
    app,
    "intake",
    intake_verb,
    "Take messages in from Kafka.",
    "intake --bootstrap broker.example:9093 --tls --user rollbook-intake",
)
_verb(
    app,
    "publish",
    publish_verb,
    "Publish the entries to Kafka.",
    "publish --bootstrap broker.example:9093 --tls --user rollbook-publisher",
)
_verb(
    app,
    "register",
    register_verb,
    "A week of a register, at any moment.",
    "register 8052001 --week 2025-09-01 --as-at '2025-09-05 18:00'",
)
_verb(app, "history", history_verb, "All that was recorded of a pupil.", "history A805200017129 --changed")
_verb(app, "totals", totals_verb, "Sessions, counted as published.", "totals --as-at 2025-09-30 --json")
_verb(
    app,
    "cohort",
    cohort_verb,
    "Who is persistently or severely absent.",
    "cohort persistent --place 8052001 --as-at 2025-10-17",
)
_returns = _app("Returns to the authority: who, why, until when; and what was sent, closed and asked for.")
for _kind in returning.Kind:
    _verb(
        _returns,
        _kind.value,
        returning.list_verb(_kind),
        f"Whose {_kind.value.replace('-', ' ')} must be returned.",
        f"returns {_kind.value} --place 8052001 --open",
    )
_verb(
    _returns,
    "periods",
    returning.periods_verb,
    "When each school closes its attendance return.",
    "returns periods --place 8052001",
)
_verb(
    _returns,
    "made",
    returning.made_verb,
    "Record that returns were made.",
    "returns made attendance 8052001/3fa9c2d1 --channel portal --receipt 10417",
)
_verb(_returns, "show", returning.show_verb, "What was sent with one.", "returns show 90412")
_verb(
    _returns,
    "close",
    returning.close_verb,
    "Close an attendance return, also when empty.",
    "returns close 8052001 --from 2025-10-01 --to 2025-10-31",
)
_verb(
    _returns,
    "asked",
    returning.asked_verb,
    "The authority asks for more returns.",
    "returns asked new-pupil 8052001 --on 2025-09-01",
)
app.add_typer(_returns, name="returns", short_help="Who must be returned, and what was.")
_verb(app, "labels", labels_verb, "What is odd about the registers.", "labels late_at_school --place 8052001")
_verb(app, "answers", answers_verb, "What can be asked, and by what law.", "answers persistent_absence")
_verb(
    app,
    "sql",
    sql_verb,
    "A question of your own.",
    'sql "select laestab, name from place_now order by name" --format csv',
)
_verb(app, "export", export_verb, "Figures in the published shape.", "export figures --new-la-code E06000001")
_verb(app, "plot", plot_verb, "A picture of attendance or absence.", "plot attendance weeks.png --place 8052001")
_verb(app, "project", project_verb, "Bring the answers up to the ledger.", "project --follow")
_server = _app("The server profile: who may read the answers in PostgreSQL.")
_verb(
    _server,
    "answers",
    analysts.answers_verb,
    "Make the schemas and roles of answers.",
    "server answers --owner rollbook_owner",
)
_analyst = _app("Analysts: logins that read answers, each of its own places.")
_verb(
    _analyst,
    "add",
    analysts.analyst_add,
    "Let somebody read.",
    "server analyst add jo --place 8052001 --owner rollbook_owner",
)
_verb(
    _analyst,
    "remove",
    analysts.analyst_remove,
    "Let somebody read no more.",
    "server analyst remove jo --owner rollbook_owner",
)
_verb(_analyst, "list", analysts.analyst_list, "Who sees what.", "server analyst list --owner rollbook_owner")
_server.add_typer(_analyst, name="analyst", short_help="Who sees what.")
app.add_typer(_server, name="server", short_help="The server profile: who may read the answers.")
_verb(app, "status", status_verb, "How the ledger stands.", "status")
_held = _app("What could not be taken: kept, encrypted, and ready to be tried again.")
_verb(_held, "list", held_list, "What waits, and what to do.", "held list")
_verb(_held, "show", held_show, "One held input.", "held show 3fa9c2d1 --reveal")
_verb(_held, "replay", held_replay, "Try again.", "held replay")
_verb(
    _held,
    "dismiss",
    held_dismiss,
    "Say that it is not to be taken.",
    "held dismiss 3fa9c2d1 --why 'A test message of the supplier'",
)
app.add_typer(_held, name="held", short_help="What could not be taken.")
_identity = _app("The identity index: what leads from a UPN or a MIS id to a child.")
_verb(_identity, "check", identity_check, "Compare it with the log, row for row.", "identity check")
_verb(_identity, "rebuild", identity_rebuild, "Put it right from the log.", "identity rebuild")
app.add_typer(_identity, name="identity", short_help="Compare the identity index with the log; rebuild it.")
_record = _app("Say something as a person: COMMAND --help shows its fields.", invoke_without_command=True)
_record.callback()(record_list)
for _one in recording.commands().values():
    _verb(_record, _one.name, recording.verb_of(_one), recording.short_help(_one), recording.example(_one))
app.add_typer(_record, name="record", short_help="Say something as a person.")
_verb(app, "demo", demo_verb, "Tell the story, from nothing.", "--home demo-data demo")


def main() -> None:
    """The command."""
    atexit.register(silence)
    app(prog_name="rollbook")


def silence() -> None:
    """Nothing is said after the last word: DuckDB's binding, once Polars read from it, tells at length on stderr of
    objects of its own that were alive when the interpreter ended, which is nobody's concern."""
    if "duckdb" in sys.modules:
        sys.stderr.flush()
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
