"""Importing a school's past: which files these are, for which place and source, and what of them waits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from console.options import now_of, past_of, the_place
from console.problems import Misused, Refused
from consumers.file_import import Incoming
from consumers.history_import import container_history, is_container, open_tables, table_history
from consumers.history_tables import About, NotATable, Table
from domain.ledger.held import Waiting
from domain.ledger.ledger import Ledger
from domain.moments import Meant, end_of_day, from_days
from projections.asking import place_at, upto

SHORTEST_SOURCE = 4
"""How many hex digits of a source's id are enough to name it by."""
MOST_SENTENCES = 20
"""How many held inputs are said at the end of an import; rollbook held list has them all."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What was typed beside the files."""

    place: str | None = None
    source: str | None = None
    exported: Meant | None = None
    now: Meant | None = None


@dataclass(slots=True)
class Past:
    """The files of a history, each read whole and found good, before anything is written."""

    containers: list[Incoming]
    tables: list[tuple[Path, Table]]
    _labels: dict[str, str] = field(default_factory=dict)
    """The name of each table's file, by what its sentences call it."""

    def ready(self, ledger: Ledger, asked: Asked) -> list[Incoming]:
        """The files in order: containers as given, then tables as is best. Refuses an unknown place or source."""
        heard = now_of(ledger, asked.now)
        if not self.tables:
            if asked.place or asked.source:
                raise Misused("--place and --source are for CSV tables: messages say themselves whose they are.")
            return self.containers
        if not asked.place or not asked.source:
            raise Misused("CSV tables do not say whose they are: give --place and --source.")
        place = the_place(ledger, asked.place)
        moment = self._moment(ledger, asked, heard)
        about = About(
            source=_source(ledger, place, asked.source),
            urn=_described(ledger, place, "urn"),
            laestab=_described(ledger, place, "laestab"),
            exported_at=moment if asked.exported is None else past_of(ledger, asked.exported, moment),
            received_at=moment,
        )
        if about.urn is None and about.laestab is None:
            raise Refused("This place has neither a LAESTAB nor a URN by which a table could be taken in for it.")
        return [*self.containers, *(table_history(path, table, about) for path, table in self.tables)]

    def _moment(self, ledger: Ledger, asked: Asked, heard: int) -> int:
        """When this is heard. A simulated clock stands where it was told, and never before what the tables tell of:
        else all that would lie in its future."""
        if asked.now is not None or not ledger.simulated:
            return heard
        told = [table.covers() for _, table in self.tables]
        last = max((covered[1] for covered in told if covered is not None), default=None)
        return max(
            heard,
            heard if asked.exported is None else asked.exported.at(heard),
            heard if last is None else end_of_day(from_days(last)),
        )

    def held_sentences(self, held: Iterable[Waiting]) -> list[str]:
        """What waits of these files, a sentence each, by file and row."""
        said: list[str] = []
        for item in held:
            sentence = str(item.fields["sentence"])
            label = next((label for label in self._labels if f" of file {label}: " in sentence), None)
            if label is not None:
                said.append("  " + sentence.replace(f" of file {label}: ", f" of {self._labels[label]}: "))
        more = len(said) - MOST_SENTENCES
        return said if more <= 0 else [*said[:MOST_SENTENCES], f"  and {more} more: rollbook held list has them all"]


def open_past(files: Sequence[Path]) -> Past:
    """Read the files of a history. Refuses, with a sentence, one that is no such file; nothing is written by then."""
    try:
        tables = open_tables([file for file in files if not is_container(file)])
    except NotATable as error:
        raise Refused(str(error)) from None
    containers = [container_history(file) for file in files if is_container(file)]
    return Past(containers, tables, {table.label: path.name for path, table in tables})


def _described(ledger: Ledger, place: bytes, name: str) -> str | None:
    found: str | None = place_at(ledger, place, upto(ledger, None)).description.get(name)
    return found


def _source(ledger: Ledger, place: bytes, text: str) -> bytes:
    """The source that was meant, of those that may speak for the place: by the first digits of its id, or its name."""
    sources = place_at(ledger, place, upto(ledger, None)).sources
    wanted = text.strip().lower()
    named = [id for id, described in sources.items() if str(described.get("system", "")).lower() == wanted]
    by_id = [id for id in sources if len(wanted) >= SHORTEST_SOURCE and id.hex().startswith(wanted)]
    found = by_id or named
    if len(found) == 1:
        return found[0]
    known = ", ".join(f"{id.hex()[:8]} ({described['system']})" for id, described in sources.items())
    if found:
        raise Refused(f"{len(found)} sources of this place answer to {text}; say which by its id: {known}.")
    raise Refused(
        f"No source called {text} may speak for this place; there is {known or 'none'}: "
        "rollbook source add registers one."
    )
