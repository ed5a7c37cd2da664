"""How Rollbook connects to a Kafka broker, and what is likely wrong when it cannot.

kafka-python answers a wrong password, an untrusted certificate and a broker that is down with one and the same "unable
to bootstrap". `why_not` tries the steps one after another and says in a sentence which of them fails.
"""

from __future__ import annotations

import os
import re
import socket
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, TypeVar

from kafka.errors import KafkaConnectionError, KafkaError, KafkaTimeoutError
from pydantic import BaseModel, ConfigDict, Field, model_validator

PASSWORD = "ROLLBOOK_KAFKA_PASSWORD"  # noqa: S105 - the name of a variable of the environment, not a password
PASSWORD_FILE = "ROLLBOOK_KAFKA_PASSWORD_FILE"  # noqa: S105 - as above
"""Names a file with the password in it instead, as secrets come to a container."""
SECONDS_TO_ANSWER = 5.0
SECONDS_TO_CONNECT = 15.0
"""How long a client tries: a broker that is restarted is back within this time."""

_REGISTRY = re.compile(r"https?://[^\s/?#@]+(/[^\s?#@]*)?", re.IGNORECASE)

_ANOTHER_NAME = (62, 64)
"""OpenSSL's codes for a certificate that is good, but of another host or address (x509_vfy.h)."""

C = TypeVar("C")


class NoBroker(RuntimeError):
    """The broker does not let us in; the sentence says why, as far as can be told, and what to do."""


def password_from(name: str, file_name: str) -> str | None:
    """A password: a variable of the environment, or the file that another one names. Raises NoBroker where that cannot
    be read."""
    stated, file = os.environ.get(name), os.environ.get(file_name)
    if stated or not file:
        return stated
    try:
        return Path(file).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise NoBroker(f"The file {file}, which {file_name} names, cannot be read.") from None


class Connection(BaseModel):
    """Where the broker is and who we are to it. The password is never part of it: it is in the environment."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    bootstrap: str = Field(default="127.0.0.1:9092", pattern=r"^[^\s:,]+:\d+(,[^\s:,]+:\d+)*$")
    """host:port, several with commas."""
    tls: bool = False
    ca_file: Path | None = None
    """The certificates to trust; the system's where none is named."""
    user: str | None = None
    mechanism: Literal["SCRAM-SHA-256", "SCRAM-SHA-512", "PLAIN"] = "SCRAM-SHA-256"
    registry: str | None = None
    """The address of a schema registry, which then says what the schema ids of messages mean."""
    registry_user: str | None = None
    registry_ca_file: Path | None = None

    @model_validator(mode="after")
    def _no_password_in_clear(self) -> Connection:
        if self.user is not None and not self.tls:
            raise ValueError("a user name needs TLS: a password is never sent in clear")
        return self

    @model_validator(mode="after")
    def _registry_can_be_asked(self) -> Connection:
        if self.registry is None:
            if self.registry_user is not None or self.registry_ca_file is not None:
                raise ValueError("the schema registry has a user or a CA file, but no address")
        elif not _REGISTRY.fullmatch(self.registry):
            raise ValueError("the schema registry's address is http or https, a host and a path, without user or query")
        elif self.registry_user is not None:
            if not self.registry.lower().startswith("https:"):
                raise ValueError("the schema registry's user needs https: a password is never sent in clear")
            if ":" in self.registry_user:
                raise ValueError("the schema registry's user has no colon in its name (RFC 7617)")
        return self

    def arguments(self) -> dict[str, Any]:
        """What kafka-python's clients are made with. Raises NoBroker where a password is needed and not there, or the
        certificates to trust cannot be read."""
        stated: dict[str, Any] = {"bootstrap_servers": self.bootstrap.split(",")}
        if not self.tls:
            return stated
        self._trusted()
        stated |= {"security_protocol": "SSL", "ssl_cafile": None if self.ca_file is None else str(self.ca_file)}
        if self.user is not None:
            password = password_from(PASSWORD, PASSWORD_FILE)
            if not password:
                raise NoBroker(
                    f"User {self.user} needs a password: put it into the environment as {PASSWORD}, or name its file "
                    f"there as {PASSWORD_FILE}."
                )
            stated |= {
                "security_protocol": "SASL_SSL",
                "sasl_mechanism": self.mechanism,
                "sasl_plain_username": self.user,
                "sasl_plain_password": password,
            }
        return stated

    def connect(self, make: Callable[..., C], **settings: Any) -> C:
        """A client of kafka-python's, connected. Raises NoBroker with a sentence."""
        try:
            patience = int(SECONDS_TO_CONNECT * 1_000)
            return make(**self.arguments(), **{"bootstrap_timeout_ms": patience, **settings})
        except (KafkaTimeoutError, KafkaConnectionError) as error:
            raise NoBroker(self.why_not()) from error
        except (KafkaError, OSError) as error:
            raise NoBroker(
                f"Kafka at {self.bootstrap} does not answer as it should ({type(error).__name__})."
            ) from error

    def why_not(self) -> str:
        """Why the broker does not let us in, as far as can be told from here."""
        said = "It answers no address."
        for server in self.bootstrap.split(","):
            host, _, port = server.rpartition(":")
            try:
                with socket.create_connection((host, int(port)), SECONDS_TO_ANSWER) as plain:
                    if not self.tls:
                        return (
                            f"Something listens on {server} but does not speak Kafka to us: if the broker wants "
                            "TLS, say --tls and --ca-file."
                        )
                    return self._why_not_secured(server, host, plain)
            except OSError as error:
                reason = error.strerror or type(error).__name__
                said = f"Nothing listens on {server} ({reason}): is the broker up, and is that its address?"
        return said

    def _trusted(self) -> ssl.SSLContext:
        """What we trust. Raises NoBroker where the file cannot be read: the client would say that nobody answers."""
        try:
            return ssl.create_default_context(cafile=None if self.ca_file is None else str(self.ca_file))
        except OSError as error:  # ssl.SSLError is one
            reason = "it holds no certificate" if isinstance(error, ssl.SSLError) else error.strerror
            raise NoBroker(
                f"The file {self.ca_file}, which --ca-file names, cannot be read ({reason}): it should hold the "
                "certificate of the authority that signed the broker's, as PEM."
            ) from None

    def _why_not_secured(self, server: str, host: str, plain: socket.socket) -> str:
        try:
            with self._trusted().wrap_socket(plain, server_hostname=host):
                pass
        except ssl.SSLCertVerificationError as error:
            if error.verify_code in _ANOTHER_NAME:
                return (
                    f"The certificate of {server} is made out to another name than {host}: give the broker's address "
                    "as its certificate has it, or have the name put into the certificate."
                )
            return (
                f"The certificate of {server} is not trusted ({error.verify_message}): "
                "name the authority that signed it with --ca-file."
            )
        except (ssl.SSLError, OSError):
            return f"{server} does not speak TLS: leave --tls out, or ask for the broker's TLS port."
        if self.user is None:
            return f"{server} lets nobody in without a name: say --user, and give its password in {PASSWORD}."
        return f"{server} does not accept user {self.user} with that password: check {PASSWORD} and {self.mechanism}."
