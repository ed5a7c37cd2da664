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
from typer.exceptions import TyperException

from console import verbs
from console.home import Home
from console.problems import MISUSED, REFUSED, Misused, Refused

DEFAULT_HOME = "rollbook-data"
DEBUG = "ROLLBOOK_DEBUG"
"""Set in the environment, it lets an error that Rollbook does not know show where it came from."""


def _says_why() -> tuple[type[Exception], ...]:
    """Errors whose message is a sentence for a person. Loaded when there is an error: where they are is much else."""
    from eventsourcing.persistence import PersistenceError

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

    return (
        NotFounded, NotDeliveries, BytesGone, SealBroken, KeyRefused, KeyStoreRefused, KeysMissing,
        ImportedElsewhere, ReaderEnded, PersistenceError, KeysOfAnother, NoBroker, StreamBroken, CannotPublish,
    )  # fmt: skip


class Rollbook(verbs.Verbs):
    """The command: all verbs, with one way out for every error."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = verbs.Commands(verbs.VERBS)

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
        except Refused as error:
            _complain(str(error))
            code = REFUSED
        except Exception as error:
            code = REFUSED
            if isinstance(error, _says_why()):
                _complain(str(error))
            elif isinstance(error, OSError):
                _complain(f"{error.filename}: {error.strerror}" if error.filename else str(error))
            elif DEBUG in os.environ:
                raise
            else:
                _complain(f"Something went wrong that should not ({type(error).__name__}); set {DEBUG}=1 to see where.")
        sys.exit(code)


def _complain(sentence: str) -> None:
    """One sentence on stderr."""
    first = sentence.strip().splitlines()[0] if sentence.strip() else "Something is missing."
    print(f"rollbook: {first}", file=sys.stderr)


app = verbs.app(
    "The attendance ledger: every mark kept, every amendment shown, every answer as at any day.", kind=Rollbook
)
_HOME_HELP = f"The ledger's folder (default: $ROLLBOOK_HOME, else ./{DEFAULT_HOME})."


@app.callback()
def rollbook(
    context: typer.Context,
    home: Annotated[Path | None, typer.Option("--home", metavar="DIR", help=_HOME_HELP)] = None,
) -> None:
    """Keep and read the attendance registers of a local authority or a trust."""
    context.obj = Home(home or Path(os.environ.get("ROLLBOOK_HOME") or DEFAULT_HOME))


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
