"""From a ledger to its answers: reads the entries that are new, and brings every answer up to the ledger's head."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

from domain.ledger.ledger import Ledger
from domain.moments import local_date
from projections import answers
from projections.engines.engine import Asked, Engine, dictionaries
from projections.facts.load import WINDOW, Loader
from projections.facts.names import KINDS, Names
from projections.facts.rules import rules
from projections.runner import Done, Head, Runner, Window

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Projector:
    """A ledger, an engine, and what was folded on the way: going on costs only what is new."""

    def __init__(self, ledger: Ledger, engine: Engine) -> None:
        """`engine` is this process's own: one projector writes a store of answers at a time."""
        self.engine = engine
        self._ledger = ledger
        self.runner = Runner(engine, answers.every(), rules())
        self._loader = Loader(ledger, known_names(engine))

    def catch_up(
        self,
        told: Callable[[str], None] = lambda _: None,
        window: int = WINDOW,
        read: Callable[[int], None] = lambda _: None,
    ) -> Done:
        """Bring the answers up to the ledger's head, and publish them.

        `told` hears the name of each answer before it is made; `read`, before, up to which position entries were read.
        """
        position, recorded_at = self._ledger.store.head()
        first = self.runner.loaded() + 1

        def windows() -> Iterator[Window]:
            for found in self._loader.windows(first, position, window) if first <= position else ():
                read(found.last)
                yield found.last, found.facts

        done = self.runner.catch_up(windows(), Head(position, instant(recorded_at)), told)
        self.engine.publish()
        return done


def known_names(engine: Engine) -> Names:
    """The numbers that a store of answers has given."""
    names = Names()
    for kind in KINDS:
        names.restore(kind, dictionaries(engine.rows(f"select {kind}, id, first_position from {kind}_id")))  # noqa: S608
    names.put_lines((int(line), int(place)) for line, place in engine.rows("select distinct line, place from line"))
    return names


def instant(micros: int) -> datetime:
    """UTC microseconds as answers have them: without a zone."""
    return (_EPOCH + timedelta(microseconds=micros)).replace(tzinfo=None)


def asked_at(ledger: Ledger, moment: int | None) -> Asked:
    """The moment of a question: the last position that counts, the moment itself and its local date.

    None asks as now: of a simulated ledger that is its own now.
    """
    when = ledger.now() if moment is None else moment
    position = ledger.store.head()[0] if moment is None else ledger.store.last_position_at(moment)
    return Asked(position, instant(when), local_date(when))
