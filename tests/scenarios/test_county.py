"""A county in small goes in, and everything that was planted in it is found again in the ledger's events alone.

`make county` does the same with six hundred places and two hundred thousand pupils.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import pytest

from consumers.file_import import import_file
from consumers.outcome import Counts
from domain.ledger.keystore import KeyStore
from domain.ledger.ledger import Ledger, found
from domain.ledger.sqlite_store import open_sqlite
from projections.register import register
from simulation import Planted, Summary, simulate_year
from tests.answering import answers_of
from tests.finding import Finder, Who, act, everything
from tests.making import founding

RARE = frozenset(
    "academy_conversion boarder_marked dual_registration entered_twice evidence_received leave_granted leave_refused"
    " leave_withdrawn off_site_provision outage part_time place_not_taken_up placement_by_authority returner"
    " sixth_former starting_day_agreed temporary_upn_replaced term_rewritten transfer_received under_five whole_entry"
    " without_upn".split()
)
NOBODY = "nobody"


@dataclass(frozen=True)
class County:
    """A file, the ledger that took it in, and who is meant in it."""

    made: Summary
    ledger: Ledger
    counts: Counts
    who: Who

    def missing(self) -> list[str]:
        return Finder(self.ledger, self.made.planted, self.who).missing(self.made.planted)

    def found(self, others: Iterable[Planted]) -> dict[str, int]:
        """How many of these are found, by kind."""
        planted = list(others)
        finder = Finder(self.ledger, planted, self.who)
        finder.missing(planted)
        return dict(finder.counts)


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Iterator[County]:
    folder = tmp_path_factory.mktemp("county")
    made = simulate_year(folder / "county.avro", places=12, pupils=1_500, weeks=1, seed=805)
    ledger = found(open_sqlite(folder / "ledger.sqlite"), KeyStore.create(folder / "keys.sqlite"), founding())
    counts = import_file(ledger, made.path).counts
    who = Who(ledger, made.planted)
    act(ledger, made.planted, who)
    yield County(made, ledger, counts, who)
    ledger.store.close()
    ledger.keys.close()


def test_every_rarer_thing_happens_in_twelve_places_within_a_week(county: County) -> None:
    assert {planted.kind for planted in county.made.planted} >= RARE


def test_whatever_was_planted_is_found_again_in_the_events_alone(county: County) -> None:
    assert county.missing() == []


def test_nothing_is_held_at_the_end_but_the_faults(county: County) -> None:
    assert county.counts.adds_up
    assert county.counts.held == sum(int(planted.expect["rows"] or 0) for planted in county.made.ends_held)


def test_what_happened_to_somebody_else_is_not_found(county: County) -> None:
    """The finder can fail: of the same things said of a child who is nowhere, it finds none."""
    loose = ("settings_change", "academy_conversion")  # found by an operation and by two places, whoever it was
    planted = [one for one in county.made.planted if one.kind not in loose and one.expect["becomes"] != "held"]
    assert county.found(replace(one, pupils=(NOBODY,) * len(one.pupils)) for one in planted if one.pupils) == {}


def test_what_another_message_said_is_not_found(county: County) -> None:
    planted = [one for one in county.made.planted if one.messages and not one.pupils]
    planted = [one for one in planted if one.kind != "undecodable"]  # nobody can read which message it was
    assert len(planted) > 20
    assert county.found(replace(one, messages=("00" * 16,) * len(one.messages)) for one in planted) == {}


def test_who_boards_is_in_no_register(county: County) -> None:
    lines = {row["stream"][-32:] for row in everything(county.ledger, "BoardingRecorded") if row["boarder"] != "no"}
    marks = [row for row in everything(county.ledger, "MarkRecorded") if row["line"].hex() in lines]
    assert len(lines) > 10
    assert len(marks) == 1, "the one that was planted"


def test_the_register_says_of_every_entry_why_it_is_left_out_as_the_answers_do(county: County) -> None:
    with answers_of(county.ledger) as reader:
        told = reader.ask(
            "select p.id as place, l.id as line, c.session_date, c.session, c.why from counted_entry c"
            " join place_id p on p.place = c.place join line_id l on l.line = c.line"
        )
    said = {(line, day, "AM" if n == 1 else "PM"): why for _, line, day, n, why in told.iter_rows()}
    shown: dict[object, str] = {}
    for place in told["place"].unique().to_list():
        found = register(
            county.ledger,
            bytes.fromhex(place),
            told["session_date"].min(),  # type: ignore[arg-type]
            told["session_date"].max(),  # type: ignore[arg-type]
            asked_for=bytes.fromhex(place),
        )
        columns = {(column.day, column.session): column for column in found.columns}
        for row in found.rows:
            for spot, cell in row.cells.items():
                if cell.code is not None:
                    shown[row.line.hex(), *spot] = row.left_out(columns[spot])
    assert {"", "unmapped", "boarder"} <= set(said.values())
    assert {key: why for key, why in said.items() if shown.get(key) != why} == {}
