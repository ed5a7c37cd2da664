"""The verbs that speak with Kafka: intake and publish. They run until they are told to stop, and log as they go.

A log line is one JSON object on stderr: topics, partitions, counts and sentences, never a name, a key or a UPN.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from kafka import TopicPartition
from pydantic import ValidationError

from console import say
from console.home import SETTINGS_FILE, Home
from console.options import home_of
from console.problems import Misused, Refused
from console.stopping import until_told
from consumers.broker import PASSWORD, PASSWORD_FILE, Connection, NoBroker
from consumers.metrics import IntakeMetrics, MetricsServer
from consumers.outcome import Counts
from consumers.publisher import HELD_TOPIC, TOPIC, CannotPublish, Publication, Publisher
from consumers.registry import PASSWORD as REGISTRY_PASSWORD
from consumers.registry import PASSWORD_FILE as REGISTRY_PASSWORD_FILE
from consumers.streaming import GROUP, TOPICS, KafkaIntake, Stream, StreamBroken
from domain.ledger.ledger import Ledger

REGISTRY = {
    "registry": "ROLLBOOK_REGISTRY",
    "registry_user": "ROLLBOOK_REGISTRY_USER",
    "registry_ca_file": "ROLLBOOK_REGISTRY_CA_FILE",
}
"""What the environment may say of the schema registry: whatever reads messages is to ask the same one."""
REPORT_EVERY = 10.0
SECONDS_TO_JOIN = 20.0
"""How long --until-idle allows for joining the group: nothing comes before that is done."""
LOGGED = ("rollbook.intake", "rollbook.publisher")

_FROM = f"(default: [kafka] in {SETTINGS_FILE}"
Bootstrap = Annotated[
    str | None,
    typer.Option(
        "--bootstrap", metavar="HOST:PORT", help=f"The broker; several with commas {_FROM}, else 127.0.0.1:9092)."
    ),
]
Tls = Annotated[bool | None, typer.Option("--tls/--no-tls", help=f"Speak TLS with it {_FROM}, else not).")]
CaFile = Annotated[
    Path | None, typer.Option("--ca-file", metavar="PEM", help="The certificates to trust, instead of the system's.")
]
User = Annotated[
    str | None, typer.Option("--user", help=f"Who we are to it; the password is in ${PASSWORD} or ${PASSWORD_FILE}.")
]
Mechanism = Annotated[
    str | None, typer.Option("--mechanism", help="SCRAM-SHA-256 (the default), SCRAM-SHA-512 or PLAIN.")
]
Registry = Annotated[
    str | None,
    typer.Option(
        "--registry",
        metavar="URL",
        help=f"The schema registry that gave messages their ids (default: ${REGISTRY['registry']}, "
        f"else [kafka] in {SETTINGS_FILE}, else the ids are our own).",
    ),
]
RegistryUser = Annotated[
    str | None,
    typer.Option(
        "--registry-user",
        help=f"Who we are to it; the password is in ${REGISTRY_PASSWORD} or ${REGISTRY_PASSWORD_FILE}.",
    ),
]
RegistryCaFile = Annotated[
    Path | None,
    typer.Option(
        "--registry-ca-file",
        metavar="PEM",
        help="The certificates to trust for it, instead of the system's.",
    ),
]
ReportEvery = Annotated[
    float,
    typer.Option("--report-every", metavar="SECONDS", min=0.1, help="How often to log the counts, if any changed."),
]


def intake_verb(
    context: typer.Context,
    bootstrap: Bootstrap = None,
    tls: Tls = None,
    ca_file: CaFile = None,
    user: User = None,
    mechanism: Mechanism = None,
    registry: Registry = None,
    registry_user: RegistryUser = None,
    registry_ca_file: RegistryCaFile = None,
    group: Annotated[
        str | None,
        typer.Option(
            "--group",
            help=f"The consumer group; more intakes of it share the work (default: {GROUP}- and the ledger's own id).",
        ),
    ] = None,
    start_over: Annotated[
        list[str] | None,
        typer.Option("--start-over", metavar="TOPIC", help="Made anew: read it from its beginning. Repeatable."),
    ] = None,
    metrics_port: Annotated[
        int | None, typer.Option("--metrics-port", min=0, max=65535, help="Serve Prometheus metrics (0: a free port).")
    ] = None,
    metrics_host: Annotated[
        str, typer.Option("--metrics-host", help="Where; by default nobody outside this machine can read them.")
    ] = "127.0.0.1",
    until_idle: Annotated[
        float | None,
        typer.Option("--until-idle", metavar="SECONDS", min=0.1, help="Stop when nothing came for so long."),
    ] = None,
    session_timeout: Annotated[
        float,
        typer.Option(
            "--session-timeout", metavar="SECONDS", min=1, help="Silent for so long, it loses its partitions."
        ),
    ] = 45.0,
    most: Annotated[int, typer.Option("--max-poll-records", min=1, help="Messages in one transaction, at most.")] = 500,
    report_every: ReportEvery = REPORT_EVERY,
) -> None:
    """Take registers in from Kafka, each entry exactly once, until told to stop (SIGTERM or Ctrl-C)."""
    home = home_of(context)
    connection = connection_of(
        home,
        bootstrap=bootstrap,
        tls=tls,
        ca_file=ca_file,
        user=user,
        mechanism=mechanism,
        registry=registry,
        registry_user=registry_user,
        registry_ca_file=registry_ca_file,
    )
    for topic in start_over or ():
        if not topic.startswith(TOPICS):
            raise Misused(f"{topic} is no topic of a source: those begin with {TOPICS}")
    stream = Stream(
        connection,
        group=group,
        session_timeout_ms=round(session_timeout * 1_000),
        max_poll_records=most,
        start_over=frozenset(start_over or ()),
    )
    with json_logs(), until_told() as told, home.writing() as ledger, ExitStack() as opened:
        metrics = IntakeMetrics()
        port = None
        if metrics_port is not None:
            port = _serve(metrics, metrics_host, metrics_port, opened)
        intake = KafkaIntake(ledger, stream)
        log = logging.getLogger("rollbook.intake")
        _log(
            log,
            "began",
            broker=connection.bootstrap,
            group=intake.group,
            metrics_port=port,
            **({} if connection.registry is None else {"registry": connection.registry}),
            **_ledger_said(ledger),
        )
        watch = Watch(intake, metrics, log, told, until_idle=until_idle, report_every=report_every)
        with _trouble_logged(log):
            try:
                intake.run(watch)
            finally:
                watch.report()
                metrics.note(intake)
        _log(log, "stopped", why=watch.why, batches=intake.progress.batches, **_counted(intake))


class Watch:
    """Asked by the intake between two polls whether to stop: the moment to look at it, show it and log it."""

    def __init__(
        self,
        intake: KafkaIntake,
        metrics: IntakeMetrics,
        log: logging.Logger,
        told: Callable[[], bool],
        *,
        until_idle: float | None,
        report_every: float,
    ) -> None:
        self.why = "told"
        self._intake = intake
        self._metrics = metrics
        self._log = log
        self._told = told
        self._until_idle = until_idle
        self._every = report_every
        self._began = self._moved = self._reported = time.monotonic()
        self._assigned: frozenset[TopicPartition] = frozenset()
        self._batches = self._batches_reported = 0

    def __call__(self) -> bool:
        """True where the intake is to stop."""
        now = time.monotonic()
        self._metrics.note(self._intake)
        if self._intake.assigned != self._assigned:
            self._assigned = self._intake.assigned
            self._moved = now
            _log(self._log, "assigned", partitions=_by_topic(self._assigned))
        if self._intake.progress.batches != self._batches:
            self._batches = self._intake.progress.batches
            self._moved = now
        if now - self._reported >= self._every:
            self.report()
        if self._told():
            return True
        if self._is_idle(now):
            self.why = "idle"
            return True
        return False

    def _is_idle(self, now: float) -> bool:
        if self._until_idle is None or any(self._intake.progress.lag.get(tp, 0) for tp in self._assigned):
            return False
        if not self._assigned and now - self._began < SECONDS_TO_JOIN:
            return False
        return now - self._moved >= self._until_idle

    def report(self) -> None:
        """Log the counts, if there is anything new."""
        now = time.monotonic()
        if self._batches_reported != (batches := self._intake.progress.batches):
            said = _counted(self._intake)
            _log(self._log, "counts", seconds=round(now - self._reported, 1), batches=batches, **said)
            self._batches_reported = batches
        self._reported = now


def publish_verb(
    context: typer.Context,
    bootstrap: Bootstrap = None,
    tls: Tls = None,
    ca_file: CaFile = None,
    user: User = None,
    mechanism: Mechanism = None,
    topic: Annotated[str, typer.Option("--topic", help="Where the entries go.")] = TOPIC,
    held_topic: Annotated[str, typer.Option("--held-topic", help="Where the pointers to held inputs go.")] = HELD_TOPIC,
    once: Annotated[bool, typer.Option("--once", help="Publish what is there, then stop.")] = False,
    report_every: ReportEvery = REPORT_EVERY,
) -> None:
    """Publish every entry to Kafka, in order, until told to stop. What is sealed stays sealed."""
    home = home_of(context)
    connection = connection_of(home, bootstrap=bootstrap, tls=tls, ca_file=ca_file, user=user, mechanism=mechanism)
    with json_logs(), until_told() as told, home.writing() as ledger:
        publisher = Publisher(ledger, Publication(connection, topic, held_topic))
        log = logging.getLogger("rollbook.publisher")
        reported, said = time.monotonic(), 0

        def stop() -> bool:
            nonlocal reported, said
            if time.monotonic() - reported >= report_every:
                if publisher.published != said:
                    _log(log, "counts", published=publisher.published, position=publisher.position)
                reported, said = time.monotonic(), publisher.published
            return told()

        _log(log, "began", broker=connection.bootstrap, topic=topic, held_topic=held_topic, **_ledger_said(ledger))
        with _trouble_logged(log):
            publisher.run(stop, once=once)
        why = "told" if told() else "done"
        _log(log, "stopped", why=why, published=publisher.published, position=publisher.position)
        if once:
            n = say.counted(publisher.published, "entry", "entries")
            say.note_simulated(ledger.simulated, as_data=False)
            say.line(f"{n} published on {topic}, up to position {say.number(publisher.position)}")


# --- what both need


def connection_of(home: Home, **said: Any) -> Connection:
    """How to connect: what the command says, else for the schema registry the environment, else the table [kafka] of
    the settings, else this machine's broker."""
    around = {name: value for name, variable in REGISTRY.items() if (value := os.environ.get(variable))}
    stated = {**home.settings.kafka, **around, **{name: value for name, value in said.items() if value is not None}}
    try:
        return Connection(**stated)
    except ValidationError as error:
        first = error.errors()[0]
        what = ".".join(map(str, first["loc"])) or "connection"
        why = first["msg"].removeprefix("Value error, ")
        raise Refused(f"The Kafka {what} will not do: {why[:1].lower()}{why[1:]}; see --help.") from None


class _JsonLines(logging.Formatter):
    """One JSON object for each record. Of a client's own message the words are kept, not what was put into them."""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC)
        line: dict[str, Any] = {"at": f"{at:%Y-%m-%dT%H:%M:%S.%fZ}", "level": record.levelname.lower()}
        if record.name.startswith("rollbook"):
            line |= {"from": record.name.removeprefix("rollbook."), **json.loads(record.getMessage())}
        else:
            line |= {"from": record.name, "event": "client", "said": str(record.msg)[:200]}
        return json.dumps(line)


@contextmanager
def json_logs() -> Iterator[None]:
    """Log to stderr meanwhile: what we do, and what the Kafka client warns of."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonLines())
    levels = {**dict.fromkeys(LOGGED, logging.INFO), "kafka": logging.WARNING}
    before = {name: logging.getLogger(name).level for name in levels}
    for name, level in levels.items():
        logger = logging.getLogger(name)
        logger.addHandler(handler)
        logger.setLevel(level)
    try:
        yield
    finally:
        for name, level in before.items():
            logging.getLogger(name).removeHandler(handler)
            logging.getLogger(name).setLevel(level)


@contextmanager
def _trouble_logged(log: logging.Logger) -> Iterator[None]:
    """Whatever ends us is the last line of the log too: as its own sentence where that is ours, else as its kind."""
    try:
        yield
    except (NoBroker, StreamBroken, CannotPublish) as error:
        log.error(json.dumps({"event": "stopped", "why": "trouble", "sentence": str(error)}))  # noqa: TRY400
        raise
    except Exception as error:
        log.error(json.dumps({"event": "stopped", "why": "trouble", "error": type(error).__name__}))  # noqa: TRY400
        raise


def _log(log: logging.Logger, event: str, **said: Any) -> None:
    log.info(json.dumps({"event": event, **said}))


def _ledger_said(ledger: Ledger) -> dict[str, Any]:
    said: dict[str, Any] = {"ledger": ledger.founding.origin, "entries": ledger.store.head()[0]}
    return said | ({"simulated": True} if ledger.simulated else {})


def _serve(metrics: IntakeMetrics, host: str, port: int, opened: ExitStack) -> int:
    try:
        server = MetricsServer(metrics, host, port)
    except OSError as error:
        raise Refused(
            f"Metrics cannot be served on {host}:{port} ({error.strerror or type(error).__name__}); "
            "give another --metrics-port."
        ) from None
    opened.callback(server.close)
    return server.port


def _by_topic(partitions: frozenset[TopicPartition]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for topic, partition in sorted(partitions):
        found.setdefault(topic, []).append(partition)
    return found


def _counted(intake: KafkaIntake) -> dict[str, int]:
    """What became of the rows since the process began, and how far behind it is."""
    total = Counts()
    for counts in intake.progress.counts.values():
        total += counts
    said = {f.name: getattr(total, f.name) for f in fields(Counts)}
    behind = sum(intake.progress.lag.get(tp, 0) for tp in intake.assigned)
    return said | {"held_inputs": intake.held_inputs, "lag": behind}
