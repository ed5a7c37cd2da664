"""The ledger's keys: named as C2SP names them, written for their owner only, and a recovery key that survives paper."""

from __future__ import annotations

import base64
import os
import re
import subprocess
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from evidence.signing_keys import (
    ED25519,
    ML_DSA_44,
    SIGNING_KEY_FILE,
    WITNESS_ED25519,
    KeyRefused,
    SigningKeys,
    check_origin,
    load_signing_keys,
    make_keys,
    parse_vkey,
    recovery_key_from_text,
    recovery_text,
    recovery_vkey,
    vkey,
)

ORIGIN = "ledger.example.org/authority-805/1"
LOG_VKEY = "ledger.example.org/authority-805/1+0b09efdb+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"
WITNESS_VKEY = "witness.example.net/w1+acbf525c+BCVDuS/xCVURR2rcg2nbbdyTNmWhGXjdoUBO4QZsqVWd"
CHECKPOINT = f"{ORIGIN}\n5\nrL4d/LnzBNqEzJzEpQXkJyzArBAxJWHddJPlfiNXh3k=\n"
LOG_LINE = "Cwnv28ho+lxzn08HPlu0UD0om7iWCkXDxSqGLmCv+rUoTDfSVeZQKKlguJoXSK42t38H71ri2yfzuPvoIN9ugpvrbgY="
WITNESS_LINE = (
    "rL9SXAAAAABqkrdAiEmlmbExDQeBvw+giAjOrlJS3ucl3D4lZYVt0/qm3o7YVrAtzLyjnb+RlJpsMIcXrEPV8tHfMfSj5Gfl6pOhBw=="
)
KEYS = SigningKeys(
    ORIGIN,
    Ed25519PrivateKey.from_private_bytes(bytes(range(32))),
    MLDSA44PrivateKey.from_seed_bytes(bytes(range(32))),
)
WITNESS = Ed25519PrivateKey.from_private_bytes(bytes(range(0x40, 0x60)))
RECOVERY_TEXT = "000G-40R4-0M30-E209-185G-R38E-1W81-24GK-2GAH-C5RR-34D1-P70X-3RFM-PFVV"

seeds = st.binary(min_size=32, max_size=32)


def test_the_log_key_of_the_published_vectors_has_the_published_name() -> None:
    assert KEYS.log_key == LOG_VKEY


def test_the_witness_key_of_the_published_vectors_has_the_published_name() -> None:
    assert vkey("witness.example.net/w1", WITNESS_ED25519, WITNESS.public_key().public_bytes_raw()) == WITNESS_VKEY


def test_the_ml_dsa_key_of_the_vectors_has_the_name_that_format_1_prints() -> None:
    key = parse_vkey(KEYS.ml_dsa_key)
    assert (key.name, key.type, len(key.public)) == (ORIGIN, ML_DSA_44, 1312)
    assert key.id.hex() == "4d4fb452"
    assert (
        sha256(KEYS.ml_dsa_key.encode()).hexdigest()
        == "4e3cea26110d9b1c84141b5d04bc527891e6b09d61dcce68ee368dbe8fcf75cc"
    )


def test_the_keys_sign_the_published_checkpoint_as_it_was_published() -> None:
    signed = parse_vkey(KEYS.log_key).id + KEYS.log.sign(CHECKPOINT.encode())
    assert base64.b64encode(signed).decode() == LOG_LINE
    issued = f"{CHECKPOINT}\n\u2014 {ORIGIN} {LOG_LINE}\n".encode()
    assert len(issued) == 215
    assert sha256(issued).hexdigest() == "f06320a274d00fbb457beab4cd2e6d65a9d43ea7b3d1a9c4e34e03771469bc92"
    cosigned = WITNESS.sign(b"cosignature/v1\ntime 1788000064\n" + CHECKPOINT.encode())
    line = parse_vkey(WITNESS_VKEY).id + (1788000064).to_bytes(8, "big") + cosigned
    assert base64.b64encode(line).decode() == WITNESS_LINE


@given(st.sampled_from([(ED25519, 32), (WITNESS_ED25519, 32), (ML_DSA_44, 1312)]), st.data())
def test_a_verifier_key_read_back_says_what_was_written(kind: tuple[int, int], data: st.DataObject) -> None:
    type, size = kind
    public = data.draw(st.binary(min_size=size, max_size=size))
    text = vkey(ORIGIN, type, public)
    key = parse_vkey(text)
    assert (key.name, key.type, key.public) == (ORIGIN, type, public)
    assert key.id == sha256(ORIGIN.encode() + b"\n" + bytes((type,)) + public).digest()[:4]


@given(st.integers(0, len(LOG_VKEY) - 1), st.characters(min_codepoint=0x21, max_codepoint=0x7E))
def test_a_mistyped_verifier_key_is_refused(at: int, letter: str) -> None:
    mistyped = LOG_VKEY[:at] + letter + LOG_VKEY[at + 1 :]
    if mistyped == LOG_VKEY:
        return
    with pytest.raises(KeyRefused):
        parse_vkey(mistyped)


@pytest.mark.parametrize("text", ["", "a+b", "name+00000000+", "name+00000000+!!!!", LOG_VKEY + "\n", LOG_VKEY + "="])
def test_what_is_not_a_verifier_key_is_refused(text: str) -> None:
    with pytest.raises(KeyRefused):
        parse_vkey(text)


@pytest.mark.parametrize("name", ["", "with space", "with+plus", "with\u00a0space", "line\nbreak"])
def test_a_key_name_that_c2sp_forbids_is_refused(name: str) -> None:
    with pytest.raises(KeyRefused, match="The name of a key"):
        vkey(name, ED25519, bytes(32))


def test_a_public_key_of_another_length_or_type_is_refused() -> None:
    with pytest.raises(KeyRefused, match="has 1312 bytes"):
        vkey(ORIGIN, ML_DSA_44, bytes(32))
    with pytest.raises(KeyRefused, match="Signature type 2"):
        vkey(ORIGIN, 2, bytes(32))


@pytest.mark.parametrize(
    "origin", ["", "ledger", "ledger/0", "ledger/01", "a b/1", "a+b/1", "l\n/1", "lédger/1", "/1" * 101, "ledger/1/"]
)
def test_an_origin_that_cannot_name_a_ledger_is_refused(origin: str) -> None:
    with pytest.raises(KeyRefused, match="ends in the ledger's number"):
        check_origin(origin)


def test_an_origin_that_ends_in_the_ledgers_number_is_taken() -> None:
    assert check_origin(ORIGIN) == ORIGIN


def test_the_keys_of_a_home_are_for_their_owner_only_whatever_the_umask(tmp_path: Path) -> None:
    for name, mask in (("open", 0o000), ("tight", 0o277)):
        home = tmp_path / name
        home.mkdir()
        old = os.umask(mask)
        try:
            make_keys(home, ORIGIN)
        finally:
            os.umask(old)
        assert (home / SIGNING_KEY_FILE).stat().st_mode & 0o777 == 0o600


def test_the_keys_of_a_home_read_back_are_those_that_were_made(tmp_path: Path) -> None:
    made = make_keys(tmp_path, ORIGIN)
    read = load_signing_keys(tmp_path, ORIGIN)
    assert (read.log_key, read.ml_dsa_key) == (made.signing.log_key, made.signing.ml_dsa_key)
    read.ml_dsa.public_key().verify(made.signing.ml_dsa.sign(b"text"), b"text")


def test_two_homes_never_get_the_same_keys(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    a, b = make_keys(tmp_path / "a", ORIGIN), make_keys(tmp_path / "b", ORIGIN)
    names = {a.signing.log_key, a.signing.ml_dsa_key, b.signing.log_key, b.signing.ml_dsa_key}
    assert len(names | {a.recovery_key, b.recovery_key}) == 6


def test_the_recovery_key_is_written_nowhere(tmp_path: Path) -> None:
    made = make_keys(tmp_path, ORIGIN)
    seed = recovery_key_from_text(made.recovery_text).private_bytes_raw()
    assert [path.name for path in tmp_path.iterdir()] == [SIGNING_KEY_FILE]
    kept = (tmp_path / SIGNING_KEY_FILE).read_bytes()
    blocks = [base64.b64decode(block) for block in re.findall(rb"KEY-----\n([^-]+)\n-----END", kept)]
    assert len(blocks) == 2
    for shown in (kept, *blocks):
        assert made.recovery_text.encode() not in shown
        assert seed not in shown
    assert recovery_vkey(ORIGIN, recovery_key_from_text(made.recovery_text)) == made.recovery_key


def test_secret_keys_are_not_shown_when_keys_are_printed(tmp_path: Path) -> None:
    made = make_keys(tmp_path, ORIGIN)
    assert made.recovery_text not in repr(made)
    assert "PrivateKey" not in repr(made)


def test_signing_keys_are_never_overwritten(tmp_path: Path) -> None:
    make_keys(tmp_path, ORIGIN)
    before = (tmp_path / SIGNING_KEY_FILE).read_bytes()
    with pytest.raises(KeyRefused, match="never overwritten"):
        make_keys(tmp_path, ORIGIN)
    assert (tmp_path / SIGNING_KEY_FILE).read_bytes() == before


def test_a_write_that_fails_leaves_no_half_file_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: int) -> None:
        raise OSError("no space left")

    with monkeypatch.context() as patched:
        patched.setattr("evidence.signing_keys.os.fsync", broken)
        with pytest.raises(OSError, match="no space left"):
            make_keys(tmp_path, ORIGIN)
    assert list(tmp_path.iterdir()) == []
    make_keys(tmp_path, ORIGIN)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o660])
def test_signing_keys_that_others_can_use_are_refused(tmp_path: Path, mode: int) -> None:
    make_keys(tmp_path, ORIGIN)
    (tmp_path / SIGNING_KEY_FILE).chmod(mode)
    with pytest.raises(KeyRefused, match="can be used by others"):
        load_signing_keys(tmp_path, ORIGIN)


def test_missing_damaged_and_swapped_signing_keys_are_refused(tmp_path: Path) -> None:
    with pytest.raises(KeyRefused, match="no signing keys"):
        load_signing_keys(tmp_path, ORIGIN)
    make_keys(tmp_path, ORIGIN)
    path = tmp_path / SIGNING_KEY_FILE
    whole = path.read_bytes()
    second = whole.index(b"-----BEGIN", 1)
    for damaged in (b"", whole[:second], whole[second:] + whole[:second], whole.replace(b"MC4", b"AAA")):
        path.write_bytes(damaged)
        with pytest.raises(KeyRefused, match="does not hold"):
            load_signing_keys(tmp_path, ORIGIN)


def test_openssl_reads_the_log_key_of_a_home(tmp_path: Path) -> None:
    made = make_keys(tmp_path, ORIGIN)
    command = ["openssl", "pkey", "-in", str(tmp_path / SIGNING_KEY_FILE), "-pubout", "-outform", "DER"]
    try:
        public = subprocess.run(command, capture_output=True, check=True).stdout
    except FileNotFoundError:
        pytest.skip("there is no openssl on this machine")
    assert public == bytes.fromhex("302a300506032b6570032100") + parse_vkey(made.signing.log_key).public


def test_the_recovery_key_of_the_vectors_is_printed_as_format_1_says() -> None:
    key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    assert recovery_text(key) == RECOVERY_TEXT
    assert recovery_key_from_text(RECOVERY_TEXT).private_bytes_raw() == bytes(range(32))


@given(seeds)
def test_a_printed_recovery_key_reads_back_in_any_hand(seed: bytes) -> None:
    text = recovery_text(Ed25519PrivateKey.from_private_bytes(seed))
    assert [len(group) for group in text.split("-")] == [4] * 14
    for written in (text, text.lower(), text.replace("-", ""), f"  {text.replace('-', ' ')}\n"):
        assert recovery_key_from_text(written).private_bytes_raw() == seed
    assert recovery_key_from_text(text.replace("0", "o").replace("1", "L")).private_bytes_raw() == seed


@given(st.integers(0, 55), st.sampled_from("0123456789ABCDEFGHJKMNPQRSTVWXYZ"))
def test_one_mistyped_character_of_a_recovery_key_is_noticed(at: int, letter: str) -> None:
    letters = RECOVERY_TEXT.replace("-", "")
    if letters[at] == letter:
        return
    with pytest.raises(KeyRefused, match="mistyped"):
        recovery_key_from_text(letters[:at] + letter + letters[at + 1 :])


@given(st.integers(0, 54))
def test_two_swapped_characters_of_a_recovery_key_are_noticed(at: int) -> None:
    letters = RECOVERY_TEXT.replace("-", "")
    if letters[at] == letters[at + 1]:
        return
    with pytest.raises(KeyRefused, match="mistyped"):
        recovery_key_from_text(letters[:at] + letters[at + 1] + letters[at] + letters[at + 2 :])


def test_a_recovery_key_says_where_a_character_cannot_stand_and_when_some_are_missing() -> None:
    with pytest.raises(KeyRefused, match=r"holds no 'U': look at group 2\."):
        recovery_key_from_text(RECOVERY_TEXT[:5] + "U" + RECOVERY_TEXT[6:])
    with pytest.raises(KeyRefused, match=r"this one has 55\."):
        recovery_key_from_text(RECOVERY_TEXT[:-1])
