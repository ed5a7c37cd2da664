"""Who may speak: places and sources by the operator, through the same intake as everything else."""

from __future__ import annotations

from datetime import date

from console.home import Home
from domain.moments import days
from projections.asking import place_at, places_called
from tests.console.conftest import Command

INIT = ("init", "--authority", "805", "--name", "Hartlepool")
PLACE = ("place", "add", "--laestab", "8052001", "--name", "Marram Primary", "--phase", "primary", "--urn", "100001")


def test_a_source_is_registered_for_its_places_and_gets_a_topic(rollbook: Command) -> None:
    rollbook(*INIT)
    assert rollbook(*PLACE).code == 0
    said = rollbook(
        "source", "add", "--system", "SIMS", "--place", "8052001=S1", "--carries", "person,reason",
        "--from", "2025-08-01", "--json",
    )  # fmt: skip
    assert said.code == 0, said.err
    source = said.data["source"]
    assert said.data["topic"] == f"attendance.mis.{source}"
    with Home(rollbook.home).reading() as ledger:
        place = place_at(ledger, places_called(ledger, "100001")[0], ledger.store.head()[0])
        described = place.sources[bytes.fromhex(source)]
        carried = [what for what in ("person", "reason", "entry_time", "deletes") if described[f"carries_{what}"]]
        assert (described["system"], described["from"], carried) == (
            "SIMS",
            days(date(2025, 8, 1)),
            ["person", "reason"],
        )
        key = ledger.shared.identity_key("local_place", source, "S1")
        assert [row.id for row in ledger.store.find_identities([key])[key]] == [place.id]


def test_a_place_that_nobody_described_is_refused_and_nothing_recorded(rollbook: Command) -> None:
    rollbook(*INIT)
    before = rollbook("status", "--json").data["entries"]
    said = rollbook("source", "add", "--system", "SIMS", "--place", "8059999")
    assert said.code == 1
    assert "rollbook place add" in said.err
    assert rollbook("status", "--json").data["entries"] == before


def test_a_place_is_described_once(rollbook: Command) -> None:
    rollbook(*INIT)
    assert rollbook(*PLACE).code == 0
    said = rollbook(*PLACE)
    assert (said.code, "known here already" in said.err) == (1, True)


def test_what_a_source_cannot_carry_is_a_misuse(rollbook: Command) -> None:
    rollbook(*INIT)
    said = rollbook("source", "add", "--system", "SIMS", "--place", "8052001", "--carries", "rumours")
    assert (said.code, "rumours" in said.err) == (2, True)
    said = rollbook("source", "add", "--system", "SIMS", "--place", "8052001", "--route", "pigeon")
    assert (said.code, "--route" in said.err) == (2, True)


def test_only_a_simulated_ledger_is_told_what_time_it_is(rollbook: Command) -> None:
    rollbook(*INIT)
    assert rollbook(*PLACE, "--now", "2025-08-01").code == 2
    other = Command(rollbook.home.with_name("other"))
    other(*INIT, "--clock", "simulated")
    assert other(*PLACE, "--now", "2025-08-01 09:00").code == 0
    assert other("status", "--json").data["last_recorded_at"] == "2025-08-01T08:00:00.000000Z"
