"""The fast writer for marks: bytes from a template.

All that an ordinary `MarkRecorded` says beside its salt and its line is the same for every mark of a message with the
same code, so it is encoded once; a mark is then one join of four byte strings (0.3 us instead of 6 through fastavro).
A property test proves that the bytes are those that fastavro writes.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache

from schemas.catalogue import ledger
from schemas.codec import SINGLE_OBJECT, Record, decode
from schemas.flat import zigzag

_NULLS = 8
"""said_at, by, minutes_late, arrived_at, arrangement, sealed_key, sealed, sealed_hash: null in an ordinary mark."""


def _string(text: str) -> bytes:
    raw = text.encode()
    return zigzag(len(raw)) + raw


@cache
def _enum(field: str) -> dict[str, bytes]:
    for stated in ledger("MarkRecorded").fields:
        if stated["name"] == field:
            return {symbol: zigzag(n) for n, symbol in enumerate(stated["type"]["symbols"])}
    raise KeyError(field)


@cache
def _head(topic: str) -> bytes:
    return SINGLE_OBJECT + ledger(topic).fingerprint


@lru_cache(maxsize=4_096)
def _what(code: str, code_sent: str | None, cause: str) -> bytes:
    sent = b"\x00" if code_sent is None else b"\x02" + _string(code_sent)
    return _string(code) + sent + _enum("cause")[cause] + bytes(_NULLS)


@lru_cache(maxsize=4_096)
def _when(date: int, session: str) -> bytes:
    return zigzag(date) + _enum("session")[session]


_TAIL_AT = 42
"""Where what follows salt and line begins in a stored mark."""
_LONGEST = 96
"""Of a mark without sealed part, and more: what is longer is seldom met twice."""


@lru_cache(maxsize=16_384)
def _said(head: bytes, tail: bytes) -> Record:
    """What a mark says beside its salt and line: the same for all of a class with the same code."""
    return decode(head + bytes(32) + tail)[1]


def read_mark(state: bytes) -> Record | None:
    """The fields of a stored mark, in a sixth of the time of the codec; None for any other state, and a rare mark."""
    head = state[:10]
    if head != _head("MarkRecorded") or not _TAIL_AT < len(state) < _LONGEST:
        return None
    fields = _said(head, state[_TAIL_AT:]).copy()
    fields["salt"], fields["line"] = state[10:26], state[26:42]
    return fields


def plain_tail(date: int, session: str, header: int, code: str, code_sent: str | None, cause: str) -> bytes:
    """What follows salt and line in a mark that says nothing beside its code. `date` in days since 1970."""
    return _when(date, session) + zigzag(header) + _what(code, code_sent, cause)


def plain_marks(lines: Sequence[bytes], tails: Iterable[bytes], topic: str = "MarkRecorded") -> list[bytes]:
    """The stored states of ordinary marks: one for each line (16 bytes), each with a fresh random salt.

    `tails` come from `plain_tail`, one a line. `MarkForeseen` has the same fields, so it shares the template.
    """
    head = _head(topic)
    salts = os.urandom(16 * len(lines))
    return [
        b"%b%b%b%b" % (head, salts[at : at + 16], line, tail)
        for at, line, tail in zip(range(0, 16 * len(lines), 16), lines, tails, strict=True)
    ]
