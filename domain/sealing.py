"""The sealed part of an event: text that only the holder of its key can read, and that nobody can read two ways.

Names, addresses, UPNs and reasons lie in the ledger only in this form. Destroying the key makes them unreadable, and
every hash still verifies. Beside it, the key of an identity row: how a UPN or a MIS id leads to an id of ours without
standing anywhere in clear. No I/O and no randomness here: keys and salts are given.
"""

from __future__ import annotations

import hmac
from hashlib import sha256
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE = bytes(12)
_TAG = 16
_ENTRY_KEY = b"rollbook/entry-key/v1\0"


class Sealed(NamedTuple):
    """The three fields of a sealed part, as they stand in an event."""

    sealed_key: bytes
    """16 bytes: the random id of the key (of a line, a pupil, a place's staff), not the key."""
    sealed: bytes
    """The text encrypted, and 16 bytes of tag."""
    sealed_hash: bytes
    """32 bytes: binds the text to the key of this one entry."""


class SealBroken(ValueError):
    """A sealed part does not open, or opens to another text than was sealed; the message says which."""


def entry_key(key: bytes, salt: bytes) -> bytes:
    """The key of one entry, from the key named in it and the salt of its event (format 1, section 3).

    A bundle that discloses it opens this entry and no other. Refuses, with ValueError, a key that is not 32 bytes
    long and a salt that is not 16.
    """
    if len(key) != 32:
        raise ValueError(f"A key has 32 bytes, and this one has {len(key)}.")
    if len(salt) != 16:
        raise ValueError(f"A salt has 16 bytes, and this one has {len(salt)}.")
    return hmac.digest(key, _ENTRY_KEY + salt, "sha256")


def sealed_hash(entry_key: bytes, text: bytes) -> bytes:
    """What binds a text to the key of its entry: H(0x06 || entry key || text); checked without AES by a verifier."""
    return sha256(b"\x06" + entry_key + text).digest()


def seal(key: bytes, key_id: bytes, salt: bytes, text: bytes) -> Sealed:
    """Seal the text of one event under the key with that id (format 1, section 3).

    `text` is a single-object Avro record; `salt` is the event's own, fresh from the operating system. One salt seals
    one text: the nonce is fixed because each entry has a key of its own, so a second text under the same key and salt
    would undo both. Refuses, with ValueError, a key, key id or salt of the wrong length.
    """
    if len(key_id) != 16:
        raise ValueError(f"The id of a key has 16 bytes, and this one has {len(key_id)}.")
    own = entry_key(key, salt)
    return Sealed(key_id, AESGCM(own).encrypt(_NONCE, text, key_id), sealed_hash(own, text))


def unseal(key: bytes, salt: bytes, part: Sealed) -> bytes:
    """The text of a sealed part, by the key that it names and the salt of its event.

    Refuses, with SealBroken, a wrong key, salt or key id, any changed byte, and a text that is not the one that was
    sealed. Refuses, with ValueError, a key or salt of the wrong length.
    """
    return unseal_entry(entry_key(key, salt), part)


def unseal_entry(entry_key: bytes, part: Sealed) -> bytes:
    """The text of a sealed part, by the disclosed key of its entry alone. Refuses as `unseal` does.

    The hash is checked as well as the tag, because AES-GCM does not bind its key: a ciphertext can be made that opens
    to one text under one key and to another under a second, and both pass its own check.
    """
    try:
        text = AESGCM(entry_key).decrypt(_NONCE, part.sealed, part.sealed_key)
    except InvalidTag:
        raise SealBroken(
            "The sealed part does not open: the key or the salt is not its own, or it was changed."
        ) from None
    if not hmac.compare_digest(sealed_hash(entry_key, text), part.sealed_hash):
        raise SealBroken("The sealed part opens to a text that is not the one that was sealed: its hash does not fit.")
    return text


def identity_key(lookup_key: bytes, kind: str, scope: str, value: str) -> bytes:
    """The key of an identity row: HMAC-SHA-256(lookup key, kind || 00 || scope || 00 || value), in UTF-8.

    `kind` says what the value is (`upn`, `mis`), `scope` where it holds (the hex id of a source, or nothing). Values
    are taken as they stand: whoever asks must write a UPN the same way each time. Refuses, with ValueError, a lookup
    key that is not 32 bytes long and a zero character in kind or scope, which would let two facts share a row.
    """
    if len(lookup_key) != 32:
        raise ValueError(f"The lookup key has 32 bytes, and this one has {len(lookup_key)}.")
    if "\0" in kind or "\0" in scope:
        raise ValueError("The kind and scope of an identity hold no zero character.")
    return hmac.digest(lookup_key, f"{kind}\0{scope}\0{value}".encode(), "sha256")
