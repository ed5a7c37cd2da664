"""An authority that streams into a real broker, and intakes as processes that can be killed and frozen.

`Authority` keeps its own record of every row that it sent and the broker acknowledged: what the ledger must hold is
told by that record alone.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import fastavro
from kafka import KafkaAdminClient, KafkaProducer
from kafka.admin import NewTopic

from console.home import Home
from consumers.broker import Connection
from consumers.deliveries import Delivery
from consumers.file_import import import_file
from consumers.streaming import TOPICS, KafkaIntake, Progress, Stream
from deploy.kafka import Broker
from domain.ledger.bodies import open_state
from domain.ledger.ledger import Ledger
from schemas.catalogue import mis
from schemas.codec import encode, encode_confluent
from tests.making import moment

SATURDAY = 5
CODES = ("/", "\\", "N", "I", "L", "O", "M", "P")
DAYS = tuple(day.isoformat() for n in range(320) if (day := date(2025, 9, 1) + timedelta(days=n)).weekday() < SATURDAY)
"""Every weekday of a school year: what is sent on a holiday is a mark as well."""
SOURCES = (b"S" * 16, b"T" * 16, b"U" * 16)


def head(name: str, source: bytes, place: int, key: bytes, sent_at: int) -> dict[str, Any]:
    """What every message says first."""
    return {"message": key, "source": source, "sent_at": sent_at, "laestab": f"805{4000 + place}"}


@dataclass(frozen=True)
class Row:
    """A mark that was sent: it must be in the ledger once."""

    place: int
    pupil: str
    date: str
    session: str
    code: str


@dataclass
class Authority:
    """Some places, their sources and pupils; what is sent is drawn from a seed."""

    seed: int
    places: int = 3
    pupils: int = 12
    size: int = 6
    """Pupils in a class."""
    rows: list[Row] = field(default_factory=list)
    """Marks sent and acknowledged that must be in the ledger, each once."""

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)

    def source_of(self, place: int) -> bytes:
        """Which system speaks for a place."""
        return SOURCES[place % len(SOURCES)]

    @property
    def topics(self) -> list[str]:
        """The topics of its sources."""
        return sorted({TOPICS + self.source_of(p).hex() for p in range(self.places)})

    def message(self, name: str, place: int, at: str, /, **fields: Any) -> Delivery:
        """A delivery of one message."""
        source = self.source_of(place)
        told = moment(at)
        value = encode_confluent(mis(name), head(name, source, place, self.random.randbytes(16), told) | fields)
        return Delivery(source.hex(), f"place {place}", told, value)

    # --- what is said before anything streams

    def operator(self) -> list[Delivery]:
        """Places and sources, as the operator's own import tells them."""
        told = moment("2025-08-20 08:00")
        common: dict[str, Any] = {"source": bytes(16), "sent_at": told}
        found = []
        for place in range(self.places):
            described = {
                **common, "message": self.random.randbytes(16), "laestab": f"805{4000 + place}", "urn": f"{200000 + place}",
                "from": "2025-08-20", "kind": "maintained", "phase": "primary", "reg11_binds": True,
                "state_funded": True, "in_daily_share": True, "boarding": "none", "name": f"School {place}",
            }  # fmt: skip
            found.append(Delivery("operator", "", told, encode(mis("PlaceStated"), described)))
            row = {
                "described": self.source_of(place), "system": "sims", "route": "direct", "delivery": "stream",
                "carries_person": True, "carries_reason": True, "carries_entry_time": True, "carries_deletes": True,
                "carries_closing_time": True, "from": "2025-08-20",
                "places": [{"laestab": f"805{4000 + place}", "urn": None, "local_id": None}],
            }  # fmt: skip
            said = {**common, "message": self.random.randbytes(16), "sources": [row]}
            found.append(Delivery("operator", "", told, encode(mis("SourcesStated"), said)))
        return found

    def rolls(self) -> list[Delivery]:
        """Who is on roll at each place."""
        return [
            self.message(
                "PupilsStated",
                place,
                "2025-08-31 08:00",
                whole=False,
                pupils=[
                    {"mis_pupil": f"{place}-{n}", "full_name": f"Pupil {n} of {place}", "starting_day": "2025-09-01"}
                    for n in range(self.pupils)
                ],
            )
            for place in range(self.places)
        ]

    def registers(self, days: int = len(DAYS)) -> Iterator[Delivery]:
        """Class registers of some days, in order of time, the places interleaved; each pupil once a session."""
        for day in DAYS[:days]:
            for session, hour in (("AM", "09"), ("PM", "13")):
                classes = [
                    (place, range(first, min(first + self.size, self.pupils)))
                    for place in range(self.places)
                    for first in range(0, self.pupils, self.size)
                ]
                self.random.shuffle(classes)
                for minute, (place, pupils) in enumerate(classes):
                    codes = {f"{place}-{n}": self.random.choice(CODES) for n in pupils}
                    self.rows += [Row(place, pupil, day, session, code) for pupil, code in codes.items()]
                    yield self.message(
                        "RegisterTaken",
                        place,
                        f"{day} {hour}:{minute % 60:02d}",
                        date=day,
                        session=session,
                        group=f"Class {pupils.start}",
                        whole=False,
                        cause="typed",
                        marks=[{"mis_pupil": pupil, "code": code, "detail": None} for pupil, code in codes.items()],
                    )

    # --- sending

    def make_topics(self, broker: Broker, partitions: int = 3) -> None:
        """A topic for each source."""
        make_topics(broker, self.topics, partitions)


def make_topics(broker: Broker, topics: Iterable[str], partitions: int = 3) -> None:
    """Topics of these names."""
    admin = KafkaAdminClient(**broker.client())
    admin.create_topics([NewTopic(topic, partitions, 1) for topic in topics])
    admin.close()


@contextmanager
def producing(broker: Broker, **settings: Any) -> Iterator[KafkaProducer]:
    """A producer that is sure of what it sent: idempotent, acknowledged by all."""
    sure = {"acks": "all", "enable_idempotence": True, "delivery_timeout_ms": 120_000}
    producer = KafkaProducer(**{**sure, **broker.client(), **settings})
    try:
        yield producer
    finally:
        producer.close(timeout=30)


def send(producer: KafkaProducer, delivery: Delivery) -> Any:
    """Send a delivery on its source's topic; returns the future of its acknowledgement."""
    return producer.send(
        TOPICS + delivery.source, delivery.value, key=delivery.key.encode(), timestamp_ms=delivery.received_at // 1_000
    )


def write_file(path: Path, deliveries: list[Delivery]) -> Path:
    """An Avro container of deliveries."""
    rows = [{name: getattr(d, name) for name in ("source", "key", "received_at", "value")} for d in deliveries]
    with path.open("wb") as out:
        fastavro.writer(out, mis("Delivery").writer, rows)
    return path


def import_operator(ledger: Ledger, folder: Path, authority: Authority) -> None:
    """What the operator says, from a file: a source is never registered by a message from Kafka."""
    import_file(ledger, write_file(folder / "operator.avro", authority.operator()))


def take_all(
    ledger: Ledger,
    broker: Broker,
    messages: int,
    seconds: float = 60.0,
    after: Callable[[Progress], None] | None = None,
    joined: Callable[[], object] | None = None,
    connection: Mapping[str, Any] | None = None,
    **stream: Any,
) -> KafkaIntake:
    """Take in from the broker, in this process, until so many messages were taken."""
    settings = {"poll_ms": 100, "session_timeout_ms": 6_000, **stream}
    connected = Connection(bootstrap=broker.bootstrap, **(connection or {}))
    intake = KafkaIntake(ledger, Stream(connected, **settings), after)
    until = time.monotonic() + seconds

    def stop() -> bool:
        assert time.monotonic() < until, f"not all taken in: {intake.progress.counts}"
        if joined is not None and intake.assigned:
            joined()
        return sum(c.deliveries for c in intake.progress.counts.values()) >= messages

    intake.run(stop)
    return intake


# --- what the ledger holds


def marks_in(ledger: Ledger) -> Counter[Row]:
    """Every mark of the ledger in the words of those who sent it, read from the entries alone."""
    pupils: dict[str, str] = {}
    lines: dict[bytes, str] = {}
    places: dict[str, int] = {}
    found: Counter[Row] = Counter()
    last, _ = ledger.store.head()
    marks = []
    for entry in ledger.store.read_positions(1, last):
        match entry.topic:
            case "LocalIdGiven":
                _, text = open_state(entry.state, ledger.keys)
                assert text is not None
                pupils[entry.stream] = text["mis_pupil"]
            case "LineOpened":
                _, text = open_state(entry.state, ledger.keys)
                assert text is not None
                lines[text["line"]] = entry.stream
            case "PlaceDescribed":
                fields, _ = open_state(entry.state, ledger.keys)
                places[fields["place"].hex()] = int(fields["laestab"][3:]) - 4000
            case "MarkRecorded":
                marks.append(entry)
            case _:
                assert entry.topic not in ("MarkAmended", "MarkWithdrawn", "OlderEntryLearned"), "nobody sent any"
    for entry in marks:
        _, place, day, session = entry.stream.split("/")
        fields, _ = open_state(entry.state, ledger.keys)
        found[Row(places[place], pupils[lines[fields["line"]]], day, session, fields["code"])] += 1
    return found


Told = tuple[Any, ...]


def chains(ledger: Ledger) -> dict[tuple[str, ...], list[Told]]:
    """Every entry of every pupil's session, in order, in the words of those who sent it: ids of ours are left out."""
    last, _ = ledger.store.head()
    who: dict[str, list[str]] = {}
    lines: dict[bytes, str] = {}
    places: dict[str, str] = {}
    marks = []
    for entry in ledger.store.read_positions(1, last):
        if entry.topic not in ("LocalIdGiven", "LineOpened", "PlaceDescribed") and "Mark" not in entry.topic:
            continue
        fields, text = open_state(entry.state, ledger.keys)
        if entry.topic == "LocalIdGiven" and text is not None:
            who.setdefault(entry.stream, []).append(text["mis_pupil"])
        elif entry.topic == "LineOpened" and text is not None:
            lines[text["line"]] = entry.stream
        elif entry.topic == "PlaceDescribed":
            places[fields["place"].hex()] = fields["name"]
        else:
            marks.append((entry, fields, text))
    found: dict[tuple[str, ...], list[Told]] = {}
    for entry, fields, text in marks:
        _, place, day, session = entry.stream.split("/")
        pupil = "+".join(sorted(who[lines[fields["line"]]]))
        said = [fields.get(name) for name in ("code", "original", "new", "how", "code_sent", "minutes_late")]
        # Where a source says no cause, what came from a file says that it was imported.
        said.append("unknown" if fields.get("cause") == "import" else fields.get("cause"))
        key = (places[place], pupil, day, session)
        found.setdefault(key, []).append((entry.topic, *said, tuple(sorted((text or {}).items(), key=str))))
    return found


def stored_counts(ledger: Ledger) -> Counter[str]:
    """What the ledger says it did with the rows of all partitions, by outcome."""
    found: Counter[str] = Counter()
    for name, count in ledger.store.tracking_rows("rows:").items():
        found[name.rpartition(":")[2]] += count
    return found


def adds_up(counts: Counter[str]) -> bool:
    """sent = recorded + foreseen + duplicate + nothing said + held."""
    recorded = sum(counts[name] for name in ("marks", "amendments", "withdrawals", "older", "statements"))
    held = counts["held_in"] - counts["held_out"]
    return counts["sent"] == recorded + counts["foreseen"] + counts["duplicate"] + counts["nothing_said"] + held


# --- intakes as processes


def founded_home(path: Path, clock: str = "simulated") -> Home:
    """A home as `rollbook init` makes it."""
    home = Home(path)
    home.make(la_code="805", name="Hartlepool", clock=clock)
    return home


@dataclass
class Process:
    """A `rollbook intake` of its own, in a group with others."""

    home: Home
    broker: Broker
    log: Path
    session_timeout: float = 3.0
    most: int = 20
    """Messages in a transaction: few, so that there are many transactions to be killed in."""
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; it joins by itself."""
        rollbook = str(Path(sys.executable).with_name("rollbook"))
        command = [rollbook, "--home", str(self.home.path), "intake", "--bootstrap", self.broker.bootstrap]
        command += ["--session-timeout", str(self.session_timeout), "--max-poll-records", str(self.most)]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, stderr=log, stdout=log, cwd=Path(__file__).parents[1])

    @property
    def runs(self) -> bool:
        """True while nobody ended it."""
        return self.process is not None and self.process.poll() is None

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        if self.process is not None and self.process.poll() is None:
            os.kill(self.process.pid, number)

    def kill(self) -> None:
        """SIGKILL, and gone."""
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGKILL)
        if self.process is not None:
            self.process.wait(30)

    def end(self) -> int:
        """SIGTERM: it ends within a batch. Returns its exit code."""
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGTERM)
        assert self.process is not None
        return self.process.wait(30)
