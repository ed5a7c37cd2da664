"""Held inputs: the bytes of what could not be taken, encrypted beside the log, and which of them still wait.

`InputHeld` in the log says that there was an input, its hash, the rule, and in a sentence what to do. The bytes are
under the inbox key of the key store: they may hold names. They go once the input became events or was dismissed.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from domain.events import Event, Fields, KeyOf, Origin, Person, Seal
from domain.ledger.bodies import open_state
from domain.ledger.keystore import KeyStore, NewKey
from domain.ledger.store import Store
from domain.ledger.unit import Unit

INBOX = NewKey("inbox", "ledger/founding")
"""Owned by the stream that every ledger has, so that no sweep ever takes it for an orphan."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A held input that nobody has resolved."""

    id: bytes
    held_at: int
    """When the ledger first held it, UTC microseconds."""
    fields: Fields
    """Of its InputHeld."""

    @property
    def rule(self) -> str:
        """g1 to g6."""
        return str(self.fields["rule"])

    @property
    def place(self) -> bytes | None:
        """Where it belongs, if that is known."""
        place: bytes | None = self.fields.get("place")
        return place

    @property
    def rows(self) -> int:
        """How many rows of the message it holds."""
        return int(self.fields["rows"])


def stream_of(held: bytes) -> str:
    """The stream of a held input."""
    return f"ledger/held/{held.hex()}"


def hold(
    unit: Unit, keys: KeyStore, kept: bytes, rows: int, rule: str, place: bytes | None, sentence: str, origin: Origin
) -> Waiting:
    """Record InputHeld and keep the bytes, encrypted. Returns what waits from now on."""
    held = os.urandom(16)
    fields: Fields = {
        "held": held,
        **origin.fields(),
        "rows": rows,
        "bytes": hashlib.sha256(kept).digest(),
        "size": len(kept),
        "rule": rule,
        "place": place,
        "sentence": sentence,
    }
    unit.record_new(Event(stream_of(held), "InputHeld", fields))
    unit.held_bytes.append((held, encrypt(keys, held, kept)))
    return Waiting(held, unit.now, fields)


def resolve(
    unit: Unit,
    held: bytes,
    became: str,
    first_position: int | None,
    person: Person,
    why: str | None = None,
    key: KeyOf | None = None,
) -> None:
    """Record InputResolved: events, duplicate, or dismissed (by whom, and why). The bytes go with the commit.

    `key` seals the reason of a dismissal.
    """
    seal = None
    if why is not None and key is not None:
        seal = Seal(key, "NoteText", {"reason": why})
    fields = {"held": held, "became": became, "first_position": first_position, **person.fields()}
    unit.record_new(Event(stream_of(held), "InputResolved", fields, seal))
    unit.held_done.add(held)


def waiting(store: Store, keys: KeyStore, only: Iterable[bytes] | None = None) -> list[Waiting]:
    """Every input that is still held, or those of some ids, oldest first."""
    ids = store.held_ids() if only is None else list(only)
    found = []
    for at in range(0, len(ids), 500):
        for rows in store.read_streams(stream_of(held) for held in ids[at : at + 500]).values():
            fields, _ = open_state(rows[0].state, keys)
            if len(rows) == 1:
                found.append((rows[0].position, Waiting(fields["held"], rows[0].recorded_at, fields)))
    return [item for _, item in sorted(found, key=lambda pair: pair[0])]


def encrypt(keys: KeyStore, held: bytes, kept: bytes) -> bytes:
    """Under the inbox key: nonce, then AES-256-GCM with the held id as associated data."""
    key = keys.find(*INBOX) or keys.new_keys([INBOX])[0]
    nonce = os.urandom(12)
    return nonce + AESGCM(key.key).encrypt(nonce, kept, held)


class BytesGone(ValueError):
    """The bytes of a held input are not there, or do not open."""


def kept_bytes(store: Store, keys: KeyStore, held: bytes) -> bytes:
    """The bytes of a held input, as they were kept. Raises BytesGone with a sentence."""
    sealed, key = store.held_bytes(held), keys.find(*INBOX)
    if sealed is None or key is None:
        raise BytesGone(f"The bytes of held input {held.hex()} are not kept any more: it was resolved or dismissed.")
    try:
        return AESGCM(key.key).decrypt(sealed[:12], sealed[12:], held)
    except InvalidTag:
        raise BytesGone(f"The bytes of held input {held.hex()} do not open: they were changed.") from None
