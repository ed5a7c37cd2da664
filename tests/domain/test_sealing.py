"""The sealed part: it opens to what was sealed, under its own key and salt, and to nothing else."""

from __future__ import annotations

import hmac
import os
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from domain.sealing import SealBroken, Sealed, entry_key, identity_key, seal, sealed_hash, unseal, unseal_entry

KEY, KEY_ID, SALT = bytes(range(32)), bytes(range(0x40, 0x50)), bytes(range(0x80, 0x90))
TEXT = b"Dentist, letter seen."

keys = st.binary(min_size=32, max_size=32)
ids = st.binary(min_size=16, max_size=16)


@given(keys, ids, ids, st.binary(max_size=300))
def test_what_is_sealed_opens_to_the_same_text(key: bytes, key_id: bytes, salt: bytes, text: bytes) -> None:
    part = seal(key, key_id, salt, text)
    assert part.sealed_key == key_id
    assert len(part.sealed) == len(text) + 16
    assert unseal(key, salt, part) == text
    assert unseal_entry(entry_key(key, salt), part) == text


def test_the_vector_of_format_1_is_sealed_to_the_byte() -> None:
    own = entry_key(KEY, SALT)
    assert own.hex() == "948991489538f51d0c782f4c0448269abcddba4fe7e14e39c1c86494223ecc92"
    part = seal(KEY, KEY_ID, SALT, TEXT)
    assert part.sealed.hex() == "4ef873901c10e517b459e2369332a12f7fcfc367cb0bb702742f46d04b6f24a47625baf844"
    assert part.sealed_hash.hex() == "ce2acd9a9706e68f0f4065c02b7bfd1b1aa29c321eba803dbb0e18114a567b4b"


def test_the_three_formulas_are_those_of_the_specification() -> None:
    own = hmac.new(KEY, b"rollbook/entry-key/v1\x00" + SALT, "sha256").digest()
    part = seal(KEY, KEY_ID, SALT, TEXT)
    assert entry_key(KEY, SALT) == own
    assert part.sealed == AESGCM(own).encrypt(bytes(12), TEXT, KEY_ID)
    assert part.sealed_hash == sealed_hash(own, TEXT) == sha256(b"\x06" + own + TEXT).digest()


@given(st.integers(0, (len(TEXT) + 16) * 8 - 1))
def test_a_flipped_bit_anywhere_in_the_ciphertext_is_refused(bit: int) -> None:
    part = seal(KEY, KEY_ID, SALT, TEXT)
    flipped = bytearray(part.sealed)
    flipped[bit // 8] ^= 1 << bit % 8
    with pytest.raises(SealBroken, match="does not open"):
        unseal(KEY, SALT, part._replace(sealed=bytes(flipped)))


@given(st.integers(0, 255))
def test_a_flipped_bit_in_the_hash_is_refused(bit: int) -> None:
    part = seal(KEY, KEY_ID, SALT, TEXT)
    flipped = bytearray(part.sealed_hash)
    flipped[bit // 8] ^= 1 << bit % 8
    with pytest.raises(SealBroken, match="its hash does not fit"):
        unseal(KEY, SALT, part._replace(sealed_hash=bytes(flipped)))


@pytest.mark.parametrize("length", [0, 1, 15, 16])
def test_a_ciphertext_cut_short_is_refused(length: int) -> None:
    part = seal(KEY, KEY_ID, SALT, TEXT)
    with pytest.raises(SealBroken):
        unseal(KEY, SALT, part._replace(sealed=part.sealed[:length]))


def test_a_wrong_salt_a_wrong_key_and_a_wrong_key_id_are_refused() -> None:
    part = seal(KEY, KEY_ID, SALT, TEXT)
    with pytest.raises(SealBroken):
        unseal(KEY, bytes(16), part)
    with pytest.raises(SealBroken):
        unseal(bytes(32), SALT, part)
    with pytest.raises(SealBroken):
        unseal(KEY, SALT, part._replace(sealed_key=bytes(16)))


def test_the_ciphertext_of_another_entry_of_the_same_line_is_refused() -> None:
    mine, other = seal(KEY, KEY_ID, SALT, TEXT), seal(KEY, KEY_ID, bytes(16), b"Truanting, said a neighbour.")
    with pytest.raises(SealBroken):
        unseal(KEY, SALT, mine._replace(sealed=other.sealed))
    with pytest.raises(SealBroken):
        unseal(KEY, SALT, other)


def test_the_disclosed_key_of_one_entry_opens_no_other_entry_of_the_line() -> None:
    with pytest.raises(SealBroken):
        unseal_entry(entry_key(KEY, SALT), seal(KEY, KEY_ID, bytes(16), TEXT))


@pytest.mark.parametrize(
    ("key", "key_id", "salt"),
    [(bytes(31), KEY_ID, SALT), (KEY, KEY_ID, bytes(15)), (KEY, bytes(17), SALT), (KEY, KEY_ID, b"")],
)
def test_keys_ids_and_salts_of_another_length_are_refused(key: bytes, key_id: bytes, salt: bytes) -> None:
    with pytest.raises(ValueError, match="bytes, and this one has"):
        seal(key, key_id, salt, TEXT)


def test_a_ciphertext_made_to_open_to_two_texts_opens_only_to_the_one_that_was_sealed() -> None:
    """AES-GCM alone accepts both keys: the hash is what tells which text the ledger was given."""
    key_1, key_2 = os.urandom(32), os.urandom(32)
    own_1, own_2 = entry_key(key_1, SALT), entry_key(key_2, SALT)
    forged = opens_under_both(own_1, own_2, KEY_ID, b"He was present.\n")

    text_1 = AESGCM(own_1).decrypt(bytes(12), forged, KEY_ID)
    text_2 = AESGCM(own_2).decrypt(bytes(12), forged, KEY_ID)
    assert text_1.startswith(b"He was present.\n")
    assert text_1 != text_2

    part = Sealed(KEY_ID, forged, sealed_hash(own_1, text_1))
    assert unseal(key_1, SALT, part) == text_1
    with pytest.raises(SealBroken, match="not the one that was sealed"):
        unseal(key_2, SALT, part)


def opens_under_both(key_1: bytes, key_2: bytes, associated: bytes, wanted: bytes) -> bytes:
    """Two blocks and a tag that AES-256-GCM accepts under both keys; the first block is `wanted` under the first.

    The tag is a polynomial over GF(2^128) in the ciphertext's blocks, so one free block makes the tags of two keys equal
    (Dodis, Grubbs, Ristenpart, Woodage, CRYPTO 2018).
    """

    def block(key: bytes, data: bytes) -> int:
        return int.from_bytes(Cipher(algorithms.AES(key), modes.ECB()).encryptor().update(data), "big")  # noqa: S305

    def times(x: int, y: int) -> int:
        product = 0
        for bit in range(127, -1, -1):
            if x >> bit & 1:
                product ^= y
            y = y >> 1 ^ (0xE1 << 120 if y & 1 else 0)
        return product

    def power(x: int, exponent: int) -> int:
        result = 1 << 127
        for bit in bin(exponent)[2:]:
            result = times(result, result)
            if bit == "1":
                result = times(result, x)
        return result

    h1, h2 = block(key_1, bytes(16)), block(key_2, bytes(16))
    mask_1, mask_2 = (block(key, bytes(12) + b"\x00\x00\x00\x01") for key in (key_1, key_2))
    first = int.from_bytes(wanted, "big") ^ block(key_1, bytes(12) + b"\x00\x00\x00\x02")
    lengths = (128 << 64) | 256
    known = int.from_bytes(associated, "big"), first, None, lengths

    def without_second(h: int, mask: int) -> int:
        total = mask
        for exponent, value in zip((4, 3, 2, 1), known, strict=True):
            total ^= times(value, power(h, exponent)) if value is not None else 0
        return total

    gap = without_second(h1, mask_1) ^ without_second(h2, mask_2)
    second = times(gap, power(power(h1, 2) ^ power(h2, 2), 2**128 - 2))
    tag = without_second(h1, mask_1) ^ times(second, power(h1, 2))
    return b"".join(value.to_bytes(16, "big") for value in (first, second, tag))


def test_the_identity_key_is_the_hmac_that_the_format_says() -> None:
    said = hmac.new(KEY, b"upn\x00\x00A823432120001", sha256).digest()
    assert identity_key(KEY, "upn", "", "A823432120001") == said
    assert said.hex() == "fac6925f6a147f639e7f6d6581b00e80853e6ca19d373eaa8a638b0a61184687"


printable = st.characters(codec="utf-8", exclude_categories=("C", "Z"), include_characters=" ")
fact = st.tuples(st.text(printable, max_size=5), st.text(printable, max_size=5), st.text(printable, max_size=8))


@given(fact, fact)
def test_two_facts_share_an_identity_key_only_if_they_are_one(a: tuple[str, str, str], b: tuple[str, str, str]) -> None:
    assert (identity_key(KEY, *a) == identity_key(KEY, *b)) == (a == b)


def test_moving_a_character_from_one_part_to_the_next_changes_the_identity_key() -> None:
    assert identity_key(KEY, "mis", "a", "b1") != identity_key(KEY, "mis", "ab", "1")
    assert identity_key(KEY, "upn", "", "x") != identity_key(bytes(32), "upn", "", "x")


@pytest.mark.parametrize(("kind", "scope"), [("up\0n", ""), ("upn", "\0")])
def test_a_zero_character_in_kind_or_scope_is_refused(kind: str, scope: str) -> None:
    with pytest.raises(ValueError, match="no zero character"):
        identity_key(KEY, kind, scope, "1")


def test_a_short_lookup_key_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        identity_key(b"short", "upn", "", "1")
