"""Kills, freezes and broken brokers against a stream of registers; every row must be in the ledger once.

`make test` runs a few rounds (tests/consumers/test_soak.py), `make soak` two hundred. In each round an authority's messages
keep coming, and one thing goes wrong, drawn from a seed: an intake is killed, frozen past its session, stopped, or a
new one joins; or the broker is killed and started again. What the ledger then holds is compared with the producer's own
record of what the broker acknowledged, and with what the broker's log holds: a client that was left without an answer
may have put a message there twice.
"""

from __future__ import annotations

import random
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from kafka import KafkaConsumer, TopicPartition

from console.home import Home
from consumers.deliveries import Delivery
from deploy.kafka import Broker
from domain.ledger.ledger import Ledger
from tests.streaming import (
    Authority,
    Process,
    adds_up,
    founded_home,
    import_operator,
    marks_in,
    producing,
    send,
    stored_counts,
)

SESSION = 1.5
"""Seconds of silence after which the group gives an intake's partitions to others."""
STOPPED = {0, -signal.SIGTERM}
"""Exit codes of an intake that was told to stop; before it can listen, it dies of the signal itself."""
NO_BROKER = ("is the broker up, and is that its address?", "if the broker wants TLS, say --tls and --ca-file.")
"""Ends the last words of an intake that was started while the broker was down or came up: it exits with 1."""
FOR_EVER_MS = 2**31 - 1
FAULTS = ("kill", "kill", "kill", "freeze", "stop", "join", "broker")


@dataclass
class Soak:
    """One run: the ledger, the broker, three intakes, and a producer that goes on meanwhile."""

    folder: Path
    rounds: int
    seed: int
    done: Counter[str] = field(default_factory=Counter)
    acknowledged: Counter[bytes] = field(default_factory=Counter)
    """How often the broker acknowledged a message, by the producer's own record."""
    rows: dict[bytes, int] = field(default_factory=dict)
    """Rows in it."""
    in_log: Counter[bytes] = field(default_factory=Counter)
    """How often a message stands in the broker's log."""

    def run(self) -> tuple[Home, Authority]:
        """Stream through all rounds and let the intakes finish. The home is then there to be looked at."""
        rng = random.Random(self.seed)
        authority = Authority(seed=self.seed, places=6, pupils=60, size=10)
        home = founded_home(self.folder / "home")
        with home.writing() as ledger:
            import_operator(ledger, self.folder, authority)
        broker = Broker(self.folder / "broker")
        broker.start()
        processes = [Process(home, broker, self.folder / f"intake-{n}.log", SESSION) for n in range(3)]
        ended = threading.Event()
        try:
            authority.make_topics(broker)
            producer = threading.Thread(target=self._produce, args=(broker, authority, ended))
            producer.start()
            for process in processes:
                process.start()
            for _ in range(self.rounds):
                time.sleep(rng.uniform(0.05, 1.0))
                self._go_wrong(rng, broker, processes)
            ended.set()
            producer.join(180)
            assert not producer.is_alive(), "the producer did not finish"
            assert self.acknowledged, "the producer failed"
            self.in_log = Counter(log_of(broker, authority.topics))
            for process in processes:
                process.signal(signal.SIGCONT)
                if not process.runs:
                    process.start()
            self._wait(home, processes)
            codes = [process.end() for process in processes]
            assert set(codes) <= STOPPED, codes
        finally:
            ended.set()
            for process in processes:
                process.kill()
            broker.wipe()
        return home, authority

    def _produce(self, broker: Broker, authority: Authority, ended: threading.Event) -> None:
        """Send until the rounds are over: rolls, registers, now and then something again or something broken."""
        rng = random.Random(self.seed + 1)
        # A message that expired here could stand in the log all the same: so none ever does.
        with producing(broker, delivery_timeout_ms=FOR_EVER_MS, max_block_ms=120_000) as producer:
            waiting = []
            for delivery in self._messages(authority, rng, ended):
                waiting.append((send(producer, delivery), delivery.value))
                time.sleep(0.02)
            producer.flush(150)
            for future, _ in waiting:
                future.get(60)
            self.acknowledged = Counter(value for _, value in waiting)

    def _messages(self, authority: Authority, rng: random.Random, ended: threading.Event) -> Iterator[Delivery]:
        for delivery in authority.rolls():
            self.rows[delivery.value] = authority.pupils
            yield delivery
        sent: list[Delivery] = []
        for delivery in authority.registers():
            self.rows[delivery.value] = authority.size
            sent.append(delivery)
            yield delivery
            if rng.random() < 0.05:
                yield rng.choice(sent)
            if rng.random() < 0.02:
                broken = rng.randbytes(30)
                self.rows[broken] = 1
                yield delivery._replace(value=broken)
            if ended.is_set():
                return

    def _go_wrong(self, rng: random.Random, broker: Broker, processes: list[Process]) -> None:
        fault = rng.choice(FAULTS)
        self.done[fault] += 1
        process = rng.choice(processes)
        match fault:
            case "kill":
                process.kill()
                process.start()
            case "freeze":
                process.signal(signal.SIGSTOP)
                time.sleep(SESSION * 2)
                process.signal(signal.SIGCONT)
            case "stop":
                if process.runs:
                    code = process.end()
                    last = process.log.read_text("utf-8")[-2000:]
                    assert code in STOPPED or (code == 1 and last.rstrip().endswith(NO_BROKER)), (code, last)
            case "join":
                for other in processes:
                    if not other.runs:
                        other.start()
            case _:
                broker.kill()
                time.sleep(rng.uniform(0, 1))
                broker.start()

    def _wait(self, home: Home, processes: list[Process]) -> None:
        """Until all that was acknowledged is taken in, or nothing has moved for a minute."""
        wanted = sum(self.in_log.values())
        last, moved = -1, time.monotonic()
        while True:
            for process in processes:
                assert process.runs, f"an intake ended by itself: {process.log.read_text()[-2000:]}"
            with home.reading() as ledger:
                now = stored_counts(ledger)["deliveries"]
            if now >= wanted:
                return
            if now != last:
                last, moved = now, time.monotonic()
            assert time.monotonic() - moved < 60, f"stuck at {now} of {wanted} messages"
            time.sleep(0.5)


def log_of(broker: Broker, topics: list[str]) -> Iterator[bytes]:
    """Every value in the broker's log of these topics, read by a client of its own."""
    consumer = KafkaConsumer(**broker.client(), auto_offset_reset="earliest", enable_auto_commit=False)
    try:
        partitions = [TopicPartition(t, p) for t in topics for p in sorted(consumer.partitions_for_topic(t))]
        consumer.assign(partitions)
        ends = consumer.end_offsets(partitions)
        while any(consumer.position(tp) < ends[tp] for tp in partitions):
            for records in consumer.poll(500).values():
                yield from (record.value for record in records)
    finally:
        consumer.close()


def check(soak: Soak, ledger: Ledger, authority: Authority) -> Counter[str]:
    """Every message taken in as often as it stands in the log, every row once, and every row in one outcome."""
    assert soak.acknowledged <= soak.in_log, "the broker lost what it had acknowledged"
    assert soak.acknowledged.keys() == soak.in_log.keys(), "the log holds what was never sent"
    counts = stored_counts(ledger)
    assert counts["deliveries"] == sum(soak.in_log.values())
    assert counts["sent"] == sum(soak.rows[value] * times for value, times in soak.in_log.items())
    assert adds_up(counts)
    marks = marks_in(ledger)
    assert len(marks) == len(authority.rows) == sum(marks.values())
    assert marks == dict.fromkeys(authority.rows, 1)
    return counts


def main(rounds: int = 200, seed: int = 805) -> None:
    """The long form, with its figures."""
    began = time.monotonic()
    with TemporaryDirectory(prefix="rollbook-soak-") as folder:
        soak = Soak(Path(folder), rounds, seed)
        home, authority = soak.run()
        with home.reading() as ledger:
            counts = check(soak, ledger, authority)
    print(f"{rounds} rounds in {time.monotonic() - began:,.0f} s, seed {seed}: {dict(soak.done)}")
    acknowledged, in_log = sum(soak.acknowledged.values()), sum(soak.in_log.values())
    print(f"{acknowledged:,} messages acknowledged; {in_log:,} in the broker's log, each in the ledger's counts once")
    print(
        f"{counts['sent']:,} rows sent = "
        + ", ".join(f"{count:,} {name}" for name, count in sorted(counts.items()) if count)
    )
    print(f"{len(authority.rows):,} marks, each in the ledger once")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
