"""An open ledger: its store, its keys, its clock, and the one way to write to it.

`settle` is that way: decide in a unit of work, append in one transaction, share what is now true. If another writer
was first, everything cached is forgotten and the decision taken again; the third time under the append lock.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from domain.authority import described
from domain.events import Event, Fields
from domain.ledger.bodies import open_state
from domain.ledger.caches import Shared
from domain.ledger.keystore import KeyStore
from domain.ledger.shared import system_clock
from domain.ledger.store import Appended, Batch, StaleDecision, Store, TrackingRow
from domain.ledger.unit import Unit
from domain.moments import academic_year, days, local_date
from schemas import catalogue

FOUNDING = "ledger/founding"
SCHEMAS = "ledger/schemas"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Founding:
    """What entry 0 says (docs/formats/1.md)."""

    origin: str
    authority: bytes
    la_code: str
    name: str
    log_key: str
    ml_dsa_key: str
    recovery_key: str
    index_bits: int
    clock: str
    """system, or simulated: for demonstrations and tests."""
    format_sha256: bytes

    def fields(self) -> Fields:
        """As the fields of LedgerFounded."""
        return {name: getattr(self, name) for name in self.__slots__} | {"format": 1}


class NotFounded(ValueError):
    """There is no ledger there, or one that this program cannot read."""


class Ledger:
    """One authority's ledger, open for reading and writing."""

    def __init__(self, store: Store, keys: KeyStore, cache_bound: int | None = None) -> None:
        founded = store.read_stream(FOUNDING)
        if not founded:
            raise NotFounded("There is no ledger here yet; make one with rollbook init.")
        fields, _ = open_state(founded[0].state, keys)
        self.store = store
        self.keys = keys
        self.shared = Shared(store, keys)
        if cache_bound is not None:
            self.shared.states.bound = cache_bound
        self.founding = Founding(**{k: v for k, v in fields.items() if k not in ("salt", "format")})
        self._schemas_checked = False
        store.simulated = self.simulated

    @property
    def authority(self) -> bytes:
        """Whose ledger it is."""
        return self.founding.authority

    @property
    def simulated(self) -> bool:
        """True if its clock follows the deliveries: whatever it prints must say so."""
        return self.founding.clock == "simulated"

    def now(self) -> int:
        """The moment at which something said now is heard: of a simulated clock, the last entry's."""
        return self.store.head()[1] if self.simulated else system_clock()

    def moment_of(self, received_at: int, current: int) -> int:
        """The moment of a delivery. A simulated clock stands at the largest `received_at` taken so far."""
        return max(received_at, current) if self.simulated else current

    @staticmethod
    def school_year_at(moment: int) -> int:
        """The academic year of a moment in London."""
        return academic_year(local_date(moment))

    def settle(
        self, decide: Callable[[Unit], T], tracking: Callable[[T], Sequence[TrackingRow]] | None = None
    ) -> tuple[T, Appended]:
        """Decide, append, share. `decide` may be called again, so it must not keep what it learned of a lost try.

        Raises AlreadyTaken where a tracking row stands at or past its position, ClockBehind where the clock is.
        """

        def attempt(append: Callable[[Batch], Appended]) -> tuple[T, Appended]:
            unit = Unit(self.shared, self.now(), self.shared.catch_up())
            try:
                self._register_schemas(unit)
                result = decide(unit)
                appended = append(unit.batch(tracking(result) if tracking else ()))
            except BaseException:
                # What the unit had taken out of the cache is gone with it; look-ups may have seen its own facts. The
                # next try must hear of other writers again.
                self.shared.forget_who_is_who()
                self.shared.others_wrote.update(unit.others_wrote)
                raise
            unit.committed(appended)
            self._schemas_checked = True
            return result, appended

        for _ in range(2):
            try:
                return attempt(self.store.append)
            except StaleDecision:
                self.shared.forget_everything()
        with self.store.locked() as append:
            return attempt(append)

    def _register_schemas(self, unit: Unit) -> None:
        """Every schema is recorded before its first use: a newer program adds those that this ledger lacks."""
        if self._schemas_checked:
            return
        registered = [open_state(row.state, self.keys)[0] for row in self.store.read_stream(SCHEMAS)]
        known = {fields["sha256"] for fields in registered}
        if all(s.sha256 in known for kind in catalogue.KINDS for s in catalogue.current(kind).values()):
            return
        # A text may differ in documentation only: then its fingerprint is registered already, and once is enough.
        canonical = {catalogue.read_schema("ledger", fields["schema"]).fingerprint for fields in registered}
        for kind in catalogue.KINDS:
            for schema in catalogue.current(kind).values():
                if schema.fingerprint not in canonical:
                    unit.record_new(_registration(schema))


def _registration(schema: catalogue.Schema) -> Event:
    fields = {"name": schema.name, "schema": schema.text, "sha256": schema.sha256}
    return Event(SCHEMAS, "SchemaRegistered", fields)


def found(store: Store, keys: KeyStore, founding: Founding) -> Ledger:
    """Found a ledger in an empty store: entry 0, the two schemas fixed by the format, then all others.

    Refuses, with NotFounded, a store that holds anything.
    """
    if store.head()[0]:
        raise NotFounded("There is a ledger here already; give another home.")
    store.simulated = founding.clock == "simulated"
    unit = Unit(Shared(store, keys), 0 if founding.clock == "simulated" else system_clock())
    unit.record_new(Event(FOUNDING, "LedgerFounded", founding.fields()))
    fixed = ("SchemaRegistered", "LedgerFounded")
    for name in fixed:
        unit.record_new(_registration(catalogue.ledger(name)))
    for kind in catalogue.KINDS:
        for schema in catalogue.current(kind).values():
            if schema.name not in fixed or kind != "ledger":
                unit.record_new(_registration(schema))
    today = days(local_date(unit.now))
    unit.record_new(described(founding.authority, founding.la_code, founding.name, today))
    unit.committed(store.append(unit.batch()))
    return Ledger(store, keys)
