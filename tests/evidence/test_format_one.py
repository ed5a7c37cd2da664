"""The statement of format 1: its hash is the one that ledgers store, and what it prints is what the code does."""

from __future__ import annotations

import base64
import json
import re
from hashlib import sha256
from pathlib import Path

import fastavro.schema
import pytest

from evidence.entry import index_key, parse_entry
from evidence.format_one import FORMAT_1_SHA256
from evidence.signing_keys import parse_vkey, recovery_key_from_text, recovery_vkey

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/formats/1.md").read_bytes()
TEXT = PAGE.decode("utf-8")
FIXED = {
    json.loads(line)["name"]: line
    for block in re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL)
    for line in block.splitlines()
}


def crc_64_avro(data: bytes) -> int:
    """The fingerprint by its definition in the Avro specification, bit by bit."""
    empty = 0xC15D213AA4D7A795
    value = empty
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (empty if value & 1 else 0)
    return value


def test_the_hash_that_ledgers_store_is_that_of_the_page() -> None:
    assert sha256(PAGE).digest() == FORMAT_1_SHA256


def test_the_page_has_plain_line_ends_so_that_its_hash_is_the_same_everywhere() -> None:
    assert b"\r" not in PAGE
    assert b"\t" not in PAGE
    assert PAGE.endswith(b"```\n")


def test_the_two_fixed_schemas_are_printed_in_canonical_form_with_their_fingerprints() -> None:
    assert sorted(FIXED) == ["LedgerFounded", "SchemaRegistered"]
    for name, line in FIXED.items():
        assert fastavro.schema.to_parsing_canonical_form(json.loads(line)) == line
        fingerprint = crc_64_avro(line.encode())
        stored = fingerprint.to_bytes(8, "little").hex()
        assert f"| `{name}` | `{fingerprint:016x}` | `{stored}` |" in TEXT


@pytest.mark.parametrize("name", ["LedgerFounded", "SchemaRegistered"])
def test_the_contracts_in_the_schemas_folder_are_the_two_fixed_ones(name: str) -> None:
    contract = json.loads((ROOT / f"schemas/ledger/{name}.avsc").read_text("utf-8"))
    assert fastavro.schema.to_parsing_canonical_form(contract) == FIXED[name]
    assert contract.get("rollbook.index", []) == []


def test_the_index_rules_of_every_contract_are_such_as_the_page_describes() -> None:
    for path in (ROOT / "schemas/ledger").glob("*.avsc"):
        contract = json.loads(path.read_text("utf-8"))
        fields = {field["name"]: field["type"] for field in contract["fields"]}
        for rule in contract.get("rollbook.index", []):
            assert rule.keys() - {"year"} in ({"kind", "field"}, {"kind", "stream"}), path.name
            assert rule["kind"] in {"line", "pupil", "register", "place"}, path.name
            if "field" in rule:
                kinds = fields[rule["field"]]
                kind = kinds if isinstance(kinds, dict) else kinds[1]
                assert (kind["type"], kind["size"]) == ("fixed", 16), path.name
            else:
                assert rule["stream"] is True or type(rule["stream"]) is int, path.name
            if "year" in rule:
                assert fields[rule["year"]] == {"type": "int", "logicalType": "date"}, path.name


def test_the_entry_and_the_index_key_that_the_page_prints_are_read_by_the_code() -> None:
    printed = TEXT.split("entry 1 (one line)\n")[1].split("tombstone")[0]
    entry = parse_entry(bytes.fromhex(printed))
    state = bytes.fromhex(TEXT.split("state 1\n")[1].split("\n")[0])
    assert (entry.index, entry.version, entry.topic) == (1, 1, "MarkRecorded")
    assert entry.body == sha256(state).digest()
    assert f"`{sha256(bytes((0,)) + bytes.fromhex(printed)).hexdigest()}`" in TEXT
    assert index_key("line", "", bytes(range(16))).hex() in TEXT


def test_the_verifier_keys_that_the_page_prints_are_read_by_the_code() -> None:
    keys = re.findall(r"(\S+\+[0-9a-f]{8}\+[A-Za-z0-9+/=]+)$", TEXT, re.MULTILINE)
    assert [parse_vkey(key).type for key in keys] == [1, 4, 1]
    recovery = re.search(r"([0-9A-Z]{4}-){13}[0-9A-Z]{4}", TEXT)
    assert recovery is not None
    assert recovery_vkey("ledger.example.org/authority-805/1", recovery_key_from_text(recovery[0])) == keys[2]


def test_the_issued_note_that_the_page_prints_has_the_imprint_that_it_says() -> None:
    note = TEXT[TEXT.rindex("```\nledger.example.org") + 4 : TEXT.rindex("\n```") + 1].encode("utf-8")
    assert sha256(note[:215]).hexdigest() == "f06320a274d00fbb457beab4cd2e6d65a9d43ea7b3d1a9c4e34e03771469bc92"
    assert note[:215].endswith(b"=\n")
    assert base64.b64decode(note.split(b"\n")[2]).hex() in TEXT


@pytest.mark.parametrize(
    "vector",
    [
        *(
            "948991489538f51d0c782f4c0448269abcddba4fe7e14e39c1c86494223ecc92",
            "4ef873901c10e517b459e2369332a12f7fcfc367",
        ),
        *(
            "ce2acd9a9706e68f0f4065c02b7bfd1b1aa29c321eba803dbb0e18114a567b4b",
            "fac6925f6a147f639e7f6d6581b00e80853e6ca1",
        ),
        *("4d4fb452", "4e3cea26110d9b1c84141b5d04bc527891e6b09d61dcce68ee368dbe8fcf75cc"),
    ],
)
def test_the_vectors_of_the_other_tests_are_those_of_the_page(vector: str) -> None:
    assert vector in TEXT
