"""Mutated messages, from a broker or straight into an intake: each row ends in one named outcome.

A mutation changes bytes (flipped, cut, added, another magic byte or schema id), or what a message says (a row twice, an
unknown pupil, an impossible date, another source, an id again with other bytes). Nothing may stop the intake, and the sum
must hold: recorded + foreseen + duplicate + nothing said + held = sent.
"""

from __future__ import annotations

import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from consumers.deliveries import Delivery
from deploy.kafka import Broker
from domain.ledger.ledger import Ledger
from schemas.codec import decode, encode, encode_confluent
from tests.streaming import (
    SOURCES,
    Authority,
    adds_up,
    founded_home,
    import_operator,
    producing,
    send,
    stored_counts,
    take_all,
)

IMPOSSIBLE = ("2025-02-30", "", "yesterday", "9999-12-31", "0001-01-01")


def bytes_changed(value: bytes, rng: random.Random) -> bytes:
    """The value with something done to its bytes."""
    at = rng.randrange(len(value))
    match rng.randrange(6):
        case 0:
            return value[:at]
        case 1:
            return value + rng.randbytes(rng.randrange(1, 9))
        case 2:
            return value[:at] + bytes([value[at] ^ 1 << rng.randrange(8)]) + value[at + 1 :]
        case 3:
            return value[:at] + rng.randbytes(4) + value[at:]
        case 4:
            return rng.randbytes(1) + value[1:]
        case _:
            return value[:1] + rng.randbytes(4) + value[5:]


def words_changed(message: dict[str, Any], rng: random.Random) -> dict[str, Any]:
    """The message saying something else."""
    message = dict(message)
    if rng.random() < 0.8:  # else an id that came before with other bytes
        message["message"] = rng.randbytes(16)
    array = next(name for name, value in message.items() if isinstance(value, list))
    rows = [dict(row) for row in message[array]]
    row = rng.choice(rows)
    match rng.randrange(8):
        case 0:
            rows.append(dict(row))
        case 1:
            row["mis_pupil"] = f"nobody {rng.randrange(50)}"
        case 2 if "date" in message:
            message["date"] = rng.choice(IMPOSSIBLE)
        case 3 if "session" in message:
            message["session"] = rng.choice(("EV", "", "am"))
        case 4:
            message["source"] = rng.choice((*SOURCES, bytes(16), b"?" * 16))
        case 5 if "code" in row:
            row["code"] = rng.choice(("-", "#", "Zz", "a name in the wrong column", "", "I", "/"))
        case 6:
            message["laestab"] = rng.choice(("8059999", None, "not one"))
        case _:
            rng.shuffle(rows)
    return message | {array: rows}


def mutated(authority: Authority, sent: list[Delivery], rng: random.Random) -> Delivery:
    """One of the messages, changed."""
    delivery = rng.choice(sent)
    if rng.random() < 0.4:
        return delivery._replace(value=bytes_changed(delivery.value, rng))
    schema, message = decode(delivery.value)
    framed = rng.choice((encode, encode_confluent))
    return delivery._replace(value=framed(schema, words_changed(message, rng)))


def deliveries(authority: Authority, messages: int, rng: random.Random) -> Iterator[Delivery]:
    """Rolls, registers, and as many mutated messages."""
    good = [*authority.rolls(), *authority.registers(4)]
    yield from good
    for _ in range(messages):
        yield mutated(authority, good, rng)


def stream(ledger: Ledger, folder: Path, broker: Broker, messages: int, seed: int) -> Counter[str]:
    """Mutated messages through the broker; returns what the ledger counted, which must add up."""
    rng = random.Random(seed)
    authority = Authority(seed=seed)
    import_operator(ledger, folder, authority)
    authority.make_topics(broker)
    sent = 0
    with producing(broker, linger_ms=20) as producer:
        for delivery in deliveries(authority, messages, rng):
            send(producer, delivery)
            sent += 1
    take_all(ledger, broker, sent, seconds=3_600)
    counts = stored_counts(ledger)
    assert counts["deliveries"] == sent
    assert adds_up(counts), counts
    return counts


def main(messages: int = 100_000, seed: int = 805) -> None:
    """The long form, with its figures."""
    began = time.monotonic()
    with TemporaryDirectory(prefix="rollbook-fuzz-") as folder:
        home = founded_home(Path(folder) / "home")
        broker = Broker(Path(folder) / "broker")
        broker.start()
        try:
            with home.writing() as ledger:
                counts = stream(ledger, Path(folder), broker, messages, seed)
        finally:
            broker.wipe()
    print(f"{messages:,} mutated messages, seed {seed}, in {time.monotonic() - began:,.0f} s; the sum holds:")
    print(", ".join(f"{count:,} {name}" for name, count in sorted(counts.items()) if count))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
