"""`rollbook intake` and `rollbook publish` as they are run: with a real broker, told to stop, watched, and in trouble."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import NewTopic
from prometheus_client.parser import text_string_to_metric_families

from consumers.deliveries import Delivery
from consumers.registry import PASSWORD as REGISTRY_PASSWORD
from consumers.registry import PASSWORD_FILE as REGISTRY_PASSWORD_FILE
from consumers.streaming import TOPICS
from deploy.kafka import Broker
from deploy.kafka.broker import free_port
from deploy.kafka.certificate import make_certificate
from schemas.catalogue import mis
from tests.console.conftest import Command, Said
from tests.kafka import running
from tests.making import LOCAL_ID, School
from tests.registry import RegistryServer, serving

NAMES = ("Wilhelmina", "Bartholomew", "Philippa")


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    yield from running(tmp_path_factory.mktemp("kafka"))


@dataclass
class Feed:
    """The topic of a school's system, and what it sends."""

    broker: Broker
    topic: str
    partitions: int = 2

    def make(self) -> None:
        admin = KafkaAdminClient(**self.broker.client())
        admin.create_topics([NewTopic(self.topic, self.partitions, 1)])
        admin.close()

    def remove(self) -> None:
        admin = KafkaAdminClient(**self.broker.client())
        admin.delete_topics([self.topic])
        admin.close()

    def forget(self, before: int) -> None:
        """What retention does: the first records of whichever partition holds any are gone."""
        consumer = KafkaConsumer(**self.broker.client())
        ends = consumer.end_offsets([TopicPartition(self.topic, number) for number in range(self.partitions)])
        consumer.close()
        admin = KafkaAdminClient(**self.broker.client())
        admin.delete_records({tp: before for tp, end in ends.items() if end})
        admin.close()

    def send(self, *deliveries: Delivery) -> None:
        producer = KafkaProducer(**self.broker.client())
        for one in deliveries:
            said = producer.send(self.topic, one.value, one.key.encode(), timestamp_ms=one.received_at // 1000)
            said.get(10)
        producer.close()


@pytest.fixture
def feed(broker: Broker, school: School) -> Iterator[Feed]:
    """The topic of the school's own system. The broker is shared, so it is made for each test and removed after it."""
    made = Feed(broker, TOPICS + school.source.hex())
    made.make()
    yield made
    made.remove()


def to(broker: Broker, *more: str) -> tuple[str, ...]:
    return ("--bootstrap", broker.bootstrap, *more)


def group_of(home: Path) -> tuple[str, ...]:
    """A group of its own: the last test's may still be remembered."""
    return ("--group", f"group-{home.parent.name}-{time.monotonic_ns()}")


def taken_in(at_school: Command, feed: Feed, *more: str) -> Said:
    """Run the intake until nothing comes."""
    return at_school("intake", *to(feed.broker), "--until-idle", "0.5", *group_of(at_school.home), *more)


def lines(err: str) -> list[dict[str, Any]]:
    """The log."""
    return [json.loads(line) for line in err.splitlines() if line.startswith("{")]


def monday(school: School, **codes: str) -> Delivery:
    return school.taking("7B", "2025-09-01 AM", "09:01", **codes)


def test_the_intake_takes_in_what_is_there_and_ends_when_nothing_comes(
    school: School, at_school: Command, feed: Feed
) -> None:
    feed.send(monday(school, Ann="/", Ben="N"))
    said = taken_in(at_school, feed)
    assert said.code == 0, said.err
    assert school.register("2025-09-01 AM") == {"Ann": "/", "Ben": "N"}
    last = lines(said.err)[-1]
    assert (last["event"], last["why"], last["marks"]) == ("stopped", "idle", 2)


def test_a_second_run_goes_on_where_the_first_ended(school: School, at_school: Command, feed: Feed) -> None:
    feed.send(monday(school, Ann="/"))
    taken_in(at_school, feed)
    feed.send(monday(school, Ben="L"))
    said = taken_in(at_school, feed)
    assert lines(said.err)[-1]["deliveries"] == 1
    assert school.register("2025-09-01 AM") == {"Ann": "/", "Ben": "L"}


def test_the_log_is_json_that_holds_no_name_no_key_and_no_value(school: School, at_school: Command, feed: Feed) -> None:
    school.enters(*NAMES)
    upn = "A805200017129"
    school.says("PupilsStated", "2025-08-29 08:00", whole=False, pupils=[
        {"mis_pupil": NAMES[0], "full_name": NAMES[0], "starting_day": "2025-09-01", "upn": upn}
    ])  # fmt: skip
    feed.send(monday(school, **dict.fromkeys(NAMES, "/")), monday(school, Unheardof="N"))
    feed.send(monday(school)._replace(value=b"Wilhelmina is no Avro"))
    said = taken_in(at_school, feed, "--report-every", "0.1")
    assert said.code == 0, said.err
    assert [json.loads(line)["level"] for line in said.err.splitlines()]
    assert {"began", "assigned", "counts", "stopped"} <= {line["event"] for line in lines(said.err)}
    for word in (*NAMES, "Unheardof", LOCAL_ID, upn, "Avro"):
        assert word not in said.err


def test_every_change_of_its_partitions_is_logged(at_school: Command, feed: Feed) -> None:
    said = taken_in(at_school, feed)
    assigned = [line["partitions"] for line in lines(said.err) if line["event"] == "assigned"]
    assert {feed.topic: [0, 1]} in assigned


def test_every_row_that_was_sent_is_counted_in_the_status(school: School, at_school: Command, feed: Feed) -> None:
    first = monday(school, Ann="/", Ben="N", Unheardof="/")
    feed.send(first, first, monday(school, Ann="L", Cal="-"), monday(school)._replace(value=b"nonsense"))
    taken_in(at_school, feed)
    (one,) = at_school("status", "--json").data["streams"]  # one key, so one partition
    assert one["topic"] == feed.topic
    assert one["sent"] == sum(one[n] for n in ("recorded", "foreseen", "duplicate", "nothing_said", "held")) == 9
    assert (one["held"], one["duplicate"], one["nothing_said"], one["amendments"]) == (2, 3, 1, 1)
    assert [where["offset"] for where in one["next_offset"]] == [4]


def test_the_status_is_told_in_a_table_too(school: School, at_school: Command, feed: Feed) -> None:
    feed.send(monday(school, Ann="/", Ben="N"))
    taken_in(at_school, feed)
    out = at_school("status").out
    titles = next(line for line in out.splitlines() if line.startswith("Stream"))
    assert titles.split("  ")[0] == "Stream"
    (row,) = [line.split() for line in out.splitlines() if line.startswith(feed.topic)]
    assert row[2:] == ["1", "2", "2", "0", "0", "0", "0"]


@dataclass
class Intake:
    """`rollbook intake` as a process."""

    process: subprocess.Popen[str]
    log: list[dict[str, Any]]

    def hears(self, event: str, holds: Callable[[dict[str, Any]], bool] = lambda _: True) -> dict[str, Any]:
        """The next line of the log about this."""
        err: IO[str] | None = self.process.stderr
        assert err is not None
        for line in err:
            self.log.append(json.loads(line))
            if self.log[-1]["event"] == event and holds(self.log[-1]):
                return self.log[-1]
        raise AssertionError(f"the intake ended before it said {event}: {self.log}")

    def told(self, number: signal.Signals) -> int:
        """Tell it to stop; how it ended."""
        self.process.send_signal(number)
        assert self.process.stderr is not None
        self.log += [json.loads(line) for line in self.process.stderr]
        return self.process.wait(60)


@contextmanager
def begun(at_school: Command, feed: Feed, *more: str) -> Iterator[Intake]:
    command = [sys.executable, "-c", "from console.main import main; main()", "--home", str(at_school.home), "intake"]
    arguments = [*to(feed.broker), *group_of(at_school.home), "--report-every", "0.1", *more]
    with subprocess.Popen([*command, *arguments], stderr=subprocess.PIPE, text=True) as process:
        hung = threading.Timer(60, process.kill)  # so that a test that waits in vain ends, and says what it heard
        hung.start()
        try:
            yield Intake(process, [])
        finally:
            hung.cancel()
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_told_to_stop_it_ends_in_order(school: School, at_school: Command, feed: Feed, number: signal.Signals) -> None:
    feed.send(monday(school, Ann="/"))
    with begun(at_school, feed) as intake:
        intake.hears("counts")
        assert intake.told(number) == 0
    assert (intake.log[-1]["event"], intake.log[-1]["why"]) == ("stopped", "told")


def scraped(port: int) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        text = answer.read().decode()
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_prometheus_sees_every_outcome_position_and_lag_by_partition(
    school: School, at_school: Command, feed: Feed
) -> None:
    first = monday(school, Ann="/", Ben="N", Unheardof="/")
    feed.send(first, first, monday(school, Ann="L", Cal="-"))
    with begun(at_school, feed, "--metrics-port", "0") as intake:
        port = intake.hears("began")["metrics_port"]
        intake.hears("counts", lambda line: line["deliveries"] == 3)
        found = scraped(port)
        assert intake.told(signal.SIGTERM) == 0
    name = "rollbook_intake_rows_total"
    outcomes = {dict(labels)["outcome"]: value for (what, labels), value in found.items() if what == name}
    assert {outcome: value for outcome, value in outcomes.items() if value} == {
        "recorded": 2,
        "amended": 1,
        "duplicate": 3,
        "nothing_said": 1,
        "held": 1,
    }
    (partition,) = [dict(labels)["partition"] for (what, labels) in found if what == "rollbook_intake_messages_total"]
    ours = frozenset({("topic", feed.topic), ("partition", partition)})
    assert found["rollbook_intake_rows_sent_total", ours] == sum(outcomes.values()) == 8
    assert found["rollbook_intake_next_offset", ours] == 3
    assert found["rollbook_intake_lag", ours] == 0
    nowhere: frozenset[tuple[str, str]] = frozenset()
    assert found["rollbook_intake_held_inputs", nowhere] == 1
    assert found["rollbook_intake_batches_total", nowhere] >= 1
    assert found["rollbook_intake_batches_refused_total", nowhere] == 0
    assert found["rollbook_intake_busy_seconds_total", nowhere] > 0


def test_metrics_that_nobody_asked_for_are_not_served(at_school: Command, feed: Feed) -> None:
    assert lines(taken_in(at_school, feed).err)[0]["metrics_port"] is None


def test_where_no_broker_is_one_sentence_says_so(at_school: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("consumers.broker.SECONDS_TO_CONNECT", 1.0)
    nowhere = f"127.0.0.1:{free_port()}"
    said = at_school("intake", "--bootstrap", nowhere)
    assert said.code == 1
    *log, sentence = said.err.splitlines()
    assert (
        sentence
        == f"rollbook: Nothing listens on {nowhere} (Connection refused): is the broker up, and is that its address?"
    )
    assert json.loads(log[-1])["why"] == "trouble"


def test_the_settings_may_say_where_the_broker_is(school: School, at_school: Command, feed: Feed) -> None:
    with (at_school.home / "rollbook.toml").open("a") as settings:
        settings.write(f'\n[kafka]\nbootstrap = "{feed.broker.bootstrap}"\n')
    feed.send(monday(school, Ann="/"))
    said = at_school("intake", "--until-idle", "0.5", *group_of(at_school.home))
    assert said.code == 0, said.err
    assert school.register("2025-09-01 AM") == {"Ann": "/"}


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ('bootstrap = "no port"', "rollbook: The Kafka bootstrap will not do: "),
        ('user = "us"', "rollbook: The Kafka connection will not do: a user name needs TLS"),
        ('registry = "us:mother\'s maiden@host"', "rollbook: The Kafka connection will not do: the schema registry's"),
        ('password = "mother\'s maiden"', "rollbook: The Kafka password will not do: "),
    ],
)
def test_settings_that_will_not_do_are_refused_in_a_sentence(at_school: Command, table: str, sentence: str) -> None:
    with (at_school.home / "rollbook.toml").open("a") as settings:
        settings.write(f"\n[kafka]\n{table}\n")
    said = at_school("intake")
    assert said.code == 1
    assert said.err.startswith(sentence)
    assert "mother's maiden" not in said.err


def test_a_topic_that_was_made_anew_stops_the_intake_until_the_operator_says_start_over(
    school: School, at_school: Command, feed: Feed
) -> None:
    feed.send(monday(school, Ann="/"))
    taken_in(at_school, feed)
    feed.remove()
    feed.make()
    feed.send(monday(school, Ben="N"))
    said = taken_in(at_school, feed)
    assert said.code == 1
    assert f"Topic {feed.topic} was deleted and made anew" in said.err.splitlines()[-1]
    assert school.register("2025-09-01 AM") == {"Ann": "/"}
    assert taken_in(at_school, feed, "--start-over", feed.topic).code == 0
    assert school.register("2025-09-01 AM") == {"Ann": "/", "Ben": "N"}


def test_records_that_are_gone_stop_the_intake_until_the_operator_says_start_over(
    school: School, at_school: Command, feed: Feed
) -> None:
    feed.send(*[monday(school, Ann="/") for _ in range(3)])
    feed.forget(2)
    said = taken_in(at_school, feed)
    assert said.code == 1
    assert "begins at 2 now" in said.err.splitlines()[-1]
    assert school.register("2025-09-01 AM") == {}
    again = taken_in(at_school, feed, "--start-over", feed.topic)
    assert again.code == 0, again.err
    assert [(line["begin"], line["end"]) for line in lines(again.err) if line["event"] == "passed"] == [(0, 2)]
    assert school.register("2025-09-01 AM") == {"Ann": "/"}
    assert taken_in(at_school, feed).code == 0


def test_only_the_topic_of_a_source_can_be_started_over(at_school: Command) -> None:
    said = at_school("intake", "--start-over", "rollbook.events")
    assert said.code == 2
    assert said.err.startswith("rollbook: rollbook.events is no topic of a source")


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[RegistryServer]:
    """A schema registry that lets in only one user; it has a number of its own for a register."""
    make_certificate(tmp_path / "registry.pem", tmp_path / "registry-key.pem")
    tls = (tmp_path / "registry-key.pem", tmp_path / "registry.pem")
    with serving(tls=tls, password=("rollbook", "right")) as made:
        made.keep(9_007, mis("RegisterTaken").text)
        yield made


def set_registry(home: Path, registry: RegistryServer) -> None:
    """Say where it is, in the settings of the home."""
    assert registry.tls is not None
    with (home / "rollbook.toml").open("a") as settings:
        settings.write(f'\n[kafka]\nregistry = "{registry.address}"\nregistry_user = "rollbook"\n')
        settings.write(f'registry_ca_file = "{registry.tls[1]}"\n')


def by_registry(delivery: Delivery) -> Delivery:
    return delivery._replace(value=b"\x00" + (9_007).to_bytes(4, "big") + delivery.value[5:])


def test_a_registry_s_wrong_password_is_a_sentence_and_once_it_is_mended_nothing_is_lost(
    school: School, at_school: Command, feed: Feed, registry: RegistryServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    password = at_school.home.parent / "registry-password"
    password.write_text("Tr0ubadour")
    monkeypatch.setenv(REGISTRY_PASSWORD_FILE, str(password))
    set_registry(at_school.home, registry)
    feed.send(by_registry(monday(school, Ann="/")))
    with begun(at_school, feed) as intake:
        assert intake.hears("began")["registry"] == registry.address
        why = intake.hears("registry")["why"]
        assert why.startswith(f"The schema registry at {registry.address} does not accept user rollbook with that")
        assert school.register("2025-09-01 AM") == {}
        password.write_text("right")
        intake.hears("counts", lambda line: line["deliveries"] == 1)
        assert intake.told(signal.SIGTERM) == 0
    assert "Tr0ubadour" not in json.dumps(intake.log)
    assert school.register("2025-09-01 AM") == {"Ann": "/"}
    assert at_school("held", "list", "--json").data == []


def test_told_to_stop_while_its_registry_is_silent_it_ends_in_order_and_holds_nothing(
    school: School, at_school: Command, feed: Feed, registry: RegistryServer
) -> None:
    feed.send(by_registry(monday(school, Ann="/")), monday(school, Ben="/")._replace(value=b"no message"))
    registry.stop()
    address = f"http://127.0.0.1:{registry.port}"
    with begun(at_school, feed, "--registry", address, "--until-idle", "1") as intake:
        assert "does not answer (Connection refused)" in intake.hears("registry")["why"]
        time.sleep(2)  # longer than it would take to be idle: what waits is not done
        assert intake.process.poll() is None
        assert intake.told(signal.SIGTERM) == 0
    assert (intake.log[-1]["why"], intake.log[-1]["lag"] >= 1) == ("told", True)
    assert "schema registry" not in str(at_school("held", "list", "--json").data)


def test_what_a_registry_could_not_explain_is_explained_by_a_replay_once_it_can(
    school: School, at_school: Command, feed: Feed, registry: RegistryServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(REGISTRY_PASSWORD, "right")
    set_registry(at_school.home, registry)
    known, registry.schemas = registry.schemas, {}
    feed.send(by_registry(monday(school, Ann="/")))
    taken_in(at_school, feed)
    (held,) = at_school("held", "list", "--json").data
    assert (held["rule"], "knows no schema with the id 9007" in held["sentence"]) == ("g1", True)
    shown = at_school("held", "show", held["held"], "--reveal", "--json").data["message"]
    assert "means nothing here" in shown["unreadable"]
    registry.stop()
    said = at_school("held", "replay")
    assert (said.code, "What it has to explain is still held." in said.err) == (1, True)
    registry.schemas = known
    registry.start()
    assert at_school("held", "replay").code == 0
    assert school.register("2025-09-01 AM") == {"Ann": "/"}


def test_publish_once_publishes_what_is_there_and_the_status_says_how_far(
    school: School, at_school: Command, broker: Broker
) -> None:
    admin = KafkaAdminClient(**broker.client())
    admin.create_topics([NewTopic("rollbook.events", 1, 1), NewTopic("attendance.held", 1, 1)])
    admin.close()
    said = at_school("publish", "--once", *to(broker))
    assert said.code == 0, said.err
    assert f"{school.head:,} entries published on rollbook.events, up to position {school.head:,}" in said.out
    assert at_school("status", "--json").data["published"] == [{"topic": "rollbook.events", "position": school.head}]
    assert f"Published on rollbook.events: up to position {school.head:,} of {school.head:,}" in at_school("status").out
