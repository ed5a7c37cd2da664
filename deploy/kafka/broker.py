"""One Kafka broker as a child process: installed from Maven Central, formatted, started, stopped, killed, wiped.

It is Apache Kafka itself (KRaft, one node), so that what is tested is what runs. It listens on loopback only. Nothing
here is for production: an authority has a cluster, run by people who run clusters.
"""

from __future__ import annotations

import base64
import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from deploy.kafka.certificate import make_certificate

POM = Path(__file__).with_name("pom.xml")
READY = "Kafka Server started"
SECONDS_TO_START = 60.0
ARCHIVE = "classes.jsa"
"""Beside the jars: what Java makes of Kafka's classes as it loads them. One that does not fit it leaves aside."""


class BrokerError(RuntimeError):
    """The broker could not be installed, started or stopped, and why."""


class User(NamedTuple):
    """Someone who may connect to a secured broker (SCRAM-SHA-256)."""

    name: str
    password: str


def missing_tools() -> str | None:
    """What this machine lacks to run a broker, in a sentence; None if it lacks nothing."""
    missing = [tool for tool in ("java", "mvn") if shutil.which(tool) is None]
    if not missing:
        return None
    return f"No Kafka here: {' and '.join(missing)} not found (install a Java 17 runtime and Maven)."


def library() -> Path:
    """Where the jars lie: $ROLLBOOK_KAFKA_JARS, else in the user's cache."""
    stated = os.environ.get("ROLLBOOK_KAFKA_JARS")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(stated) if stated else cache / "rollbook" / "kafka-4.3.0"


def install() -> Path:
    """Bring the jars (54 MB, once) and say where they are. Raises BrokerError where Maven cannot."""
    jars = library()
    if (jars / "complete").exists():
        return jars
    if (lacking := missing_tools()) is not None:
        raise BrokerError(lacking)
    # Two test processes may install at once: each into a folder of its own, and the first to finish wins.
    jars.parent.mkdir(parents=True, exist_ok=True)
    ours = jars.with_name(f"{jars.name}.{os.getpid()}")
    goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={ours}"]
    done = subprocess.run(["mvn", "-q", "-B", "-f", str(POM), *goal], capture_output=True, text=True, check=False)
    if done.returncode:
        shutil.rmtree(ours, ignore_errors=True)
        said = (done.stdout + done.stderr).strip().splitlines()
        raise BrokerError(f"Maven could not bring Kafka: {said[0] if said else 'it gave no reason'}")
    (ours / "complete").touch()
    try:
        ours.rename(jars)
    except OSError:
        shutil.rmtree(ours, ignore_errors=True)
    return jars


def free_port() -> int:
    """A port of loopback that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def cluster_id() -> str:
    """The id of a new cluster. None begins with a dash: Kafka's tools would take it for an option, and refuse."""
    return base64.urlsafe_b64encode(bytes([secrets.randbelow(0xF8)]) + secrets.token_bytes(15)).decode().rstrip("=")


def _java(jars: Path, heap: str, *flags: str) -> list[str]:
    """Java with Kafka's jars; the class to run follows."""
    own = [f"-Xmx{heap}", "-XX:+UseSerialGC", "-Dorg.slf4j.simpleLogger.defaultLogLevel=info"]
    return ["java", *own, *flags, "-cp", f"{jars}/*"]


_COMMON = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "num.partitions": "6",
    "auto.create.topics.enable": "false",
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "2",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "2",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "1000",
    # What a simulation sends is of past years, and Kafka counts a record's age from its own time.
    "log.retention.ms": "-1",
    # After kill -9 the old incarnation has to be fenced before the new one serves: 5 seconds with these, else 13.
    "broker.session.timeout.ms": "2000",
    "broker.heartbeat.interval.ms": "500",
}


@dataclass
class Broker:
    """A broker that keeps its data, settings and log in one folder.

    With `users` it speaks TLS and SCRAM only and allows nothing that no ACL allows; the first user is its
    administrator. Without, it is plaintext and open to whoever is on this machine.
    """

    home: Path
    port: int = 0
    users: tuple[User, ...] = ()
    heap: str = "512m"
    settings: dict[str, str] = field(default_factory=dict)
    """More of Kafka's own settings, such as log.retention.ms."""
    _process: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        self.home = self.home.resolve()

    @property
    def bootstrap(self) -> str:
        """Where clients connect."""
        return f"127.0.0.1:{self.port}"

    @property
    def certificate(self) -> Path:
        """The certificate that clients of a secured broker must trust."""
        return self.home / "certificate.pem"

    @property
    def process_id(self) -> int | None:
        """Of the running broker, also if another program started it; None if it does not run."""
        if self._process is not None:
            return self._process.pid if self._process.poll() is None else None
        with contextlib.suppress(OSError, ValueError):
            pid = int((self.home / "pid").read_text())
            if b"kafka.Kafka" in Path(f"/proc/{pid}/cmdline").read_bytes():
                return pid
        return None

    # --- its life

    def start(self) -> None:
        """Format the storage if it is new, start, and wait until it serves. Raises BrokerError with its last words."""
        if self.process_id is not None:
            raise BrokerError(f"The broker of {self.home} runs already.")
        jars = install()
        self.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not self.port:
            self.port = self._port_before() or free_port()
        self._write_settings()
        if not (self.home / "data" / "meta.properties").exists():
            self._format(jars)
        archive = jars / ARCHIVE
        if not archive.exists() and os.access(jars, os.W_OK):
            self._keep_classes(jars, archive)
        self._serve(jars, f"-XX:SharedArchiveFile={archive}")

    def stop(self) -> None:
        """Stop in order, and wait."""
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL: what a power cut is to the process."""
        self._signal(signal.SIGKILL)

    def wipe(self) -> None:
        """Kill it and remove all that it kept."""
        self.kill()
        shutil.rmtree(self.home, ignore_errors=True)

    def _signal(self, number: signal.Signals) -> None:
        pid = self.process_id
        if pid is None:
            return
        os.kill(pid, number)
        if self._process is not None:
            self._process.wait(timeout=SECONDS_TO_START)
            self._process = None
            return
        until = time.monotonic() + SECONDS_TO_START
        while self.process_id is not None:
            if time.monotonic() > until:
                raise BrokerError(f"The broker of {self.home} does not stop (process {pid}).")
            time.sleep(0.05)

    # --- for those who connect

    def client(self, user: User | None = None) -> dict[str, object]:
        """The settings with which kafka-python connects, as this user where the broker is secured."""
        if not self.users:
            return {"bootstrap_servers": self.bootstrap}
        who = self.users[0] if user is None else user
        return {
            "bootstrap_servers": self.bootstrap,
            "security_protocol": "SASL_SSL",
            "sasl_mechanism": "SCRAM-SHA-256",
            "sasl_plain_username": who.name,
            "sasl_plain_password": who.password,
            "ssl_cafile": str(self.certificate),
        }

    # --- how

    def _serve(self, jars: Path, *flags: str) -> None:
        """Start it, with these flags for Java, and wait until it serves."""
        log = self.home / "broker.log"
        with log.open("wb") as out:
            self._process = subprocess.Popen(
                [*_java(jars, self.heap, *flags), "kafka.Kafka", str(self.home / "server.properties")],
                stdout=out,
                stderr=subprocess.STDOUT,
                cwd=self.home,
                start_new_session=True,
            )
        (self.home / "pid").write_text(str(self._process.pid))
        until = time.monotonic() + SECONDS_TO_START
        while READY not in log.read_text(errors="replace"):
            if self._process.poll() is not None or time.monotonic() > until:
                last = log.read_text(errors="replace").strip().splitlines()[-3:]
                self.kill()
                raise BrokerError("The broker did not start: " + " / ".join(last))
            time.sleep(0.05)

    def _keep_classes(self, jars: Path, archive: Path) -> None:
        """Keep Kafka's classes as Java wants them (50 MB, once): every broker after this starts in half the work. Java
        writes them down when a broker ends in order, so one runs for nothing else."""
        ours = archive.with_name(f"{archive.name}.{os.getpid()}")
        self._serve(jars, f"-XX:ArchiveClassesAtExit={ours}")
        self.stop()
        ours.touch()  # where Java wrote none, it is not asked again
        ours.rename(archive)

    def _format(self, jars: Path) -> None:
        arguments = ["format", "--standalone", "-t", cluster_id(), "-c", str(self.home / "server.properties")]
        for user in self.users:
            arguments += ["--add-scram", f"SCRAM-SHA-256=[name={user.name},password={user.password}]"]
        java = _java(jars, "256m", f"-XX:SharedArchiveFile={jars / ARCHIVE}")
        command = [*java, "kafka.tools.StorageTool", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=self.home)
        if done.returncode:
            raise BrokerError(f"The broker's storage could not be made: {(done.stdout + done.stderr).strip()[-300:]}")

    def _port_before(self) -> int | None:
        """The port that clients of this folder's broker know."""
        with contextlib.suppress(OSError, StopIteration, ValueError):
            lines = (self.home / "server.properties").read_text().splitlines()
            stated = next(line for line in lines if line.startswith("advertised.listeners="))
            return int(stated.rpartition(":")[2])
        return None

    def _write_settings(self) -> None:
        controller = free_port()
        name = "SASL_SSL" if self.users else "PLAINTEXT"
        stated = {
            **_COMMON,
            "listeners": f"{name}://127.0.0.1:{self.port},CONTROLLER://127.0.0.1:{controller}",
            "advertised.listeners": f"{name}://127.0.0.1:{self.port}",
            "controller.quorum.bootstrap.servers": f"127.0.0.1:{controller}",
            "listener.security.protocol.map": f"CONTROLLER:PLAINTEXT,{name}:{name}",
            "inter.broker.listener.name": name,
            "log.dirs": str(self.home / "data"),
            **(self._security() if self.users else {}),
            **self.settings,
        }
        path = self.home / "server.properties"
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
            out.writelines(f"{key}={value}\n" for key, value in stated.items())  # it may hold a password

    def _security(self) -> dict[str, str]:
        both = self.home / "keystore.pem"
        if not both.exists():
            make_certificate(self.certificate, both)
        administrator = self.users[0]
        return {
            "sasl.enabled.mechanisms": "SCRAM-SHA-256",
            "sasl.mechanism.inter.broker.protocol": "SCRAM-SHA-256",
            "listener.name.sasl_ssl.scram-sha-256.sasl.jaas.config": (
                "org.apache.kafka.common.security.scram.ScramLoginModule required "
                f'username="{administrator.name}" password="{administrator.password}";'
            ),
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": str(both),
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": str(self.certificate),  # without it the broker refuses to start
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            # ANONYMOUS is the controller, which listens in plaintext on loopback.
            "super.users": f"User:{administrator.name};User:ANONYMOUS",
        }
