"""What the intake shows of itself to Prometheus: how far it is, how fast, and what became of the rows, by partition.

Everything is copied from the intake between two of its polls, so that a scrape, which comes on a thread of its own,
never sees a batch half counted. Labels are topics and numbers: no name, key or UPN is ever one.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from kafka import TopicPartition
from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from consumers.outcome import Counts
from consumers.streaming import KafkaIntake

OUTCOMES = (
    ("recorded", "marks"),
    ("amended", "amendments"),
    ("withdrawn", "withdrawals"),
    ("older", "older"),
    ("stated", "statements"),
    ("foreseen", "foreseen"),
    ("duplicate", "duplicate"),
    ("nothing_said", "nothing_said"),
    ("held", "held_in"),
)
"""The outcomes of rows as a label says them, and the count behind each. Held rows that are taken later are counted as
what they became too: `rollbook_intake_rows_released_total` says how many."""
_BY_PARTITION = ("topic", "partition")


@dataclass(frozen=True, slots=True)
class Seen:
    """The intake as it stood between two polls."""

    counts: dict[TopicPartition, Counts]
    next: dict[TopicPartition, int]
    lag: dict[TopicPartition, int]
    held_inputs: int
    batches: int
    refused: int
    seconds: float


class IntakeMetrics(Collector):
    """The intake's metrics. `note` is called by the intake's thread, `collect` by whoever scrapes."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen = Seen({}, {}, {}, 0, 0, 0, 0.0)

    def note(self, intake: KafkaIntake) -> None:
        """Copy what is to be shown. Position and lag are those of the partitions that are ours: others show theirs."""
        progress, ours = intake.progress, intake.assigned
        seen = Seen(
            {tp: replace(counts) for tp, counts in progress.counts.items()},
            {tp: offset for tp, offset in progress.next.items() if tp in ours},
            {tp: behind for tp, behind in progress.lag.items() if tp in ours},
            intake.held_inputs,
            progress.batches,
            progress.refused,
            progress.seconds,
        )
        with self._lock:
            self._seen = seen

    def collect(self) -> Iterator[Metric]:
        """The metrics as Prometheus reads them."""
        with self._lock:
            seen = self._seen
        name = "rollbook_intake_"
        rows = CounterMetricFamily(
            f"{name}rows", "Rows by what became of them, since this process began.", labels=[*_BY_PARTITION, "outcome"]
        )
        sent = CounterMetricFamily(f"{name}rows_sent", "Rows that sources sent.", labels=_BY_PARTITION)
        released = CounterMetricFamily(
            f"{name}rows_released",
            "Rows held before that became something since. sent = the sum of all outcomes, less these.",
            labels=_BY_PARTITION,
        )
        messages = CounterMetricFamily(f"{name}messages", "Messages taken in.", labels=_BY_PARTITION)
        for (topic, partition), counts in sorted(seen.counts.items()):
            which = (topic, str(partition))
            for outcome, field in OUTCOMES:
                rows.add_metric((*which, outcome), getattr(counts, field))
            sent.add_metric(which, counts.sent)
            released.add_metric(which, counts.held_out)
            messages.add_metric(which, counts.deliveries)
        yield from (rows, sent, released, messages)
        yield _gauge(f"{name}next_offset", "The offset of the first record that is not taken in yet.", seen.next)
        yield _gauge(f"{name}lag", "Records that lie on the partition and are not taken in yet.", seen.lag)
        yield GaugeMetricFamily(f"{name}held_inputs", "Held inputs of this ledger that wait.", seen.held_inputs)
        yield CounterMetricFamily(f"{name}batches", "Batches committed.", seen.batches)
        yield CounterMetricFamily(
            f"{name}batches_refused", "Batches refused by the store: another consumer took them.", seen.refused
        )
        yield CounterMetricFamily(f"{name}busy_seconds", "Seconds spent deciding and writing.", seen.seconds)


def _gauge(name: str, means: str, values: dict[TopicPartition, int]) -> Metric:
    gauge = GaugeMetricFamily(name, means, labels=_BY_PARTITION)
    for (topic, partition), value in sorted(values.items()):
        gauge.add_metric((topic, str(partition)), value)
    return gauge


class MetricsServer:
    """Serves the metrics over HTTP; one that is not asked for does not listen."""

    def __init__(self, metrics: IntakeMetrics, host: str, port: int) -> None:
        """Port 0: a free one. Raises OSError where the address is taken or not ours."""
        registry = CollectorRegistry()
        registry.register(metrics)
        self._server: Any
        self._server, self._thread = start_http_server(port, addr=host, registry=registry)
        self.port: int = self._server.server_port

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
