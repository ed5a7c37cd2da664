"""Events to stored states and back: the body encoded, the sealed part sealed under its key and opened again."""

from __future__ import annotations

import os

from domain import sealing
from domain.events import Event, Fields
from domain.ledger.keystore import Key, KeyStore
from schemas import catalogue
from schemas.codec import decode, encode
from schemas.marks import plain_marks, plain_tail, read_mark

_MARKS = frozenset(("MarkRecorded", "MarkForeseen"))
_BESIDE_A_CODE = ("said_at", "by", "minutes_late", "arrived_at", "arrangement")
"""What an ordinary mark leaves unsaid."""


def seal_and_encode(event: Event, key: Key | None) -> bytes:
    """The stored state of an event: a fresh random salt, the sealed part, the body. A plain mark from its template."""
    if event.topic in _MARKS and event.seal is None and all(event.fields.get(name) is None for name in _BESIDE_A_CODE):
        said = event.fields
        tail = plain_tail(
            said["date"], said["session"], said["header"], said["code"], said.get("code_sent"), said["cause"]
        )
        return plain_marks([said["line"]], [tail], event.topic)[0]
    schema = catalogue.ledger(event.topic)
    salt = os.urandom(16)
    fields: Fields = {**event.fields, "salt": salt}
    if event.seal is not None:
        assert key is not None, "a sealed part has a key"
        text_schema = catalogue.sealed(event.seal.schema)
        text = encode(text_schema, event.seal.text)
        part = sealing.seal(key.key, key.id, salt, text)
        fields |= {"sealed_key": part.sealed_key, "sealed": part.sealed, "sealed_hash": part.sealed_hash}
    return encode(schema, fields)


def open_state(state: bytes, keys: KeyStore) -> tuple[Fields, Fields | None]:
    """The fields of a stored state, and its sealed part's text if there is one and its key is at hand."""
    fields = fields_of(state)
    key_id = fields.get("sealed_key")
    if key_id is None:
        return fields, None
    key = keys.get(key_id)
    return fields, None if key is None else open_part(fields, key)


def fields_of(state: bytes) -> Fields:
    """The clear fields of a stored state: no key is asked for."""
    return read_mark(state) or decode(state)[1]


def open_part(fields: Fields, key: bytes) -> Fields:
    """The text of an event's sealed part, by the key that it names. Refuses as `sealing.unseal` does."""
    part = sealing.Sealed(fields["sealed_key"], fields["sealed"], fields["sealed_hash"])
    _, text = decode(sealing.unseal(key, fields["salt"], part))
    return text
