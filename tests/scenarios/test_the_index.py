"""The identity index is what the log says: rebuilt from sealed parts it is the same, and without the keys it is nothing."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from consumers.file_import import import_file
from domain.identity import GIVES
from domain.ledger.keystore import KeyStore
from domain.ledger.rebuild import Compared, KeysOfAnother, LogMoved, compare, mend
from domain.ledger.store import Batch, IdentityRow
from domain.pupil import key_of
from tests.making import LAESTAB, LOCAL_ID, NEXT_YEAR, OPERATOR, SIMS, School, container

UPN = "A805200017129"
STRANGER = IdentityRow(b"?" * 32, b"!" * 16, 19_000)


@pytest.fixture
def office(school: School, tmp_path: Path) -> School:
    """Two school years with everything in them that leads from outside to an id."""
    school.describes_place("2025-08-28 10:00", ukprn="10012345")
    school.registers_source("2025-08-28 10:01", b"E" * 16, places=[{"urn": "100001", "local_id": "M1"}])
    school.enters("Dora", upn=UPN, group="7B")
    school.enters("Eve", upn="T805200017130", former_upn="B805200017131", group="7C")
    school.says("StaffStated", "2025-09-01 08:00", staff=[{"user_id": "T9", "kind": "staff", "name": "Ms Pike"}])
    school.takes("7B", "2025-09-01 AM", "09:01", Ann="/", Dora="N")
    school.leaves("Ben", "2025-10-24", "2025-10-24 16:00")
    school.enters("Ben", at="2026-01-05 08:00", starting_day="2026-01-05")
    school.plans("2026-07-01 09:00", terms=[NEXT_YEAR])
    school.takes("8B", "2026-09-02 AM", "09:05", Ann="/", Ben="/", Dora="/")
    school.says("StaffStated", "2026-09-03 08:00", staff=[{"user_id": "T9", "kind": "staff", "name": "Mrs Carp"}])
    school.enters("Fay", at="2026-09-03 08:30", starting_day="2026-09-03", group="7B")
    late = school.delivery("PupilsStated", "2026-09-04 08:00", whole=False, pupils=[])
    import_file(school.ledger, container(tmp_path / "late.avro", late))
    return school


def compared(school: School, keys: KeyStore | None = None) -> Compared:
    return compare(school.ledger.store, keys or school.ledger.keys)


def index(school: School) -> list[IdentityRow]:
    return list(school.ledger.store.all_identities())


@pytest.fixture
def no_keys(tmp_path: Path) -> Iterator[KeyStore]:
    """A fresh key store."""
    with KeyStore.create(tmp_path / "fresh.sqlite") as made:
        yield made


# --- row for row


def test_the_index_rebuilt_is_the_index_kept_row_for_row(office: School) -> None:
    found = compared(office)
    assert found.agree
    assert found.matching == found.kept == len(index(office)) > 40
    assert found.rebuilt.unopened == 0
    kinds = "group import laestab line local_place mis_pupil person pupil_of_line ukprn upn urn"
    assert list(found.by_kind) == kinds.split()


@pytest.mark.parametrize(
    "restated",
    [
        lambda school: school.describes_place("2025-09-01 10:00", **{"from": "2019-09-01"}),
        lambda school: school.describes_place("2025-08-01 10:00", urn="100001", laestab="8059999"),
        lambda school: school.registers_source("2025-09-01 10:00", SIMS, **{"from": "2019-09-01"}),
        lambda school: school.registers_source("2025-09-01 10:00", SIMS, places=[{"urn": "100001"}], system="Arbor"),
        lambda school: school.registers_source("2025-09-01 10:00", SIMS, ended="2026-01-01"),
        lambda school: school.enters("Ann", starting_day="2025-09-02"),
    ],
    ids=["place from another day", "place overtaken", "source from another day", "source without its id of the place",
         "source ended", "pupil from another day"],
)  # fmt: skip
def test_what_is_said_again_otherwise_leaves_no_row_that_the_log_does_not_give(
    school: School, restated: Callable[[School], object]
) -> None:
    restated(school)
    assert compared(school).agree


def test_only_topics_that_lead_somewhere_are_read(office: School, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, ...]] = []
    store, joined = office.ledger.store, office.ledger.store.joined

    def watched(*args: object, topics: tuple[str, ...] = (), **more: object) -> object:
        asked.append(topics)
        return joined(*args, topics=topics, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(store, "joined", watched)
    assert compared(office).agree
    assert asked == [tuple(GIVES)]


# --- put right


def test_a_lost_index_comes_back_from_the_log(office: School) -> None:
    kept, store = index(office), office.ledger.store
    store.drop_identities(kept)
    assert compared(office).matching == 0
    done = mend(store, office.ledger.keys)
    assert (done.added, done.removed, done.left) == (len(kept), 0, 0)
    assert index(office) == kept
    again = office.reopened()
    again.takes("8B", "2026-09-04 AM", "09:05", Ann="/", Dora="/")
    assert again.register("2026-09-04 AM") == {"Ann": "/", "Dora": "/"}
    again.close()


def test_what_somebody_took_out_or_put_in_is_found_and_put_right(office: School) -> None:
    kept, store = index(office), office.ledger.store
    store.replace_identities([STRANGER], kept[3:5])
    found = compared(office)
    assert not found.agree
    assert set(found.missing.select("key", "id", "valid_from").iter_rows()) == set(kept[3:5])
    assert list(found.extra.iter_rows()) == [STRANGER]
    done = mend(store, office.ledger.keys)
    assert (done.added, done.removed, done.left) == (2, 1, 0)
    assert index(office) == kept
    assert mend(store, office.ledger.keys).before.agree


def test_rows_that_others_add_while_the_index_is_read_are_no_strangers(
    office: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = office.ledger.store
    busy, read = iter(["Gil", "Hal"]), store.all_identities

    def meanwhile() -> Iterator[IdentityRow]:
        for name in busy:
            office.enters(name, at="2026-09-05 08:00")
            break
        return read()

    monkeypatch.setattr(store, "all_identities", meanwhile)
    assert compared(office).agree
    store.replace_identities([STRANGER], ())
    assert mend(store, office.ledger.keys).removed == 1
    assert compared(office).agree


def test_nothing_is_put_right_while_others_never_stop_writing(office: School, monkeypatch: pytest.MonkeyPatch) -> None:
    store = office.ledger.store
    store.replace_identities([STRANGER], ())
    read = store.all_identities

    def meanwhile() -> Iterator[IdentityRow]:
        office.enters(f"Newcomer {office.head}", at="2026-09-05 08:00")
        return read()

    monkeypatch.setattr(store, "all_identities", meanwhile)
    with pytest.raises(LogMoved, match="stop the intake"):
        mend(store, office.ledger.keys)
    assert STRANGER in read()
    store.drop_identities([STRANGER])


# --- without the keys


def test_without_the_key_store_not_one_row_can_be_rebuilt(office: School, no_keys: KeyStore) -> None:
    found = compared(office, no_keys)
    assert (found.matching, found.rebuilt.opened) == (0, 0)
    assert len(found.extra) == found.kept
    clear = {"import", "laestab", "ukprn", "urn"}
    assert set(found.by_kind) == clear  # and of these every row is another: the lookup key makes them


def test_a_key_store_of_another_ledger_is_refused_and_changes_nothing(
    office: School, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = School.founded(tmp_path_factory.mktemp("elsewhere"))
    kept = index(office)
    with pytest.raises(KeysOfAnother, match="opens nothing"):
        mend(office.ledger.store, other.ledger.keys, remove_unopened=True)
    assert index(office) == kept
    office.ledger.store.drop_identities(kept)
    with pytest.raises(KeysOfAnother):
        mend(office.ledger.store, other.ledger.keys)
    assert index(office) == []
    office.ledger.store.replace_identities(kept, ())
    other.close()


def test_an_old_copy_of_the_key_store_costs_no_way_to_a_child(school: School, tmp_path: Path) -> None:
    school = school.reopened()  # so that nothing of the keys lies in a log beside their file
    shutil.copy(tmp_path / "keys.sqlite", tmp_path / "backup.sqlite")
    school.enters("Dora", upn=UPN)
    kept = index(school)
    with KeyStore.open(tmp_path / "backup.sqlite") as old:
        done = mend(school.ledger.store, old)
    assert (done.added, done.removed, done.left) == (0, 0, 4)
    assert index(school) == kept
    school.close()


def test_what_was_sealed_under_a_destroyed_key_does_not_come_back(office: School) -> None:
    store, keys = office.ledger.store, office.ledger.keys
    [dora] = {e.stream for e in office.entries("UpnGiven") if e.text.get("upn") == UPN}
    key = keys.find("pupil", key_of(bytes.fromhex(dora.removeprefix("pupil/"))).owner)
    assert key is not None
    keys.destroy([key.id])
    found = compared(office)
    assert found.rebuilt.unopened == 2  # given a UPN, given an id by the source
    assert (len(found.missing), len(found.extra)) == (0, 2)
    assert mend(store, keys).left == 2
    assert len(compared(office).extra) == 2
    done = mend(store, keys, remove_unopened=True)
    assert (done.removed, done.left) == (2, 0)
    after = compared(office)
    assert after.agree
    assert after.rebuilt.unopened == 2


def test_the_operators_name_for_a_place_is_found_under_the_operators_source(school: School) -> None:
    school.registers_source("2025-09-01 10:00", OPERATOR, places=[{"laestab": LAESTAB, "local_id": f"{LOCAL_ID}-1"}])
    assert compared(school).by_kind["local_place"] == (3, 0)


def test_rows_of_a_batch_are_written_in_an_order_that_tells_nothing(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A table that keeps rows as they came would show the row of a line beside the row that leads to its pupil."""
    written: list[list[bytes]] = []
    append = school.ledger.store.append

    def seen(batch: Batch, *rest: Any, **more: Any) -> Any:
        written.append([row.key for row in batch.identity])
        return append(batch, *rest, **more)

    monkeypatch.setattr(school.ledger.store, "append", seen)
    school.enters("Dee", "Eve", "Fay", at="2025-09-02 08:00")
    (keys,) = written
    assert len(keys) == 9
    assert keys == sorted(keys), "by the keyed hash of what they are found by"
