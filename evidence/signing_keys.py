"""The ledger's own keys: made once at the founding, named as C2SP names them, kept by their owner only.

Three keys: the log key (Ed25519) signs every checkpoint; the ML-DSA-44 key signs each day's closing one as well, so
that old evidence does not wait for a post-quantum alarm; the recovery key is printed once, kept on paper off-site and
used only to announce a new key when the first is lost or stolen. Signing itself belongs to the log, not here.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
import stat
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Final, NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

SIGNING_KEY_FILE: Final = "signing.key"
"""The file of the home that holds the two signing keys: two PEM blocks (PKCS #8), the log key first."""

ED25519: Final = 0x01
"""C2SP signature type of a log's Ed25519 key."""
WITNESS_ED25519: Final = 0x04
"""C2SP signature type of a witness's Ed25519 key."""
ML_DSA_44: Final = 0x06
"""C2SP signature type of an ML-DSA-44 key."""

RECOVERY: Final = "/recovery"
"""What follows the origin in the name of the recovery key, so that nothing takes it for the log's own."""

_PUBLIC_SIZE: Final = {ED25519: 32, WITNESS_ED25519: 32, ML_DSA_44: 1312}
_ORIGIN: Final = re.compile(r"[!-*,-~]+/[1-9][0-9]*")
_LONGEST_ORIGIN: Final = 200
_PEM: Final = re.compile(rb"-----BEGIN PRIVATE KEY-----.*?-----END PRIVATE KEY-----", re.DOTALL)
_LETTERS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_READ_AS: Final = str.maketrans("OIL", "011")
_RECOVERY_CHECK: Final = b"rollbook/recovery-key/v1\0"


class KeyRefused(ValueError):
    """A key, its name or its file is not what it must be; the message says why in one sentence."""


class Vkey(NamedTuple):
    """A verifier key, taken apart."""

    name: str
    id: bytes
    """Four bytes that name the key in a signature line."""
    type: int
    public: bytes


@dataclass(frozen=True, slots=True)
class SigningKeys:
    """The two keys that sign for a ledger."""

    origin: str
    log: Ed25519PrivateKey = field(repr=False)
    ml_dsa: MLDSA44PrivateKey = field(repr=False)

    @property
    def log_key(self) -> str:
        """The vkey of the log key."""
        return vkey(self.origin, ED25519, self.log.public_key().public_bytes_raw())

    @property
    def ml_dsa_key(self) -> str:
        """The vkey of the ML-DSA-44 key, under the same name."""
        return vkey(self.origin, ML_DSA_44, self.ml_dsa.public_key().public_bytes_raw())


@dataclass(frozen=True, slots=True)
class FoundingKeys:
    """What the making of the keys gives back: the signing keys, and the recovery key for the only time."""

    signing: SigningKeys
    recovery_key: str
    """The recovery key's vkey: the ledger's first entry holds it."""
    recovery_text: str = field(repr=False)
    """The recovery key itself, to be printed once and kept on paper. It is stored nowhere."""


def check_origin(origin: str) -> str:
    """The origin itself, if it can name a ledger: printable ASCII without space or plus, ending in its number.

    Refuses, with KeyRefused, anything else (C2SP signed-note, key names; format 1, section 8).
    """
    if len(origin) > _LONGEST_ORIGIN or not _ORIGIN.fullmatch(origin):
        raise KeyRefused(
            f"An origin is at most {_LONGEST_ORIGIN} printable characters without space or plus and ends in the "
            f"ledger's number, like ledger.example.org/authority-805/1; {origin!a} does not fit."
        )
    return origin


def key_id(name: str, type: int, public: bytes) -> bytes:
    """The four bytes that name a key in a signature line: the first of H(name || 0A || type || public key).

    Source: C2SP signed-note, and tlog-cosignature for the types 0x04 and 0x06.
    """
    return sha256(name.encode("utf-8") + b"\n" + bytes((type,)) + public).digest()[:4]


def vkey(name: str, type: int, public: bytes) -> str:
    """The verifier key `name+hex key id+base64(type || public key)` (C2SP signed-note).

    Refuses, with KeyRefused, a name that is empty or holds a space or a plus, a type other than 0x01, 0x04 and 0x06,
    and a public key of another length than its type has.
    """
    _check_key(name, type, public)
    packed = base64.b64encode(bytes((type,)) + public).decode("ascii")
    return f"{name}+{key_id(name, type, public).hex()}+{packed}"


def parse_vkey(text: str) -> Vkey:
    """Take a verifier key apart. Refuses, with KeyRefused, whatever `vkey` would not have written, to the character."""
    parts = text.split("+", 2)
    try:
        packed = base64.b64decode(parts[2], validate=True)
        name, type, public = parts[0], packed[0], packed[1:]
    except (IndexError, binascii.Error, ValueError):
        raise KeyRefused("This is not a verifier key, which is written name+id+base64.") from None
    if vkey(name, type, public) != text:
        raise KeyRefused(f"The verifier key of {name} was changed or mistyped: its id does not fit its key.")
    return Vkey(name, key_id(name, type, public), type, public)


def make_keys(home: Path, origin: str) -> FoundingKeys:
    """Make the three keys of a new ledger and write the two that sign into `home`, durably and for the owner only.

    The recovery key is in what is returned and nowhere else. Refuses, with KeyRefused, an origin that cannot name a
    ledger and a home that holds signing keys already: those are never overwritten.
    """
    check_origin(origin)
    signing = SigningKeys(origin, Ed25519PrivateKey.generate(), MLDSA44PrivateKey.generate())
    recovery = Ed25519PrivateKey.generate()
    text = b"".join(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) for key in (signing.log, signing.ml_dsa)
    )
    _write_once(home / SIGNING_KEY_FILE, text)
    return FoundingKeys(signing, recovery_vkey(origin, recovery), recovery_text(recovery))


def load_signing_keys(home: Path, origin: str) -> SigningKeys:
    """Read the two signing keys of a home back.

    Refuses, with KeyRefused, a missing file, one that others than its owner may use, and one that does not hold an
    Ed25519 key and then an ML-DSA-44 key.
    """
    path = home / SIGNING_KEY_FILE
    check_origin(origin)
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            text = file.read()
    except FileNotFoundError:
        raise KeyRefused(f"There are no signing keys at {path}.") from None
    if mode & 0o077:
        raise KeyRefused(f"The signing keys at {path} can be used by others (rights {mode:03o}): chmod 600 {path}")
    try:
        log, ml_dsa = (load_pem_private_key(block, None) for block in _PEM.findall(text))
    except ValueError:
        raise KeyRefused(f"The file {path} does not hold the two signing keys of a ledger.") from None
    if not isinstance(log, Ed25519PrivateKey) or not isinstance(ml_dsa, MLDSA44PrivateKey):
        raise KeyRefused(f"The file {path} does not hold an Ed25519 key and then an ML-DSA-44 key.")
    return SigningKeys(origin, log, ml_dsa)


def recovery_vkey(origin: str, recovery: Ed25519PrivateKey) -> str:
    """The vkey of a recovery key, named after the origin: `origin/recovery`."""
    return vkey(origin + RECOVERY, ED25519, recovery.public_key().public_bytes_raw())


def recovery_text(recovery: Ed25519PrivateKey) -> str:
    """A recovery key as it is printed: 14 groups of 4 characters, the last 24 bits being a check of the rest.

    The alphabet has no I, L, O and U (Crockford's), so that a person can copy it from paper.
    """
    seed = recovery.private_bytes_raw()
    number = int.from_bytes(seed + _check(seed), "big")
    letters = "".join(_LETTERS[number >> shift & 31] for shift in range(275, -1, -5))
    return "-".join(letters[at : at + 4] for at in range(0, 56, 4))


def recovery_key_from_text(text: str) -> Ed25519PrivateKey:
    """Read a printed recovery key, in any case, with or without its hyphens and with O, I or L for 0 and 1.

    Refuses, with KeyRefused, the wrong number of characters, one that is not in the alphabet, and a mistyped one
    (but for one in sixteen million). Whether it belongs to a ledger is told by comparing `recovery_vkey`.
    """
    letters = "".join(text.replace("-", " ").split()).upper().translate(_READ_AS)
    if len(letters) != 56:
        raise KeyRefused(
            f"A recovery key has 56 letters and digits in 14 groups of 4, and this one has {len(letters)}."
        )
    wrong = next((at for at, letter in enumerate(letters) if letter not in _LETTERS), None)
    if wrong is not None:
        raise KeyRefused(f"A recovery key holds no {letters[wrong]!a}: look at group {wrong // 4 + 1}.")
    number = 0
    for letter in letters:
        number = number << 5 | _LETTERS.index(letter)
    raw = number.to_bytes(35, "big")
    if _check(raw[:32]) != raw[32:]:
        raise KeyRefused("This recovery key is mistyped: its check does not fit.")
    return Ed25519PrivateKey.from_private_bytes(raw[:32])


def _check(seed: bytes) -> bytes:
    return sha256(_RECOVERY_CHECK + seed).digest()[:3]


def _check_key(name: str, type: int, public: bytes) -> None:
    if not name or not name.isprintable() or "+" in name or any(letter.isspace() for letter in name):
        raise KeyRefused(f"The name of a key is not empty and holds no space and no plus; {name!a} does not fit.")
    if type not in _PUBLIC_SIZE:
        raise KeyRefused(f"Signature type {type} is not known here.")
    if len(public) != _PUBLIC_SIZE[type]:
        raise KeyRefused(f"A public key of type {type} has {_PUBLIC_SIZE[type]} bytes, and this one has {len(public)}.")


def _write_once(path: Path, data: bytes) -> None:
    """Write a new file for its owner only, and leave nothing half written behind; durable when it returns."""
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise KeyRefused(f"There are signing keys at {path} already, and they are never overwritten.") from None
    try:
        with os.fdopen(file, "wb") as open_file:
            os.fchmod(open_file.fileno(), 0o600)
            open_file.write(data)
            open_file.flush()
            os.fsync(open_file.fileno())
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
