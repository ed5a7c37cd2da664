"""Who gets in, on the broker as deploy/ starts it: a source writes to its own topic, for its own places, or not at all."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from kafka import KafkaProducer
from kafka.errors import KafkaError
from typer.testing import CliRunner

from console.main import app
from consumers.broker import PASSWORD, PASSWORD_FILE
from consumers.deliveries import Delivery
from consumers.streaming import TOPICS
from deploy import secrets
from deploy.kafka.broker import ARCHIVE, READY, free_port, install
from tests.kafka import require_kafka
from tests.making import SIMS, School

SCRIPTS = Path(__file__).parents[2] / "deploy" / "broker"
STRANGER = b"X" * 16
"""A source with a topic of its own that is registered for no place."""
SPEAKS = {"marram": SIMS, "stranger": STRANGER}
"""The users of the sources."""
TOOLS = {
    "kafka-storage.sh": "kafka.tools.StorageTool",
    "kafka-server-start.sh": "kafka.Kafka",
    "kafka-topics.sh": "org.apache.kafka.tools.TopicCommand",
    "kafka-acls.sh": "org.apache.kafka.tools.AclCommand",
    "kafka-configs.sh": "kafka.admin.ConfigCommand",
}
"""Kafka's own scripts, and the class that each of them runs."""
BRIEF = "group.initial.rebalance.delay.ms=0\noffsets.topic.num.partitions=2\n"
"""What this broker has beyond those that live long: a group of one need not wait for others, and is not kept in 50 parts."""


@dataclass
class Secured:
    """The broker of the compose file, without its container."""

    home: Path
    port: int

    @property
    def secrets(self) -> Path:
        return self.home / "secrets"

    @property
    def surroundings(self) -> dict[str, str]:
        own = {"KAFKA_BIN": self.home / "bin", "SECRETS": self.secrets, "ADMIN": self.secrets / "kafka_admin"}
        return os.environ | {name: str(path) for name, path in own.items()} | {"BOOTSTRAP": f"127.0.0.1:{self.port}"}

    def password(self, user: str) -> str:
        return (self.secrets / f"kafka_{user}").read_text("utf-8").strip()

    def allow(self, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run allow.sh as the administrator."""
        command = ["sh", str(SCRIPTS / "allow.sh"), *words]
        return subprocess.run(command, env=self.surroundings | more, capture_output=True, text=True)

    def producer(self, user: str, password: str | None = None) -> KafkaProducer:
        return KafkaProducer(
            bootstrap_servers=f"127.0.0.1:{self.port}",
            security_protocol="SASL_SSL",
            ssl_cafile=str(self.secrets / "kafka_certificate"),
            sasl_mechanism="SCRAM-SHA-256",
            sasl_plain_username=user,
            sasl_plain_password=password or self.password(user),
            max_block_ms=5_000,
            bootstrap_timeout_ms=3_000,
        )

    def send(self, user: str, topic: str, *deliveries: Delivery, password: str | None = None) -> None:
        """Write to a topic; raises KafkaError where the broker does not let us."""
        producer = self.producer(user, password)
        try:
            for one in deliveries:
                producer.send(topic, one.value, one.key.encode()).get(10)
        finally:
            producer.close(timeout=1)


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    """Started by deploy/broker/start.sh, its permissions given by allow.sh, by Kafka's own tools."""
    require_kafka()
    home, jars = tmp_path_factory.mktemp("secured"), install()
    (home / "bin").mkdir()
    for script, runs in TOOLS.items():
        heap = "-Xmx512m" if "server" in script else "-Xmx128m -XX:TieredStopAtLevel=1"
        flags = f"{heap} -XX:+UseSerialGC -XX:SharedArchiveFile={jars / ARCHIVE}"
        text = f'#!/bin/sh\nexec java {flags} -cp "{jars}/*" {runs} "$@"\n'
        (home / "bin" / script).write_text(text)
        (home / "bin" / script).chmod(0o755)
    made = Secured(home, free_port())
    addresses = f"127.0.0.1:{made.port}", f"127.0.0.1:{free_port()}"
    layout = secrets.Layout(str(made.secrets), str(home / "data"), *addresses, "127.0.0.1", free_port())
    secrets.make(made.secrets, layout)
    with (made.secrets / "kafka_broker_settings").open("a") as settings:
        settings.write(BRIEF)
    for user in SPEAKS:
        (made.secrets / f"kafka_{user}").write_text(f"the password of {user}")
    log = home / "broker.log"
    with log.open("wb") as out:
        broker = subprocess.Popen(
            ["sh", str(SCRIPTS / "start.sh")], env=made.surroundings, stdout=out, stderr=subprocess.STDOUT
        )
    try:
        for _ in range(1_800):
            if READY in log.read_text(errors="replace") or broker.poll() is not None:
                break
            time.sleep(0.1)
        assert READY in log.read_text(errors="replace"), log.read_text(errors="replace")[-1_000:]
        with ThreadPoolExecutor() as several:
            done = [several.submit(made.allow, "ledger")]
            for user, source in SPEAKS.items():
                done.append(several.submit(made.allow, "user", user, str(made.secrets / f"kafka_{user}")))
                done.append(several.submit(made.allow, "source", source.hex(), user))
        for one in done:
            assert one.result().returncode == 0, one.result().stdout + one.result().stderr
        yield made
    finally:
        broker.kill()
        broker.wait()


@pytest.fixture
def school(tmp_path: Path) -> Iterator[School]:
    """A school, in a home that the command can open."""
    made = School.ready(tmp_path)
    (tmp_path / "rollbook.toml").write_text('profile = "embedded"\norigin = "hartlepool.example/1"\n', "utf-8")
    yield made
    made.close()


def rollbook(school: School, secured: Secured, verb: str, user: str, password: str, *more: str) -> tuple[int, str]:
    """A verb as compose runs it: its password in a file that the environment names. How it ended, and its stderr."""
    file = school.folder / "password"
    file.write_text(password)
    connection = ("--bootstrap", f"127.0.0.1:{secured.port}", "--tls", "--user", user)
    trusted = ("--ca-file", str(secured.secrets / "kafka_certificate"))
    with pytest.MonkeyPatch.context() as patched:
        patched.delenv(PASSWORD, raising=False)
        patched.setenv(PASSWORD_FILE, str(file))
        patched.setattr("consumers.broker.SECONDS_TO_CONNECT", 5.0)
        arguments = ["--home", str(school.folder), verb, *connection, *trusted, *more]
        said = CliRunner().invoke(app, arguments, prog_name="rollbook")
    return said.exit_code, said.stderr


def taken_in(school: School, secured: Secured) -> None:
    """Everything on all topics of sources, by the intake's own user."""
    code, err = rollbook(school, secured, "intake", "intake", secured.password("intake"), "--until-idle", "0.5")
    assert code == 0, err


def topic_of(user: str) -> str:
    return TOPICS + SPEAKS[user].hex()


def test_a_source_s_registers_come_in_by_its_own_topic(school: School, secured: Secured) -> None:
    secured.send("marram", topic_of("marram"), school.taking("7B", "2025-09-01 AM", "09:01", Ann="/", Ben="N"))
    taken_in(school, secured)
    assert school.register("2025-09-01 AM") == {"Ann": "/", "Ben": "N"}


def test_a_source_cannot_write_to_another_s_topic(school: School, secured: Secured) -> None:
    forged = school.taking("7B", "2025-09-02 AM", "09:01", Ann="N")
    with pytest.raises(KafkaError):
        secured.send("stranger", topic_of("marram"), forged)
    taken_in(school, secured)
    assert school.register("2025-09-02 AM") == {}


@pytest.mark.parametrize("topic", ["rollbook.events", "attendance.held"])
def test_only_the_publisher_writes_to_what_rollbook_publishes_on(school: School, secured: Secured, topic: str) -> None:
    for user in ("marram", "intake"):
        with pytest.raises(KafkaError):
            secured.send(user, topic, school.taking("7B", "2025-09-02 AM", "09:01", Ann="N"))


def test_nothing_gets_in_with_a_wrong_password_or_with_none(school: School, secured: Secured) -> None:
    forged = school.taking("7B", "2025-09-03 AM", "09:01", Ann="N")
    with pytest.raises(KafkaError):
        secured.send("marram", topic_of("marram"), forged, password="a guess")  # noqa: S106
    with pytest.raises(KafkaError):
        KafkaProducer(bootstrap_servers=f"127.0.0.1:{secured.port}", bootstrap_timeout_ms=2_000)
    taken_in(school, secured)
    assert school.register("2025-09-03 AM") == {}


def test_a_source_that_is_registered_for_no_place_fills_no_register(school: School, secured: Secured) -> None:
    strange = school.taking("7B", "2025-09-04 AM", "09:01", Ann="N", Ben="N", source=STRANGER)
    secured.send("stranger", topic_of("stranger"), strange)
    taken_in(school, secured)
    after = school.beside()
    assert after.register("2025-09-04 AM") == {}
    (held,) = [one for one in after.held if one.fields["source"] == STRANGER]
    assert (held.rule, held.rows) == ("g2", 2)
    after.close()


def test_a_message_in_another_source_s_name_is_held_on_the_topic_of_whoever_sent_it(
    school: School, secured: Secured
) -> None:
    forged = school.taking("7B", "2025-09-05 AM", "09:01", Ann="N")
    secured.send("stranger", topic_of("stranger"), forged)
    taken_in(school, secured)
    after = school.beside()
    assert after.register("2025-09-05 AM") == {}
    assert {one.rule for one in after.held if one.fields["source"] == STRANGER} == {"g2"}
    after.close()


def test_an_intake_with_a_wrong_password_says_so_in_a_sentence(school: School, secured: Secured) -> None:
    code, err = rollbook(school, secured, "intake", "intake", "a guess", "--until-idle", "1")
    assert code == 1
    assert err.splitlines()[-1] == (
        f"rollbook: 127.0.0.1:{secured.port} does not accept user intake with that password: "
        f"check {PASSWORD} and SCRAM-SHA-256."
    )
    assert "a guess" not in err


def test_an_intake_of_a_group_that_it_may_not_read_as_says_so(school: School, secured: Secured) -> None:
    password = secured.password("intake")
    code, err = rollbook(school, secured, "intake", "intake", password, "--until-idle", "1", "--group", "mine")
    assert code == 1
    assert "we may not read as group mine: give another --group" in err.splitlines()[-1]


def test_the_publisher_may_publish_and_the_intake_may_not(school: School, secured: Secured) -> None:
    code, err = rollbook(school, secured, "publish", "publisher", secured.password("publisher"), "--once")
    assert code == 0, err
    code, err = rollbook(school, secured, "publish", "intake", secured.password("intake"), "--once")
    assert code == 1
    assert "We may not write to topic rollbook.events" in err.splitlines()[-1]


def test_the_commands_can_be_shown_instead_of_run(secured: Secured) -> None:
    shown = secured.allow("source", "0" * 32, "marram", DRY="echo", KAFKA_BIN="/opt/kafka/bin")
    topic, acl = shown.stdout.splitlines()
    assert topic.startswith("/opt/kafka/bin/kafka-topics.sh --bootstrap-server")
    assert acl.endswith(
        f"--add --allow-principal User:marram --operation Write --operation Describe --topic {TOPICS}{'0' * 32}"
    )


@pytest.mark.parametrize("id", ["marram", "A" * 32, "0" * 31, f"{'0' * 32} --topic rollbook.events"])
def test_what_is_no_source_s_id_gets_no_topic(secured: Secured, id: str) -> None:
    refused = secured.allow("source", id, "marram", DRY="echo")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "A source's id is 32 digits" in refused.stderr
