"""What the schema ids of a registry mean: each is asked for once, and then known for as long as the process runs.

A message in Confluent's framing names its schema by a number that only the registry of its sender can explain. Here the
answer is turned into one of the schemas that we issued, by its canonical form, and the message is framed anew with its
fingerprint: so whatever is kept of it can be read for ever, without that registry. Where a registry is set, a number
means what the registry says and nothing else: the same number of `schemas/issued.csv` is another schema.

Nothing here touches a network: whoever makes a `SchemaIds` says how to ask.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from typing import NamedTuple

from fastavro.schema import fingerprint as avro_fingerprint
from fastavro.schema import to_parsing_canonical_form

from schemas.catalogue import find
from schemas.codec import SINGLE_OBJECT, Undecodable

HEADER = 5
"""0 and the schema id, 4 bytes big-endian (Confluent's wire format)."""
MOST = (1 << 31) - 1
"""A registry numbers its schemas from 1, in a signed int of 32 bits: it is not asked for what cannot be one."""
SECONDS_AT_ONCE = 5.0
"""How long the ids of one batch may take; those that are left are asked for with the next one."""
SECONDS_TO_WAIT = 0.5
SECONDS_TO_WAIT_AT_MOST = 8.0
SECONDS_TO_DOUBT = 1.0
"""A registry of several servers may deny a schema that was registered a moment ago: it is believed the second time."""
SECONDS_TO_BELIEVE = 60.0
"""How long it is not asked again for an id that it denied twice."""
UNKNOWN_SCHEMA = 40403
"""What a registry says where it knows no such schema; any other 404 is from something that is no registry."""
_ASKED = "the schema registry"
"""In every sentence about a value that a registry was asked about."""


class RegistrySilent(RuntimeError):
    """The registry gave no answer that can be believed; the sentence says why, as far as can be told."""


class NoSuchSchema(Undecodable):
    """A value whose id leads to no schema of ours. What of it is known without the registry is in `kept`."""

    def __init__(self, sentence: str, kept: bytes) -> None:
        super().__init__(sentence)
        self.kept = kept


class Meaning(NamedTuple):
    """What an id stands for."""

    fingerprint: bytes | None
    """Of the schema: CRC-64-AVRO, as in the single-object encoding; None where it has none, or only the look of one."""
    fault: str
    """Why it is none of ours; empty where it is."""


def meaning_of(answer: bytes) -> Meaning:
    """What a registry's answer to GET /schemas/ids/{id} says. Raises ValueError where it is none.

    A schema is ours if its parsing canonical form (Avro specification) is that of one that we issued, in whatever
    words, order and with whatever documentation it was registered. The fingerprint alone would not do: it is a CRC,
    which can be forged.
    """
    try:
        said = json.loads(answer)
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict) or not isinstance(said.get("schema"), str):
        raise ValueError("not what a schema registry says of a schema")  # noqa: TRY004 - a value from a network
    kind = said.get("schemaType") or "AVRO"
    if kind != "AVRO":
        return Meaning(None, "is no Avro schema there")
    if said.get("references"):
        return Meaning(None, "refers to other schemas there, and none that we issued does")
    try:
        canonical = to_parsing_canonical_form(json.loads(said["schema"]))
        fingerprint = bytes.fromhex(avro_fingerprint(canonical, "CRC-64-AVRO"))
    except Exception:  # fastavro raises TypeError, KeyError and others on what is no schema
        return Meaning(None, "is no Avro schema that can be read there")
    ours = find(fingerprint)
    if ours is None:
        return Meaning(fingerprint, f"is a schema there that was never issued (fingerprint {fingerprint.hex()})")
    if ours.canonical != canonical:
        return Meaning(None, f"is a schema there that only has the fingerprint of our {ours.name}")
    return Meaning(fingerprint, "")


def id_in(value: bytes | None) -> int | None:
    """The schema id of a value in Confluent's framing; None for any other value."""
    if value is None or len(value) < HEADER or value[0] != 0:
        return None
    return int.from_bytes(value[1:HEADER], "big")


def means_elsewhere(value: bytes, sentence: str) -> bool:
    """True of what is held because a registry could not explain its id: no other may explain it here.

    Whatever else is kept either names its schema by fingerprint, or by an id of our own.
    """
    return id_in(value) is not None and _ASKED in sentence


class SchemaIds:
    """The ids of one registry. One for each process; not for use by several threads at once."""

    def __init__(self, ask: Callable[[int], Meaning | None], clock: Callable[[], float] = time.monotonic) -> None:
        """`ask` gives what the registry says of an id, None where it knows no such schema, or raises RegistrySilent
        with a sentence. `clock` counts seconds."""
        self._ask = ask
        self._clock = clock
        self._known: dict[int, Meaning] = {}
        self._denied: dict[int, float] = {}
        """Denied once, and when."""
        self._unknown: dict[int, float] = {}
        """Denied twice, and until when that is believed."""
        self._wait = SECONDS_TO_WAIT
        self.trouble = ""
        """Why the registry did not answer when it was asked last; empty where it did."""
        self.ask_again_at = 0.0
        """When it is worth asking for what is not known yet, by the clock."""

    @property
    def may_ask(self) -> bool:
        """True if it is worth asking, for the first time or again."""
        return self._clock() >= self.ask_again_at

    def learn(self, values: Iterable[bytes | None]) -> None:
        """Ask for the ids of these values that are not known. Never raises: `knows` says what came of it."""
        now = self._clock()
        self._unknown = {number: until for number, until in self._unknown.items() if until > now}
        # In the order in which they came: what is first can then be taken, however many there are.
        came = dict.fromkeys(number for value in values if (number := id_in(value)) is not None)
        asked = [n for n in came if 1 <= n <= MOST and n not in self._known and n not in self._unknown]
        if not asked or not self.may_ask:
            return
        for number in asked:
            if self._clock() - now > SECONDS_AT_ONCE:
                return
            if number in self._denied and now - self._denied[number] < SECONDS_TO_DOUBT:
                continue
            try:
                meaning = self._ask(number)
            except RegistrySilent as silent:
                self.trouble = str(silent)
                self.ask_again_at = self._clock() + self._wait
                self._wait = min(2 * self._wait, SECONDS_TO_WAIT_AT_MOST)
                return
            self.trouble, self._wait = "", SECONDS_TO_WAIT
            self._note(number, meaning, now)

    def _note(self, number: int, meaning: Meaning | None, now: float) -> None:
        if meaning is not None:
            self._known[number] = meaning
            self._denied.pop(number, None)
        elif self._denied.pop(number, None) is None:
            self._denied[number] = now
            self.ask_again_at = now + SECONDS_TO_DOUBT
        else:
            self._unknown[number] = now + SECONDS_TO_BELIEVE

    def knows(self, value: bytes | None) -> bool:
        """True if it can be said now what the value is; False if the registry has to be asked first."""
        number = id_in(value)
        return number is None or not 1 <= number <= MOST or number in self._known or number in self._unknown

    def by_fingerprint(self, value: bytes) -> bytes:
        """A value as it says by itself what it is: framed by the fingerprint of its schema (Avro single object).

        A value in any other framing than Confluent's is as it was. Raises NoSuchSchema, with a sentence that names
        the id, where it leads to no schema that we issued: what is kept then names the fingerprint of that schema, if
        it has one, so that it can be read once we issue it. To be asked only where `knows` says True.
        """
        number = id_in(value)
        if number is None:
            return value
        known = self._known.get(number)
        if known is None:
            raise NoSuchSchema(f"{_ASKED} knows no schema with the id {number}", value)
        kept = value if known.fingerprint is None else SINGLE_OBJECT + known.fingerprint + value[HEADER:]
        if known.fault:
            raise NoSuchSchema(f"{_ASKED} was asked for the id {number}, which {known.fault}", kept)
        return kept
