"""Kills, freezes and broken brokers against a stream of registers; every row must be in the ledger once.

`make test` runs a few rounds (tests/consumers/test_soak.py), `make soak` two hundred. In each round an authority's messages
keep coming, and one thing goes wrong, drawn from a seed: an intake is killed, frozen past its session, stopped, or a
new one joins; or the broker is killed and started again. What the ledger then holds is compared with the producer's own
record of what the broker acknowledged.
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
FAULTS = ("kill", "kill", "kill", "freeze", "stop", "join", "broker")


@dataclass
class Soak:
    """One run: the ledger, the broker, three intakes, and a producer that goes on meanwhile."""

    folder: Path
    rounds: int
    seed: int
    done: Counter[str] = field(default_factory=Counter)
    acknowledged: int = 0
    """Messages that the broker acknowledged."""
    rows: int = 0
    """Rows in them."""

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
        with producing(broker) as producer:
            waiting = []
            for delivery in self._messages(authority, rng, ended):
                waiting.append((send(producer, delivery), delivery))
                time.sleep(0.02)
            producer.flush(120)
            for future, _ in waiting:
                future.get(60)
            self.acknowledged = len(waiting)

    def _messages(self, authority: Authority, rng: random.Random, ended: threading.Event) -> Iterator[Delivery]:
        for delivery in authority.rolls():
            self.rows += authority.pupils
            yield delivery
        sent: list[tuple[Delivery, int]] = []
        for delivery in authority.registers():
            rows = authority.size
            self.rows += rows
            sent.append((delivery, rows))
            yield delivery
            if rng.random() < 0.05:
                again, rows = rng.choice(sent)
                self.rows += rows
                yield again
            if rng.random() < 0.02:
                self.rows += 1
                yield delivery._replace(value=rng.randbytes(30))
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
                    assert code in STOPPED, f"told to stop, it exited with {code}; see {process.log}"
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
        last, moved = -1, time.monotonic()
        while True:
            for process in processes:
                assert process.runs, f"an intake ended by itself: {process.log.read_text()[-2000:]}"
            with home.reading() as ledger:
                now = stored_counts(ledger)["deliveries"]
            if now >= self.acknowledged:
                return
            if now != last:
                last, moved = now, time.monotonic()
            assert time.monotonic() - moved < 60, f"stuck at {now} of {self.acknowledged} messages"
            time.sleep(0.5)


def check(soak: Soak, ledger: Ledger, authority: Authority) -> Counter[str]:
    """Every message once, every row once, and every row in one outcome."""
    counts = stored_counts(ledger)
    assert counts["deliveries"] == soak.acknowledged
    assert counts["sent"] == soak.rows
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
    print(f"{soak.acknowledged:,} messages acknowledged, each in the ledger's counts once")
    print(
        f"{soak.rows:,} rows sent = "
        + ", ".join(f"{count:,} {name}" for name, count in sorted(counts.items()) if count)
    )
    print(f"{len(authority.rows):,} marks, each in the ledger once")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
