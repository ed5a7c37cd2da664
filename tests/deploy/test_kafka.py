"""The development broker is a real one: it keeps what was acknowledged when it is killed, and lets in whom it should."""

from __future__ import annotations

import base64
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import NewTopic
from kafka.errors import KafkaError

from deploy.kafka import Broker, BrokerError, User
from deploy.kafka.broker import cluster_id
from tests.kafka import ADMINISTRATOR, STRANGER, require_kafka


@pytest.fixture
def broker(shared_broker: Broker) -> Broker:
    return shared_broker


@pytest.fixture
def secured(secured_broker: Broker) -> Broker:
    return secured_broker


def make_topic(broker: Broker, name: str) -> None:
    admin = KafkaAdminClient(**broker.client())
    admin.create_topics([NewTopic(name, 1, 1)])
    admin.close()


def say(broker: Broker, topic: str, value: bytes, user: User | None = None) -> None:
    producer = KafkaProducer(max_block_ms=5_000, bootstrap_timeout_ms=3_000, **broker.client(user))
    try:
        producer.send(topic, value).get(10)
    finally:
        producer.close(timeout=1)


def heard(broker: Broker, topic: str) -> list[bytes]:
    consumer, at = KafkaConsumer(**broker.client()), TopicPartition(topic, 0)
    consumer.assign([at])
    consumer.seek_to_beginning(at)
    end, values = consumer.end_offsets([at])[at], []
    while consumer.position(at) < end:
        values += [record.value for record in consumer.poll(timeout_ms=1_000).get(at, [])]
    consumer.close()
    return values


def test_what_was_acknowledged_is_there_after_the_broker_was_killed(broker: Broker) -> None:
    make_topic(broker, "registers")
    say(broker, "registers", b"before")
    port = broker.port
    broker.kill()
    assert broker.process_id is None
    broker.start()
    assert broker.port == port
    say(broker, "registers", b"after")
    assert heard(broker, "registers") == [b"before", b"after"]


def test_a_broker_that_runs_is_not_started_twice(broker: Broker) -> None:
    with pytest.raises(BrokerError, match="runs already"):
        Broker(broker.home).start()


def test_a_secured_broker_lets_in_only_whom_it_knows_and_only_to_what_is_allowed(secured: Broker) -> None:
    make_topic(secured, "registers")
    say(secured, "registers", b"by the administrator")
    with pytest.raises(KafkaError):
        say(secured, "registers", b"without a right", STRANGER)
    with pytest.raises(KafkaError):
        say(secured, "registers", b"with a wrong password", User(ADMINISTRATOR.name, "a-guess"))
    with pytest.raises(KafkaError):
        KafkaProducer(bootstrap_servers=secured.bootstrap, max_block_ms=3_000, bootstrap_timeout_ms=3_000)
    assert heard(secured, "registers") == [b"by the administrator"]


def test_settings_and_keys_of_a_secured_broker_are_its_owners_only(secured: Broker) -> None:
    for name in ("server.properties", "keystore.pem"):
        assert stat.S_IMODE((secured.home / name).stat().st_mode) == 0o600


def test_the_command_starts_it_says_where_it_listens_and_wipes_it(tmp_path: Path) -> None:
    require_kafka()

    def command(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "deploy.kafka", *words, "--home", str(tmp_path / "mine")],
            capture_output=True,
            text=True,
            cwd=Path(__file__).parents[2],
        )

    try:
        started = command("start")
        assert "Kafka listens on 127.0.0.1:" in started.stdout, started.stderr
        assert command("status").returncode == 0
        again = command("start")
        assert again.returncode == 1
        assert "runs already" in again.stderr
    finally:
        wiped = command("wipe")
    assert wiped.returncode == 0
    assert command("status").returncode == 1
    assert not (tmp_path / "mine").exists()


def test_no_cluster_s_id_can_be_taken_for_an_option() -> None:
    ids = {cluster_id() for _ in range(2_000)}
    assert len(ids) == 2_000
    assert not [id for id in ids if id.startswith("-")]
    assert {len(base64.urlsafe_b64decode(f"{id}==")) for id in ids} == {16}
