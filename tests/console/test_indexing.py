"""identity check and identity rebuild, as the operator types them."""

from __future__ import annotations

from domain.ledger.keystore import KeyStore
from domain.ledger.store import IdentityRow
from tests.console.conftest import Command
from tests.making import School

STRANGER = IdentityRow(b"?" * 32, b"!" * 16, 0)


def command_of(school: School) -> Command:
    return Command(school.folder)


def test_an_index_that_agrees_is_said_to_agree(school: School) -> None:
    said = command_of(school)("identity", "check")
    assert said.code == 0
    assert "agrees with the log, row for row" in said.out
    assert "mis_pupil" in said.out


def test_an_index_that_was_touched_is_found_wanting_and_put_right(school: School) -> None:
    rollbook, store = command_of(school), school.ledger.store
    kept = list(store.all_identities())
    store.replace_identities([STRANGER], kept[:2])
    said = rollbook("identity", "check")
    assert said.code == 1
    assert "2 rows are missing, and 1 row is given by no entry; rollbook identity rebuild puts it right." in said.out
    said = rollbook("identity", "rebuild")
    assert said.code == 0
    assert "2 rows were added, 1 row was removed." in said.out
    assert list(store.all_identities()) == kept
    assert "nothing was changed" in rollbook("identity", "rebuild").out


def test_as_data_it_counts_by_kind(school: School) -> None:
    said = command_of(school)("identity", "check", "--json")
    data = said.data
    assert (data["agree"], data["missing"], data["extra"], data["sealed_parts_unopened"]) == (True, 0, 0, 0)
    assert data["kept"] == data["given"] == sum(kind["given"] for kind in data["kinds"])
    assert {"kind": "line", "given": 3, "missing": 0} in data["kinds"]


def test_neither_verb_prints_what_leads_to_a_child(school: School) -> None:
    school.enters("Dora", upn="A805200017129")
    for verb in ("check", "rebuild"):
        said = command_of(school)("identity", verb)
        assert "Dora" not in said.out + said.err
        assert "A805200017129" not in said.out + said.err


def test_rows_whose_key_is_gone_stay_until_the_operator_says_that_it_was_destroyed(school: School) -> None:
    rollbook = command_of(school)
    for line in school.entries("LineOpened")[:1]:
        school.ledger.keys.destroy([line["sealed_key"]])
    said = rollbook("identity", "rebuild")
    assert said.code == 1
    assert "1 sealed part cannot be opened" in said.out
    assert "2 rows that no entry gives were left" in said.out
    said = rollbook("identity", "rebuild", "--remove-unopened", "--json")
    assert (said.code, said.data["removed"], said.data["left"]) == (0, 2, 0)
    assert rollbook("identity", "check").code == 0


def test_a_key_store_that_is_not_the_ledgers_own_is_refused_in_a_sentence(school: School) -> None:
    school.close()
    for file in school.folder.glob("keys.sqlite*"):
        file.unlink()
    KeyStore.create(school.folder / "keys.sqlite").close()
    said = command_of(school)("identity", "rebuild")
    assert said.code == 1
    assert said.err == (
        "rollbook: The key store beside this ledger opens nothing in it, so the identity index cannot be built from "
        "it; put back the key store that belongs to it.\n"
    )
