"""A broker that does not let us in: one sentence says which step failed, as far as can be told from here."""

from __future__ import annotations

from pathlib import Path

import pytest
from kafka import KafkaAdminClient

from consumers.broker import PASSWORD, Connection, NoBroker
from deploy.kafka import Broker
from tests.kafka import ADMINISTRATOR


@pytest.fixture
def secured(secured_broker: Broker) -> Broker:
    return secured_broker


def refused(connection: Connection) -> str:
    """Connect in vain; what is said of it."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv(PASSWORD, ADMINISTRATOR.password)
        patched.setattr("consumers.broker.SECONDS_TO_CONNECT", 2.0)
        with pytest.raises(NoBroker) as caught:
            connection.connect(KafkaAdminClient).close()
    return str(caught.value)


def test_certificates_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    for_it = f"The file {file}, which --ca-file names, cannot be read "
    connection = Connection(bootstrap="127.0.0.1:1", tls=True, ca_file=file)
    assert refused(connection).startswith(f"{for_it}(No such file or directory)")
    file.write_text("no certificate")
    assert refused(connection).startswith(f"{for_it}(it holds no certificate)")


def test_a_certificate_of_another_host_is_said_to_be_that(secured: Broker) -> None:
    server = f"localhost:{secured.port}"
    said = refused(
        Connection(bootstrap=server, tls=True, ca_file=secured.certificate, user=ADMINISTRATOR.name),
    )
    assert said.startswith(f"The certificate of {server} is made out to another name than localhost: ")


def test_a_certificate_that_nobody_vouches_for_is_said_to_be_that(secured: Broker) -> None:
    said = refused(Connection(bootstrap=secured.bootstrap, tls=True))
    assert said.startswith(f"The certificate of {secured.bootstrap} is not trusted (self-signed certificate)")


def test_a_secured_broker_that_is_asked_without_a_name_or_without_tls_says_so(secured: Broker) -> None:
    nobody = Connection(bootstrap=secured.bootstrap, tls=True, ca_file=secured.certificate)
    assert refused(nobody).startswith(f"{secured.bootstrap} lets nobody in without a name")
    assert "if the broker wants TLS" in refused(Connection(bootstrap=secured.bootstrap))
