"""The columnar reader gives what the row path gives, to the byte, whatever the mixture."""

from __future__ import annotations

import io
import random
from typing import Any

import fastavro
import pytest
from eventsourcing.persistence import DataError

from domain.ledger import shared
from domain.ledger.reader import Frame, container, frames
from domain.ledger.shared import Bodies, Window
from domain.ledger.store import Batch, Chunk, Joined, Row
from schemas.catalogue import Schema, read_schema
from schemas.flat import zigzag
from tests.domain.ledger.conftest import AnyStore

SALT = '{"name": "salt", "type": {"type": "fixed", "name": "Salt", "size": 16}}'
MARK = read_schema(
    "ledger",
    f'{{"type": "record", "name": "Mark", "fields": [{SALT}, {{"name": "code", "type": "string"}},'
    ' {"name": "minutes", "type": ["null", "int"], "default": null},'
    ' {"name": "session", "type": {"type": "enum", "name": "Session", "symbols": ["AM", "PM"]}}]}',
)
LATER_MARK = read_schema(
    "ledger",
    f'{{"type": "record", "name": "Mark", "fields": [{SALT}, {{"name": "code", "type": "string"}},'
    ' {"name": "nature", "type": "int", "default": 7}]}',
)
PLACE = read_schema(
    "ledger",
    f'{{"type": "record", "name": "Place", "fields": [{SALT}, {{"name": "name", "type": "string"}}]}}',
)
SCHEMAS = {s.fingerprint: s for s in (MARK, LATER_MARK, PLACE)}


def state(schema: Schema, record: dict[str, Any]) -> bytes:
    body = io.BytesIO()
    fastavro.schemaless_writer(body, schema.writer, record)
    return b"\xc3\x01" + schema.fingerprint + body.getvalue()


def mark(rng: random.Random) -> bytes:
    minutes = rng.choice([None, 0, 300])
    code = rng.choice(["/", "\\", "L", "é\0"])
    return state(MARK, {"salt": rng.randbytes(16), "code": code, "minutes": minutes, "session": "PM"})


def later(rng: random.Random) -> bytes:
    return state(LATER_MARK, {"salt": bytes(16), "code": "I", "nature": rng.randrange(100)})


def place(rng: random.Random) -> bytes:
    return state(PLACE, {"salt": rng.randbytes(16), "name": "St\0 Mary's"})


def fill(store: AnyStore, seed: int = 1) -> list[Row]:
    """A mixture of topics, schemas and streams, with NUL bytes in salts and texts."""
    rng = random.Random(seed)
    versions: dict[str, int] = {}
    for _ in range(8):
        batch = Batch()
        for _ in range(12):
            stream = f"{rng.choice(['register', 'place'])}/{rng.randrange(4)}"
            topic, make = rng.choice([("Mark", mark), ("Mark", mark), ("Mark", later), ("Place", place)])
            states = [make(rng) for _ in range(rng.randrange(1, 6))]
            batch.chunks.append(Chunk(stream, versions.get(stream, 0), topic, states))
            versions[stream] = versions.get(stream, 0) + len(states)
        store.append(batch)
    return list(store.read_positions(1, store.head()[0]))


def by_rows(rows: list[Row], chunk: int) -> list[tuple[Any, ...]]:
    """What `joined` should give, from the row path."""
    pieces: dict[tuple[int, str, bytes], list[Row]] = {}
    for row in rows:
        pieces.setdefault(((row.position - 1) // chunk, row.topic, row.state[2:10]), []).append(row)
    return [
        (topic, fingerprint, [(r.position, r.recorded_at, r.stream, r.version) for r in piece],
         b"".join(r.state[10:] for r in piece))
        for (_, topic, fingerprint), piece in pieces.items()
    ]  # fmt: skip


def plain(pieces: list[Joined]) -> list[tuple[Any, ...]]:
    return [(p.topic, p.fingerprint, p.beside.rows(), p.bodies) for p in pieces]


@pytest.mark.parametrize("chunk", [7, 100, 50_000])
def test_joined_bodies_equal_the_rows_to_the_byte(store: AnyStore, chunk: int) -> None:
    rows = fill(store)
    assert b"\0" in rows[0].state
    joined = list(store.joined(1, len(rows), chunk=chunk))
    assert sorted(plain(joined)) == sorted(by_rows(rows, chunk))
    assert joined[0].beside.columns == ["position", "recorded_at", "stream", "version"]


def test_joined_bodies_can_be_asked_for_by_topic_prefix_and_range(store: AnyStore) -> None:
    rows = fill(store)
    wanted = [r for r in rows if 20 <= r.position <= 150 and r.topic == "Mark" and r.stream.startswith("register/")]
    joined = list(store.joined(20, 150, topics=["Mark", "Unheard"], stream_prefix="register/"))
    assert sorted(plain(joined)) == sorted(by_rows(wanted, 10**6))
    assert list(store.joined(1, 150, topics=["Unheard"])) == []
    assert list(store.joined(1, 150, stream_prefix="nowhere/")) == []


def test_a_join_of_the_wrong_length_falls_back_to_the_rows(store: AnyStore, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = fill(store)
    whole = store._bodies

    def cut_at_a_nul(window: Window, header: bytes) -> Bodies:
        bodies = whole(window, header)
        return bodies._replace(blob=bodies.blob.split(b"\0")[0])

    monkeypatch.setattr(store, "_bodies", cut_at_a_nul)
    assert sorted(plain(list(store.joined(1, len(rows))))) == sorted(by_rows(rows, 10**6))


def test_a_state_that_is_no_avro_single_object_is_refused_with_its_position(store: AnyStore) -> None:
    store.append(Batch(chunks=[Chunk("place/1", 0, "Place", [b"plainly something else"])]))
    with pytest.raises(DataError, match="position 1 is not an Avro single object"):
        list(store.joined(1, 1))


def test_an_entry_removed_behind_the_stores_back_is_noticed(store: AnyStore, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = fill(store)
    monkeypatch.setattr(type(store), "head", lambda _: (len(rows) + 1, 0))
    with pytest.raises(DataError, match="entries missing"):
        list(store.joined(1, len(rows) + 1))


def read(store: AnyStore, **options: Any) -> list[Frame]:
    return list(frames(store, 1, store.head()[0], schema_of=SCHEMAS.__getitem__, **options))


@pytest.mark.parametrize("chunk", [13, 50_000])
def test_frames_hold_what_each_body_says(store: AnyStore, chunk: int) -> None:
    rows = fill(store)
    said = {}
    for topic, fingerprint, frame in read(store, chunk=chunk):
        for line in frame.to_dicts():
            beside = [line.pop(name) for name in ("recorded_at", "stream", "version")]
            said[line.pop("position")] = (topic, fingerprint, beside, line)
    expected = {}
    for row in rows:
        schema = SCHEMAS[row.state[2:10]]
        body = fastavro.schemaless_reader(io.BytesIO(row.state[10:]), schema.reader, None)
        expected[row.position] = (row.topic, schema.fingerprint, [row.recorded_at, row.stream, row.version], body)
    assert said == expected


def test_frames_of_one_topic_come_apart_by_schema(store: AnyStore) -> None:
    fill(store)
    found = {(f.topic, f.fingerprint): f.frame.columns[4:] for f in read(store)}
    assert found == {
        ("Mark", MARK.fingerprint): ["salt", "code", "minutes", "session"],
        ("Mark", LATER_MARK.fingerprint): ["salt", "code", "nature"],
        ("Place", PLACE.fingerprint): ["salt", "name"],
    }


def test_only_the_columns_asked_for_are_decoded(store: AnyStore) -> None:
    fill(store)
    found = {
        f.fingerprint: f.frame.columns for f in read(store, columns=["code", "position", "nature"], topics=["Mark"])
    }
    assert found == {MARK.fingerprint: ["code", "position"], LATER_MARK.fingerprint: ["code", "position", "nature"]}
    assert {tuple(f.frame.columns) for f in read(store, columns=["stream"])} == {("stream",)}


def test_frames_come_in_order_of_position_however_many_windows_are_read_ahead(
    store: AnyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(store)
    monkeypatch.setattr(shared, "AHEAD", 3)
    positions = [p for f in read(store, topics=["Place"], chunk=5) for p in f.frame["position"].to_list()]
    assert positions == sorted(positions)
    assert len(positions) > 20


def test_a_reader_that_stops_early_gives_its_connections_back(store: AnyStore) -> None:
    fill(store)
    for _ in range(40):
        next(iter(frames(store, 1, 10**6, schema_of=SCHEMAS.__getitem__, chunk=5)))
    assert store.head()[0] > 0


def test_a_container_reads_as_any_avro_file() -> None:
    bodies = [place(random.Random(n))[10:] for n in range(100)]
    read_back = list(fastavro.reader(io.BytesIO(container(PLACE.canonical, 100, b"".join(bodies)))))
    assert [r["salt"] for r in read_back if isinstance(r, dict)] == [b[:16] for b in bodies]


def test_zigzag_counts_as_avro_does() -> None:
    assert [zigzag(n).hex() for n in (0, 1, 63, 64, 8191, 8192)] == ["00", "02", "7e", "8001", "fe7f", "808001"]
