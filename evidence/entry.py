"""The entry of format 1, to the byte, and the hashes that stand on it.

An entry is the ledger's own statement: at this place in the log, at this moment, this stream came to this version by
an event of this name, whose body has this hash. It is independent of Avro, of column names and of engines, so that a
stranger can rebuild it in thirty years. `docs/formats/1.md` is the specification; this page follows it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple

FORMAT = 1
"""The format byte at the head of every entry."""

TOMBSTONE = b"\xe0\x01"
"""What the state of an erased body begins with, in place of the Avro marker C3 01."""

_HEAD = struct.Struct(">BQq32sI")
_SHORTEST = _HEAD.size + 4
_LONGEST = _HEAD.size + 2 * 256
_MOST_TEXTS = 65_536
_PRINTABLE = frozenset(range(0x20, 0x7F))


class EntryRefused(ValueError):
    """The values or the bytes are not an entry of format 1; the message says why in one sentence."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry, taken apart."""

    index: int
    """The leaf's index in the log: position - 1."""
    recorded_at: int
    """Microseconds since 1970-01-01T00:00:00Z, by the ledger's clock."""
    body: bytes
    """SHA-256 of the state as it was first stored."""
    version: int
    """The event's number in its stream, from 1."""
    stream: str
    topic: str


class Tombstone(NamedTuple):
    """What stays of an erased body: its hash, and the index keys under which its entry is listed."""

    body: bytes
    keys: tuple[bytes, ...]


def entry_bytes(index: int, recorded_at: int, state: bytes, version: int, stream: str, topic: str) -> bytes:
    """The entry of one stored event: 57 to 565 bytes (format 1, section 1).

    `state` is the bytes as stored, or the tombstone that took their place: both give the same entry. Refuses, with
    EntryRefused, numbers that do not fit their fields and names that are not 1 to 255 printable ASCII characters.
    """
    return _head(index, recorded_at, body_hash(state), version) + _text("stream", stream) + _text("topic", topic)


def parse_entry(entry: bytes) -> Entry:
    """Take the bytes of an entry apart: the exact reverse of writing them.

    Refuses, with EntryRefused, any other format byte, a version of 0, a name that is empty, cut short or not
    printable ASCII, and anything after the topic. So no two byte strings mean the same entry.
    """
    if not _SHORTEST <= len(entry) <= _LONGEST:
        raise EntryRefused(f"An entry has {_SHORTEST} to {_LONGEST} bytes, and this one has {len(entry)}.")
    form, index, recorded_at, body, version = _HEAD.unpack_from(entry)
    if form != FORMAT:
        raise EntryRefused(f"This entry is of format {form}, and only format {FORMAT} is known here.")
    if version < 1:
        raise EntryRefused("Versions of a stream begin at 1, and this entry says 0.")
    stream, after = _read_text(entry, _HEAD.size, "stream")
    topic, after = _read_text(entry, after, "topic")
    if after != len(entry):
        raise EntryRefused(f"This entry ends at byte {after}, and {len(entry) - after} more follow.")
    return Entry(index, recorded_at, body, version, stream, topic)


def body_hash(state: bytes) -> bytes:
    """SHA-256 of a body as it was first stored: of `state` itself, or the hash that a tombstone keeps (section 4).

    Refuses, with EntryRefused, a tombstone whose length is not 35 bytes and 32 for each key that it counts.
    """
    if state[:2] == TOMBSTONE:
        return parse_tombstone(state).body
    return sha256(state).digest()


def tombstone(body: bytes, keys: Iterable[bytes]) -> bytes:
    """The state that stands for an erased body: its hash, and the keys under which the entry is listed (section 4).

    Refuses, with EntryRefused, a hash or a key that is not 32 bytes long, and more than 255 keys.
    """
    listed = tuple(keys)
    if any(len(value) != 32 for value in (body, *listed)):
        raise EntryRefused("A tombstone holds hashes and index keys of 32 bytes each.")
    if len(listed) > 255:
        raise EntryRefused(f"A tombstone holds at most 255 index keys, and {len(listed)} were given.")
    return TOMBSTONE + body + bytes((len(listed),)) + b"".join(listed)


def parse_tombstone(state: bytes) -> Tombstone:
    """Take a tombstone apart. Refuses, with EntryRefused, other bytes and any other length than it counts itself."""
    if state[:2] != TOMBSTONE:
        raise EntryRefused("This state does not begin E0 01, so it is no tombstone.")
    if len(state) < 35 or len(state) != 35 + 32 * state[34]:
        raise EntryRefused(f"A tombstone has 35 bytes and 32 for each key that it counts; this one has {len(state)}.")
    return Tombstone(state[2:34], tuple(state[at : at + 32] for at in range(35, len(state), 32)))


def leaf_hash(entry: bytes) -> bytes:
    """The leaf of an entry, or of an index bucket: H(0x00 || bytes) (RFC 6962 section 2.1)."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The node above two hashes: H(0x01 || left || right) (RFC 6962 section 2.1)."""
    return sha256(b"\x01" + left + right).digest()


def tree_root(leaves: Iterable[bytes]) -> bytes:
    """The root over leaf hashes, in order (RFC 6962 section 2.1); of no leaves, the hash of nothing."""
    heights: list[bytes] = []
    for count, leaf in enumerate(leaves):
        node, bits = leaf, count
        while bits & 1:
            node = node_hash(heights.pop(), node)
            bits >>= 1
        heights.append(node)
    if not heights:
        return sha256().digest()
    root = heights.pop()
    while heights:
        root = node_hash(heights.pop(), root)
    return root


def index_key(kind: str, scope: str, id: bytes) -> bytes:
    """The key under which the index lists the entries of a line, pupil, register or place (section 6).

    Refuses, with EntryRefused, a kind or scope with anything but printable ASCII in it: a zero byte there could make
    two things share a key.
    """
    names = kind + scope
    if not (names.isascii() and names.isprintable()):
        raise EntryRefused("The kind and scope of an index key are printable ASCII.")
    return sha256(f"rollbook/index/v1\0{kind}\0{scope}\0".encode("ascii") + id).digest()


def chain_link(head: bytes, index: int, leaf: bytes) -> bytes:
    """The next head of a key's chain: H(0x02 || head || u64 index || leaf); the first head is the key (section 6)."""
    return sha256(b"\x02" + head + index.to_bytes(8, "big") + leaf).digest()


def leaves(rows: Iterable[tuple[int, int, str, int, str, bytes]]) -> Iterator[bytes]:
    """The leaf of each stored row (position, recorded_at, stream, version, topic, state), in the order given.

    The same bytes as `leaf_hash(entry_bytes(...))` and the same refusals, about twice as fast: the names of streams
    and topics are encoded once. Positions start at 1.
    """
    streams: dict[str, bytes] = {}
    topics: dict[str, bytes] = {}
    digest, pack = sha256, _HEAD.pack
    for position, recorded_at, stream, version, topic, state in rows:
        stream_text = streams.get(stream)
        if stream_text is None:
            if len(streams) >= _MOST_TEXTS:
                streams.clear()
            stream_text = streams[stream] = _text("stream", stream)
        topic_text = topics.get(topic)
        if topic_text is None:
            topic_text = topics[topic] = _text("topic", topic)
        if version < 1 or state[:2] == TOMBSTONE:
            head = _head(position - 1, recorded_at, body_hash(state), version)
        else:
            try:
                head = pack(FORMAT, position - 1, recorded_at, digest(state).digest(), version)
            except struct.error:
                head = _head(position - 1, recorded_at, body_hash(state), version)
        yield digest(b"\x00" + head + stream_text + topic_text).digest()


def _head(index: int, recorded_at: int, body: bytes, version: int) -> bytes:
    if not 0 <= index < 1 << 64:
        raise EntryRefused(f"The index of an entry is a number from 0 that fits eight bytes, and {index} does not.")
    if not -(1 << 63) <= recorded_at < 1 << 63:
        raise EntryRefused(f"A moment in microseconds fits eight bytes, and {recorded_at} does not.")
    if not 1 <= version < 1 << 32:
        raise EntryRefused(f"The version of an entry is a number from 1 that fits four bytes, and {version} does not.")
    return _HEAD.pack(FORMAT, index, recorded_at, body, version)


def _text(what: str, text: str) -> bytes:
    if not 1 <= len(text) <= 255:
        raise EntryRefused(f"The {what} of an entry has 1 to 255 characters, and this one has {len(text)}.")
    if not (text.isascii() and text.isprintable()):
        raise EntryRefused(f"The {what} of an entry is printable ASCII, and {text!a} is not.")
    return bytes((len(text),)) + text.encode("ascii")


def _read_text(entry: bytes, at: int, what: str) -> tuple[str, int]:
    if at >= len(entry):
        raise EntryRefused(f"This entry ends before the length of its {what}.")
    until = at + 1 + entry[at]
    raw = entry[at + 1 : until]
    if not raw:
        raise EntryRefused(f"The {what} of this entry is empty.")
    if until > len(entry):
        raise EntryRefused(
            f"The {what} of this entry is said to have {entry[at]} characters, and {len(raw)} are there."
        )
    if not _PRINTABLE.issuperset(raw):
        raise EntryRefused(f"The {what} of this entry holds a byte that is not printable ASCII.")
    return raw.decode("ascii"), until
