"""The entry of format 1: the published vectors, the way there and back, and what a reader refuses."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from evidence.entry import (
    Entry,
    EntryRefused,
    Tombstone,
    body_hash,
    chain_link,
    entry_bytes,
    index_key,
    leaf_hash,
    leaves,
    node_hash,
    parse_entry,
    parse_tombstone,
    tombstone,
    tree_root,
)

REGISTER = "attendance-register/8054000/2026-09-01/AM"
STATES = [bytes.fromhex("c3010102030405060708") + bytes(range(16 * i, 16 * i + 16)) + bytes((i,)) for i in range(5)]
ROWS = [
    (1, 1788000000000000, "ledger", 1, "LedgerFounded", STATES[0]),
    (2, 1788000000000000, REGISTER, 1, "MarkRecorded", STATES[1]),
    (3, 1788000000000000, REGISTER, 2, "MarkRecorded", STATES[2]),
    (4, 1788000060000001, REGISTER, 3, "MarkAmended", STATES[3]),
    (5, 1788000061000000, "ledger/seals", 1, "LedgerSealed", STATES[4]),
]
LEAVES = [
    "8be0ef2cef45198ecd6dda89ed41dafe089f6815cd5600299a926c924736e89e",
    "8d560b5d63aa0bab4d7fcbc2d816d3be6bbe21f94796242cd42e68ff810f804e",
    "56ceea16ad5c3105eb70d1b4f6fd4e6171fa7424b30636fe7158d7712b32cbb6",
    "002647c691dd5754da3257603fa604e781bb9e480b251888d96c9d581e765544",
    "f937c280135ccabc4dabb61f9a998724262b11dd184ab5f3956631b7547d0223",
]
ENTRY_1 = bytes.fromhex(
    "01000000000000000100065a2d30dbc000c8ce31db5eefe26c6ec6242b299f25d0d8fa5948d1c8be16da17234856e3a795"
    "0000000129617474656e64616e63652d72656769737465722f383035343030302f323032362d30392d30312f414d0c4d61726b5265636f72646564"
)
KEY = bytes.fromhex("859fbdc61070aefbe32e578f6af2fa35c573f55fd4be361b60555896b7ea5e19")
TOMBSTONE_2 = bytes.fromhex(
    "e001d960a38b41265848bbfa219e712c179579390ad22419b7f8a50c251584ddea2c01"
    "859fbdc61070aefbe32e578f6af2fa35c573f55fd4be361b60555896b7ea5e19"
)

names = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=255)
indices = st.integers(0, 2**64 - 1)
moments = st.integers(-(2**63), 2**63 - 1)
versions = st.integers(1, 2**32 - 1)
states = st.one_of(
    st.binary(min_size=26, max_size=80).map(lambda body: b"\xc3\x01" + body),
    st.builds(
        tombstone, st.binary(min_size=32, max_size=32), st.lists(st.binary(min_size=32, max_size=32), max_size=3)
    ),
)


def of_row(row: tuple[int, int, str, int, str, bytes]) -> bytes:
    position, recorded_at, stream, version, topic, state = row
    return entry_bytes(position - 1, recorded_at, state, version, stream, topic)


def test_entry_1_of_the_published_vectors_is_written_to_the_byte() -> None:
    assert STATES[1].hex() == "c3010102030405060708101112131415161718191a1b1c1d1e1f01"
    assert of_row(ROWS[1]) == ENTRY_1


def test_the_five_published_leaves_come_out_one_by_one_and_in_bulk() -> None:
    assert [leaf_hash(of_row(row)).hex() for row in ROWS] == LEAVES
    assert [leaf.hex() for leaf in leaves(ROWS)] == LEAVES


def test_the_published_tombstone_keeps_leaf_2() -> None:
    assert tombstone(sha256(STATES[2]).digest(), [KEY]) == TOMBSTONE_2
    assert parse_tombstone(TOMBSTONE_2) == Tombstone(sha256(STATES[2]).digest(), (KEY,))
    erased = [(*ROWS[2][:5], TOMBSTONE_2)]
    assert leaf_hash(of_row(erased[0])).hex() == LEAVES[2]
    assert [leaf.hex() for leaf in leaves(erased)] == [LEAVES[2]]


def test_the_published_roots_of_two_three_and_five_leaves_come_out() -> None:
    hashes = [bytes.fromhex(leaf) for leaf in LEAVES]
    assert tree_root(hashes[:2]).hex() == "fda80ac99b483a6b451b56a836f61d76e06f2d8fcc9a66936f9fe1864b63e8eb"
    assert tree_root(hashes[:3]).hex() == "1ae903e8c139daf220dba948a0e6dab88487890c0b6d860592d75c84bb065fba"
    assert tree_root(hashes).hex() == "acbe1dfcb9f304da84cc9cc4a505e4272cc0ac10312561dd7493e57e23578779"


def test_the_published_inclusion_proof_of_leaf_2_leads_to_the_root() -> None:
    leaf_2, leaf_3, leaf_4 = (bytes.fromhex(leaf) for leaf in LEAVES[2:])
    root_2 = tree_root(bytes.fromhex(leaf) for leaf in LEAVES[:2])
    root_5 = tree_root(bytes.fromhex(leaf) for leaf in LEAVES)
    assert node_hash(node_hash(root_2, node_hash(leaf_2, leaf_3)), leaf_4) == root_5


def test_the_published_index_key_and_its_chain_come_out() -> None:
    key = index_key("line", "", bytes(range(16)))
    assert key == KEY
    assert int.from_bytes(key, "big") >> (256 - 16) == 34207
    head_1 = chain_link(key, 1, bytes.fromhex(LEAVES[1]))
    assert head_1.hex() == "0bf14468e42cdad89170024eab6692c51c9844d0f631aaae536d6f653036548c"
    head_3 = chain_link(head_1, 3, bytes.fromhex(LEAVES[3]))
    assert head_3.hex() == "59d79725d667caba64bb97f25cf82c985e74fa97abed8b4a198f7332fea1c778"


def test_the_published_buckets_and_index_roots_come_out() -> None:
    head = bytes.fromhex("59d79725d667caba64bb97f25cf82c985e74fa97abed8b4a198f7332fea1c778")
    buckets = [leaf_hash(b"\x49\x10" + number.to_bytes(4, "big")) for number in range(1 << 16)]
    assert buckets[0].hex() == "b1b0089c74fe3ecc4c62f5e93be09fe2def51410e7113c0767d5151620753092"
    assert tree_root(buckets).hex() == "25b47c2a78b3af9e164b82ff0253aa45a6f4276a589f60fc4ccb283920b5d7f9"
    buckets[34207] = leaf_hash(bytes.fromhex("49100000859f") + KEY + head)
    assert buckets[34207].hex() == "12020ab8632fa975ab1956bb5336d9e30924a3c68da91edae0b42b800ca85ee4"
    assert tree_root(buckets).hex() == "55a064e710f62ad770d844ea64b53ac76de263c49342b6fc354e8532bedb96f1"


@given(indices, moments, states, versions, names, names)
@example(0, 0, STATES[0], 1, "x", "y")
@example(2**64 - 1, -(2**63), STATES[0], 2**32 - 1, "s" * 255, "t" * 255)
def test_an_entry_read_back_says_what_was_written(
    index: int, recorded_at: int, state: bytes, version: int, stream: str, topic: str
) -> None:
    written = entry_bytes(index, recorded_at, state, version, stream, topic)
    assert 57 <= len(written) <= 565
    assert parse_entry(written) == Entry(index, recorded_at, body_hash(state), version, stream, topic)


@given(st.binary(max_size=80) | st.builds(lambda tail: b"\x01" + bytes(51) + b"\x01" + tail, st.binary(max_size=60)))
def test_any_bytes_are_refused_or_are_the_only_bytes_of_their_entry(raw: bytes) -> None:
    try:
        entry = parse_entry(raw)
    except EntryRefused:
        return
    state = tombstone(entry.body, [])
    assert entry_bytes(entry.index, entry.recorded_at, state, entry.version, entry.stream, entry.topic) == raw


@given(st.lists(st.tuples(st.integers(1, 2**64), moments, names, versions, names, states), max_size=8))
def test_the_bulk_path_gives_the_same_leaves_as_the_plain_one(
    rows: list[tuple[int, int, str, int, str, bytes]],
) -> None:
    assert list(leaves(rows)) == [leaf_hash(of_row(row)) for row in rows]


@given(st.integers(0, len(ENTRY_1) * 8 - 1))
def test_a_flipped_bit_anywhere_in_an_entry_changes_its_leaf(bit: int) -> None:
    flipped = bytearray(ENTRY_1)
    flipped[bit // 8] ^= 1 << bit % 8
    assert leaf_hash(bytes(flipped)) != leaf_hash(ENTRY_1)


@given(st.integers(0, len(ENTRY_1) - 1))
def test_an_entry_cut_short_is_refused(length: int) -> None:
    with pytest.raises(EntryRefused):
        parse_entry(ENTRY_1[:length])


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        (b"", "An entry has 57 to 565 bytes, and this one has 0."),
        (ENTRY_1 + b"\x00", "This entry ends at byte 108, and 1 more follow."),
        (ENTRY_1 + bytes(500), "An entry has 57 to 565 bytes, and this one has 608."),
        (b"\x02" + ENTRY_1[1:], "This entry is of format 2, and only format 1 is known here."),
        (ENTRY_1[:49] + bytes(4) + ENTRY_1[53:], "Versions of a stream begin at 1, and this entry says 0."),
        (ENTRY_1[:53] + b"\x00" + ENTRY_1[54:], "The stream of this entry is empty."),
        (
            ENTRY_1[:53] + b"\xff" + ENTRY_1[54:],
            "The stream of this entry is said to have 255 characters, and 54 are there.",
        ),
        (
            ENTRY_1[:54] + b"\n" + ENTRY_1[55:],
            "The stream of this entry holds a byte that is not printable ASCII.",
        ),
        (ENTRY_1[:-1] + b"\x7f", "The topic of this entry holds a byte that is not printable ASCII."),
        (ENTRY_1[:-1] + b"\xe9", "The topic of this entry holds a byte that is not printable ASCII."),
        (ENTRY_1[:95], "This entry ends before the length of its topic."),
        (ENTRY_1[:95] + b"\x00", "The topic of this entry is empty."),
    ],
)
def test_a_reader_says_in_one_sentence_why_it_refuses_an_entry(raw: bytes, sentence: str) -> None:
    with pytest.raises(EntryRefused) as refused:
        parse_entry(raw)
    assert str(refused.value) == sentence


@pytest.mark.parametrize(
    ("position", "recorded_at", "stream", "version", "topic"),
    [
        (0, 0, "s", 1, "t"),
        (2**64 + 1, 0, "s", 1, "t"),
        (1, 2**63, "s", 1, "t"),
        (1, -(2**63) - 1, "s", 1, "t"),
        (1, 0, "s", 0, "t"),
        (1, 0, "s", 2**32, "t"),
        (1, 0, "", 1, "t"),
        (1, 0, "s", 1, ""),
        (1, 0, "s" * 256, 1, "t"),
        (1, 0, "s", 1, "t" * 256),
        (1, 0, "Zoë", 1, "t"),
        (1, 0, "s", 1, "t\n"),
        (1, 0, "s\x7f", 1, "t"),
        (1, 0, "\ud800", 1, "t"),
    ],
)
def test_values_that_do_not_fit_an_entry_are_refused_by_both_paths(
    position: int, recorded_at: int, stream: str, version: int, topic: str
) -> None:
    row = (position, recorded_at, stream, version, topic, STATES[0])
    with pytest.raises(EntryRefused):
        of_row(row)
    with pytest.raises(EntryRefused):
        list(leaves([row]))


@given(states)
def test_erasing_a_body_leaves_its_hash_as_it_was(state: bytes) -> None:
    assert body_hash(tombstone(body_hash(state), [KEY])) == body_hash(state)


@pytest.mark.parametrize("state", [TOMBSTONE_2[:-1], TOMBSTONE_2 + b"\x00", TOMBSTONE_2[:34], b"\xe0\x01"])
def test_a_tombstone_of_any_other_length_than_it_counts_is_refused(state: bytes) -> None:
    with pytest.raises(EntryRefused, match="35 bytes and 32 for each key"):
        body_hash(state)


def test_a_tombstone_is_not_read_from_a_living_body_nor_made_from_short_hashes() -> None:
    with pytest.raises(EntryRefused):
        parse_tombstone(STATES[0])
    with pytest.raises(EntryRefused):
        tombstone(b"short", [])
    with pytest.raises(EntryRefused):
        tombstone(KEY, [KEY[:31]])
    with pytest.raises(EntryRefused):
        tombstone(KEY, [KEY] * 256)


@given(st.lists(st.binary(min_size=32, max_size=32), max_size=40))
def test_the_root_is_that_of_the_definition_in_rfc_6962(hashes: list[bytes]) -> None:
    def naive(part: list[bytes]) -> bytes:
        if not part:
            return sha256(b"").digest()
        if len(part) == 1:
            return part[0]
        split = 1
        while split * 2 < len(part):
            split *= 2
        return node_hash(naive(part[:split]), naive(part[split:]))

    assert tree_root(hashes) == naive(hashes)


@pytest.mark.parametrize(("kind", "scope"), [("li\0ne", ""), ("line", "2025\0"), ("líne", "")])
def test_an_index_key_whose_parts_could_run_together_is_refused(kind: str, scope: str) -> None:
    with pytest.raises(EntryRefused):
        index_key(kind, scope, bytes(16))
