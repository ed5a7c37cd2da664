"""`python -m deploy.secrets [FOLDER]`: the secrets of deploy/compose.yaml, made here and stored nowhere else.

One file for each, readable by its owner only: passwords, the broker's key, its certificate and settings. What is there
already is left as it is, so that it can be run again after an upgrade.
"""

from __future__ import annotations

import os
import secrets
import sys
from pathlib import Path
from typing import NamedTuple

from deploy.kafka.broker import cluster_id
from deploy.kafka.certificate import make_certificate

FOLDER = Path(__file__).with_name("secrets")
USERS = ("broker", "intake", "publisher")
"""Of the broker; the first is its administrator."""
ROLES = ("superuser", "owner", "writer")
"""Of PostgreSQL. Passwords of owner and writer stand in files as libpq reads them too (pgpass)."""
YEARS = 2


class Layout(NamedTuple):
    """Where things are for the broker: in its container, unless a test says otherwise."""

    secrets: str = "/run/secrets"
    data: str = "/var/lib/kafka/data"
    inside: str = "broker:9093"
    """Where containers come to it."""
    outside: str = "127.0.0.1:9094"
    """Where this machine comes to it, and whoever is let in through it."""
    listen: str = "0.0.0.0"  # noqa: S104 - inside its container; compose.yaml publishes on loopback only
    controller_port: int = 9095


def broker_settings(administrator_password: str, layout: Layout) -> dict[str, str]:
    """Kafka's settings: TLS and SCRAM on both listeners, and nothing allowed that no ACL allows."""
    login = (
        "org.apache.kafka.common.security.scram.ScramLoginModule required "
        f'username="{USERS[0]}" password="{administrator_password}";'
    )
    ports = [address.rpartition(":")[2] for address in (layout.inside, layout.outside)]
    return {
        "process.roles": "broker,controller",
        "node.id": "1",
        "listeners": f"INSIDE://{layout.listen}:{ports[0]},OUTSIDE://{layout.listen}:{ports[1]},"
        f"CONTROLLER://127.0.0.1:{layout.controller_port}",
        "advertised.listeners": f"INSIDE://{layout.inside},OUTSIDE://{layout.outside}",
        "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,INSIDE:SASL_SSL,OUTSIDE:SASL_SSL",
        "inter.broker.listener.name": "INSIDE",
        "controller.listener.names": "CONTROLLER",
        "controller.quorum.bootstrap.servers": f"127.0.0.1:{layout.controller_port}",
        "sasl.enabled.mechanisms": "SCRAM-SHA-256",
        "sasl.mechanism.inter.broker.protocol": "SCRAM-SHA-256",
        "listener.name.inside.scram-sha-256.sasl.jaas.config": login,
        "listener.name.outside.scram-sha-256.sasl.jaas.config": login,
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": f"{layout.secrets}/kafka_keystore",
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": f"{layout.secrets}/kafka_certificate",
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        # ANONYMOUS is the controller, which nobody outside the broker's own container can reach.
        "super.users": f"User:{USERS[0]};User:ANONYMOUS",
        "log.dirs": layout.data,
        "auto.create.topics.enable": "false",
        "num.partitions": "6",
        "offsets.topic.replication.factor": "1",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
    }


def client_settings(user: str, password: str, certificate: str) -> dict[str, str]:
    """With which Kafka's own tools connect."""
    return {
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "SCRAM-SHA-256",
        "sasl.jaas.config": "org.apache.kafka.common.security.scram.ScramLoginModule required "
        f'username="{user}" password="{password}";',
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": certificate,
    }


def make(folder: Path, layout: Layout | None = None) -> list[str]:
    """Make what is missing; the names of the files that are new."""
    layout = layout or Layout()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    made: list[str] = []

    def keep(name: str, text: str) -> str:
        """The secret, as made now or before."""
        path = folder / name
        if not path.exists():
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400), "w") as out:
                out.write(text)
            made.append(name)
        return path.read_text()

    passwords = {user: keep(f"kafka_{user}", secrets.token_urlsafe(24)) for user in USERS}
    if not (folder / "kafka_keystore").exists():
        make_certificate(
            folder / "kafka_certificate", folder / "kafka_keystore", "broker", "localhost", days=365 * YEARS
        )
        made += ["kafka_certificate", "kafka_keystore"]
    keep("kafka_cluster", cluster_id())
    stated = broker_settings(passwords["broker"], layout)
    keep("kafka_broker_settings", _properties(stated))
    certificate = f"{layout.secrets}/kafka_certificate"
    keep("kafka_admin", _properties(client_settings("broker", passwords["broker"], certificate)))
    database = {role: keep(f"postgres_{role}", secrets.token_urlsafe(24)) for role in ROLES}
    keep("pgpass", f"database:5432:rollbook:rollbook_writer:{database['writer']}\n")
    keep("pgpass_owner", f"database:5432:rollbook:rollbook_owner:{database['owner']}\n")
    return made


def _properties(stated: dict[str, str]) -> str:
    return "".join(f"{name}={value}\n" for name, value in stated.items())


if __name__ == "__main__":
    where = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    new = make(where)
    print(f"{where}: {', '.join(new) or 'nothing new'}")
