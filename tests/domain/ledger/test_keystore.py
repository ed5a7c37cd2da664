"""The key store: owner-only, durable before its entries, swept of orphans, and silent once a key is destroyed."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.ledger.keystore import Key, KeysMissing, KeyStore, KeyStoreRefused, NewKey, Swept
from tests.examples import examples

LINE = "admission-register/" + "a" * 32 + "/" + "b" * 32
PUPIL = "pupil/" + "c" * 32
PEOPLE = "people/" + "a" * 32


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys.sqlite"


@pytest.fixture
def store(path: Path) -> Iterator[KeyStore]:
    with KeyStore.create(path) as made:
        yield made


def confirmed(path: Path) -> dict[bytes, bool]:
    connection = sqlite3.connect(path)
    try:
        return {row[0]: bool(row[1]) for row in connection.execute("SELECT id, confirmed FROM keys")}
    finally:
        connection.close()


def nobody(owners: list[str]) -> set[str]:
    return set()


def everybody(owners: list[str]) -> set[str]:
    return set(owners)


def test_a_new_store_and_what_sqlite_keeps_beside_it_are_for_their_owner_only_whatever_the_umask(
    tmp_path: Path,
) -> None:
    for name, mask in (("open", 0o000), ("tight", 0o277)):
        folder = tmp_path / name
        folder.mkdir()
        old = os.umask(mask)
        try:
            with KeyStore.create(folder / "keys.sqlite") as store:
                store.new_keys([NewKey("pupil", PUPIL)])
                modes = {file.name: file.stat().st_mode & 0o777 for file in folder.iterdir()}
        finally:
            os.umask(old)
        assert modes == dict.fromkeys(("keys.sqlite", "keys.sqlite-wal", "keys.sqlite-shm"), 0o600)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o666])
@pytest.mark.parametrize("name", ["keys.sqlite", "keys.sqlite-wal"])
def test_a_store_that_others_can_use_is_refused_with_what_to_do(path: Path, name: str, mode: int) -> None:
    KeyStore.create(path).close()
    file = path.with_name(name)
    file.touch()
    file.chmod(mode)
    with pytest.raises(KeyStoreRefused, match=f"can be used by others.*chmod 600 .*{name}$"):
        KeyStore.open(path)


def test_a_store_is_never_made_over_a_file(path: Path) -> None:
    path.write_bytes(b"precious")
    with pytest.raises(KeyStoreRefused, match="never overwritten"):
        KeyStore.create(path)
    assert path.read_bytes() == b"precious"


def test_a_store_whose_making_fails_leaves_no_file_behind(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr("domain.ledger.keystore._SCHEMA", "BEGIN; this is no SQL;")
        with pytest.raises(sqlite3.OperationalError):
            KeyStore.create(path)
    assert list(path.parent.iterdir()) == []
    KeyStore.create(path).close()


def test_a_missing_file_and_a_file_that_is_no_key_store_are_refused(path: Path) -> None:
    with pytest.raises(KeyStoreRefused, match="no key store"):
        KeyStore.open(path)
    assert not path.exists()
    path.touch(0o600)
    with pytest.raises(KeyStoreRefused, match="is not a key store"):
        KeyStore.open(path)
    path.write_bytes(b"not a database at all " * 100)
    with pytest.raises(KeyStoreRefused, match="cannot be read as a key store"):
        KeyStore.open(path)
    path.unlink()
    sqlite3.connect(path).execute("CREATE TABLE other (x)").connection.close()
    path.chmod(0o600)
    with pytest.raises(KeyStoreRefused, match="is not a key store"):
        KeyStore.open(path)


def test_a_store_of_a_path_with_odd_characters_opens(tmp_path: Path) -> None:
    path = tmp_path / "a ? b # c %20.sqlite"
    KeyStore.create(path).close()
    KeyStore.open(path).close()
    assert path.exists()


def test_the_lookup_key_is_32_bytes_of_its_own_and_stays(tmp_path: Path) -> None:
    with KeyStore.create(tmp_path / "a") as a, KeyStore.create(tmp_path / "b") as b:
        assert len(a.lookup_key) == 32
        assert a.lookup_key != b.lookup_key
        with KeyStore.open(tmp_path / "a") as again:
            assert again.lookup_key == a.lookup_key


def test_commits_wait_for_the_disk_and_deletes_overwrite(store: KeyStore) -> None:
    connection = store._connection
    assert connection.execute("PRAGMA synchronous").fetchone()[0] == 2
    assert connection.execute("PRAGMA secure_delete").fetchone()[0] == 1
    assert connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal"


def test_new_keys_come_in_the_order_asked_and_are_all_different(store: KeyStore) -> None:
    wanted = [NewKey(kind, LINE, str(year)) for year in range(50) for kind in ("line", "line_link")]
    keys = store.new_keys(wanted)
    assert len({key.id for key in keys} | {key.key for key in keys}) == 200
    assert all(len(key.id) == 16 and len(key.key) == 32 for key in keys)
    assert store.find_many(wanted) == dict(zip(wanted, keys, strict=True))


def test_the_two_keys_of_a_line_have_nothing_in_common(store: KeyStore) -> None:
    marks, link = store.new_keys([NewKey("line", LINE), NewKey("line_link", LINE)])
    assert marks.id != link.id
    assert marks.key != link.key
    assert store.find("line", LINE) == marks
    assert store.find("line_link", LINE) == link


def test_the_id_of_a_key_says_nothing_about_its_owner(store: KeyStore) -> None:
    (key,) = store.new_keys([NewKey("line", LINE)])
    assert key.id.hex() not in LINE


@pytest.mark.on_disk
def test_new_keys_survive_a_process_that_is_killed_before_the_entries_come(path: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path; from domain.ledger.keystore import *;"
        "store = KeyStore.create(Path(sys.argv[1]));"
        "key, = store.new_keys([NewKey('pupil', 'pupil/x')]);"
        "print(key.id.hex(), key.key.hex(), flush=True); os.kill(os.getpid(), 9)"
    )
    killed = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True)
    assert killed.returncode == -9
    key_id, key = killed.stdout.split()
    with KeyStore.open(path) as store:
        assert store.get(bytes.fromhex(key_id)) == bytes.fromhex(key)


def test_asking_again_for_a_key_gives_the_one_that_is_there(store: KeyStore) -> None:
    place_year = NewKey("place_year", PEOPLE, "202526")
    (first,) = store.new_keys([place_year])
    again = store.new_keys([NewKey("pupil", PUPIL), place_year, place_year])
    assert again[1:] == [first, first]
    assert store.get(again[0].id) == again[0].key
    store.confirm([first.id])
    assert store.new_keys([place_year]) == [first]


def test_a_batch_with_one_bad_key_makes_none(store: KeyStore, path: Path) -> None:
    with pytest.raises(ValueError, match="no kind of key called 'staff'"):
        store.new_keys([NewKey("pupil", PUPIL), NewKey("staff", PEOPLE)])  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="belongs to a stream"):
        store.new_keys([NewKey("pupil", PUPIL), NewKey("pupil", "")])
    assert store.new_keys([]) == []
    assert confirmed(path) == {}


def test_scopes_and_kinds_of_one_owner_have_keys_of_their_own(store: KeyStore) -> None:
    store.new_keys([NewKey("place_year", PEOPLE, "202425")])
    assert store.find("place_year", PEOPLE, "202526") is None
    assert store.find("place_year", PEOPLE) is None
    assert store.find("pupil", PEOPLE, "202425") is None


def test_a_key_that_is_not_there_is_none_and_is_left_out_of_many(store: KeyStore) -> None:
    (key,) = store.new_keys([NewKey("pupil", PUPIL)])
    assert store.get(bytes(16)) is None
    assert store.get_many([key.id, bytes(16)]) == {key.id: key.key}
    assert store.find_many([NewKey("pupil", PUPIL), NewKey("line", LINE)]) == {NewKey("pupil", PUPIL): key}


def test_a_key_is_not_shown_when_it_is_printed(store: KeyStore) -> None:
    (key,) = store.new_keys([NewKey("pupil", PUPIL)])
    assert repr(key) == f"Key(id={key.id.hex()})"
    assert key.key.hex() not in f"{key} {key!r} {[key]}"


def test_memory_holds_no_more_keys_than_it_was_given_room_for(path: Path) -> None:
    wanted = [NewKey("line", LINE, str(number)) for number in range(100)]
    with KeyStore.create(path, cache=10) as store:
        keys = store.new_keys(wanted)
        store.confirm(key.id for key in keys)
        assert store.find_many(wanted) == dict(zip(wanted, keys, strict=True))
        assert store.get_many(key.id for key in keys) == {key.id: key.key for key in keys}
        assert len(store._found) <= 10
        assert len(store._keys) <= 10


def test_confirming_keys_that_are_gone_says_so_and_confirms_the_others(store: KeyStore, path: Path) -> None:
    (key,) = store.new_keys([NewKey("pupil", PUPIL)])
    with pytest.raises(KeysMissing, match="00" * 16):
        store.confirm([key.id, bytes(16)])
    assert confirmed(path) == {key.id: True}
    store.confirm([key.id, key.id])
    store.confirm([])


def test_a_sweep_removes_orphans_and_confirms_the_keys_of_streams_that_exist(store: KeyStore, path: Path) -> None:
    line, link, pupil, people = store.new_keys(
        [NewKey("line", LINE), NewKey("line_link", LINE), NewKey("pupil", PUPIL), NewKey("place_year", PEOPLE, "1")]
    )
    store.confirm([people.id])
    asked: list[str] = []

    def exists(owners: list[str]) -> set[str]:
        asked.extend(owners)
        return {LINE}

    assert store.sweep_orphans(exists, older_than_seconds=-1) == Swept(confirmed=2, removed=1)
    assert sorted(asked) == sorted([LINE, PUPIL])
    assert confirmed(path) == {line.id: True, link.id: True, people.id: True}
    assert store.get(pupil.id) is None
    assert store.sweep_orphans(exists, older_than_seconds=-1) == Swept(0, 0)


def test_a_young_key_whose_entries_may_be_on_their_way_is_left_alone(store: KeyStore, path: Path) -> None:
    (key,) = store.new_keys([NewKey("pupil", PUPIL)])
    assert store.sweep_orphans(nobody, older_than_seconds=60) == Swept(0, 0)
    assert confirmed(path) == {key.id: False}
    assert store.sweep_orphans(everybody, older_than_seconds=60) == Swept(1, 0)
    assert store.sweep_orphans(nobody, older_than_seconds=-1) == Swept(0, 0)
    assert store.get(key.id) == key.key


@pytest.mark.parametrize("how", ["find", "new_keys"])
def test_an_old_orphan_that_is_wanted_again_is_kept_from_the_sweep(
    store: KeyStore, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    wanted = NewKey("place_year", PEOPLE, "202526")
    monkeypatch.setattr("domain.ledger.keystore.time.time", lambda: 1_000_000.0)
    (key,) = store.new_keys([wanted])
    monkeypatch.setattr("domain.ledger.keystore.time.time", lambda: 1_100_000.0)
    again = store.find(*wanted) if how == "find" else store.new_keys([wanted])[0]
    assert again == key
    assert store.sweep_orphans(nobody, older_than_seconds=3600) == Swept(0, 0)
    monkeypatch.setattr("domain.ledger.keystore.time.time", lambda: 1_200_000.0)
    assert store.sweep_orphans(nobody, older_than_seconds=3600) == Swept(0, 1)


def test_a_sweep_asks_about_many_streams_in_bounded_lists(store: KeyStore) -> None:
    store.new_keys([NewKey("pupil", f"pupil/{number}") for number in range(1201)])
    sizes: list[int] = []

    def exists(owners: list[str]) -> set[str]:
        sizes.append(len(owners))
        return {owner for owner in owners if owner.endswith("7")}

    assert store.sweep_orphans(exists, older_than_seconds=-1) == Swept(120, 1081)
    assert sizes == [500, 500, 201]


def test_a_sweep_whose_question_fails_changes_nothing(store: KeyStore, path: Path) -> None:
    (key,) = store.new_keys([NewKey("pupil", PUPIL)])

    def broken(owners: list[str]) -> set[str]:
        raise OSError("the ledger is away")

    with pytest.raises(OSError, match="away"):
        store.sweep_orphans(broken, older_than_seconds=-1)
    assert confirmed(path) == {key.id: False}


def test_a_destroyed_key_is_gone_from_memory_and_from_every_byte_of_the_files(store: KeyStore, path: Path) -> None:
    line = NewKey("line", LINE)
    gone, kept = store.new_keys([line, NewKey("pupil", PUPIL)])
    store.confirm([gone.id, kept.id])
    assert store.find(*line) == gone
    assert store.get(gone.id) == gone.key
    assert store.destroy([gone.id]) == 1
    assert store.get(gone.id) is None
    assert store.find(*line) is None
    files = b"".join(file.read_bytes() for file in path.parent.iterdir())
    for trace in (gone.id, gone.key, LINE.encode()):
        assert trace not in files
    for trace in (kept.id, kept.key, PUPIL.encode()):
        assert trace in files
    assert store.destroy([gone.id]) == 0
    assert store.destroy([]) == 0


def test_a_key_destroyed_by_one_process_is_gone_for_another_that_had_it_in_memory(store: KeyStore, path: Path) -> None:
    wanted = NewKey("line", LINE)
    (key,) = store.new_keys([wanted])
    store.confirm([key.id])
    with KeyStore.open(path) as other:
        assert other.find(*wanted) == key
        assert other.get(key.id) == key.key
        store.destroy([key.id])
        assert other.find(*wanted) is None
        assert other.get(key.id) is None


def test_a_destruction_that_a_reader_holds_up_says_that_traces_are_left(
    store: KeyStore, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (key,) = store.new_keys([NewKey("line", LINE)])
    store._connection.execute("PRAGMA busy_timeout = 50")
    reader = sqlite3.connect(path, isolation_level=None)
    reader.execute("BEGIN")
    assert reader.execute("SELECT count(*) FROM keys").fetchone() == (1,)
    with pytest.raises(KeyStoreRefused, match="traces of them"):
        store.destroy([key.id])
    assert store.get(key.id) is None
    reader.execute("COMMIT")
    reader.close()
    assert store.destroy([key.id]) == 0
    assert key.key not in b"".join(file.read_bytes() for file in path.parent.iterdir())


def test_two_processes_write_at_once_and_agree_on_every_key(path: Path) -> None:
    KeyStore.create(path).close()
    code = (
        "import sys; from pathlib import Path; from domain.ledger.keystore import *;"
        "store = KeyStore.open(Path(sys.argv[1]));"
        "[store.confirm(k.id for k in store.new_keys([NewKey('place_year', f'people/{i}'), NewKey('line',"
        " f'{sys.argv[2]}/{i}')])) for i in range(150)];"
        "print(*(store.find('place_year', f'people/{i}').id.hex() for i in range(150)))"
    )
    both = [
        subprocess.Popen([sys.executable, "-c", code, str(path), name], stdout=subprocess.PIPE, text=True)
        for name in ("a", "b")
    ]
    said = [process.communicate(timeout=60)[0].split() for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert len(said[0]) == 150
    assert said[0] == said[1]
    assert len(confirmed(path)) == 450


def test_a_transaction_that_fails_half_way_leaves_the_store_usable(store: KeyStore, path: Path) -> None:
    with pytest.raises(sqlite3.ProgrammingError):
        store.new_keys([NewKey("pupil", "pupil/1"), NewKey("pupil", object())])  # type: ignore[arg-type]
    assert confirmed(path) == {}
    store.new_keys([NewKey("pupil", PUPIL)])


names = st.builds(
    NewKey, st.sampled_from(["line", "line_link", "pupil"]), st.sampled_from("abc"), st.sampled_from("12")
)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("new"), st.lists(names, max_size=4)),
        st.tuples(st.just("confirm"), st.lists(names, max_size=3)),
        st.tuples(st.just("destroy"), st.lists(names, max_size=2)),
        st.tuples(st.just("sweep"), st.lists(names, max_size=2)),
    ),
    max_size=12,
)


@settings(max_examples=examples(20), deadline=None)
@given(steps)
def test_after_any_history_two_open_stores_hold_what_a_dictionary_would(
    history: list[tuple[str, list[NewKey]]],
) -> None:
    model: dict[NewKey, Key] = {}
    sure: set[NewKey] = set()
    with (
        TemporaryDirectory() as folder,
        KeyStore.create(Path(folder) / "keys.sqlite", cache=3) as one,
        KeyStore.open(Path(folder) / "keys.sqlite") as two,
    ):
        for number, (step, about) in enumerate(history):
            store, other = (one, two) if number % 2 else (two, one)
            known = [name for name in about if name in model]
            if step == "new":
                for name, key in zip(about, store.new_keys(about), strict=True):
                    assert model.setdefault(name, key) == key
            elif step == "confirm":
                store.confirm(model[name].id for name in known)
                sure.update(known)
            elif step == "destroy":
                assert store.destroy(model[name].id for name in known) == len(set(known))
                for name in set(known):
                    del model[name]
                    sure.discard(name)
            else:
                there = {name.owner for name in about}
                store.sweep_orphans(there.intersection, older_than_seconds=-1)
                model = {name: key for name, key in model.items() if name in sure or name.owner in there}
                sure = set(model)
            everything = [
                NewKey(kind, owner, scope)
                for kind in ("line", "line_link", "pupil")
                for owner in "abc"
                for scope in "12"
            ]
            for reader in (store, other):
                assert reader.find_many(everything) == model
                assert reader.get_many(key.id for key in model.values()) == {k.id: k.key for k in model.values()}
