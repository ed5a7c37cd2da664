"""How a Confluent schema registry is asked over HTTP, and what is likely wrong when it does not answer.

Of its REST interface one question is enough, GET /schemas/ids/{id}, which Confluent's, Karapace, Redpanda and Apicurio
(`/apis/ccompat/v7`) answer alike: 200 with the schema's text, 404 with error_code 40403 where there is none.
See https://docs.confluent.io/platform/current/schema-registry/develop/api.html.
"""

from __future__ import annotations

import base64
import json
import ssl
import threading
import time
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPException
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import HTTPRedirectHandler, HTTPSHandler, OpenerDirector, Request, build_opener

from consumers.broker import Connection, NoBroker, password_from
from consumers.schema_ids import UNKNOWN_SCHEMA, Meaning, RegistrySilent, meaning_of

PASSWORD = "ROLLBOOK_REGISTRY_PASSWORD"  # noqa: S105 - the name of a variable of the environment, not a password
PASSWORD_FILE = "ROLLBOOK_REGISTRY_PASSWORD_FILE"  # noqa: S105 - as above
SECONDS_TO_ANSWER = 3.0
BYTES_AT_MOST = 8 << 20
"""Of an answer: a registry keeps each schema as one record of Kafka, of 1 MB where nobody said otherwise."""
_ACCEPT = "application/vnd.schemaregistry.v1+json, application/vnd.schemaregistry+json; q=0.9, application/json; q=0.5"


class _NoRedirects(HTTPRedirectHandler):
    """To be sent elsewhere is no answer: the password would be sent along."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Nowhere."""
        return


@dataclass(frozen=True, slots=True)
class Registry:
    """Where a schema registry is and who we are to it. The password is never part of it: it is in the environment, and
    looked for at each question, so that a file may be given another one meanwhile."""

    address: str
    """http or https; what follows the host is part of it."""
    user: str | None = None
    ca_file: Path | None = None
    """The certificates to trust; the system's where none is named."""

    def check(self) -> None:
        """Raises NoBroker, with a sentence, where what it takes to ask is not there."""
        self._password()
        if self.ca_file is not None:
            try:
                ssl.create_default_context(cafile=str(self.ca_file))
            except (OSError, ssl.SSLError):
                raise NoBroker(f"The file {self.ca_file} cannot be read as certificates in PEM.") from None

    def ask(self, number: int) -> Meaning | None:
        """What the registry says of a schema id; None where it knows no such schema.

        Raises RegistrySilent, with a sentence, for whatever is no answer to that, and where none comes in time. Asked
        on a thread of its own: a name server, or a peer that says a byte now and then, would keep us longer than any
        timeout of a socket, and whoever asks must be able to stop.
        """
        answers: SimpleQueue[Meaning | RegistrySilent | None] = SimpleQueue()
        threading.Thread(target=lambda: answers.put(self._asked(number)), daemon=True).start()
        try:
            answer = answers.get(timeout=SECONDS_TO_ANSWER)
        except Empty:
            raise RegistrySilent(self._says(_why_unreachable(TimeoutError()))) from None
        if isinstance(answer, RegistrySilent):
            raise answer
        return answer

    def _asked(self, number: int) -> Meaning | RegistrySilent | None:
        request = Request(f"{self.address.rstrip('/')}/schemas/ids/{number}", headers={"Accept": _ACCEPT})  # noqa: S310 - its scheme was checked where it was set
        try:
            password = self._password()
            if self.user is not None:
                pair = base64.b64encode(f"{self.user}:{password}".encode()).decode("ascii")
                request.add_unredirected_header("Authorization", f"Basic {pair}")
            with self._opener().open(request, timeout=SECONDS_TO_ANSWER) as answer:
                if answer.status != HTTPStatus.OK:
                    return RegistrySilent(self._says(self._why(answer.status)))
                return meaning_of(_whole(answer))
        except HTTPError as error:
            with error:
                if error.code == HTTPStatus.NOT_FOUND and _error_code(error) == UNKNOWN_SCHEMA:
                    return None
                return RegistrySilent(self._says(self._why(error.code)))
        except NoBroker as error:
            return RegistrySilent(str(error))
        except (OSError, HTTPException, ValueError) as error:
            return RegistrySilent(self._says(_why_unreachable(error)))

    def _opener(self) -> OpenerDirector:
        if not self.address.lower().startswith("https:"):
            return build_opener(_NoRedirects)
        trusted = ssl.create_default_context(cafile=None if self.ca_file is None else str(self.ca_file))
        return build_opener(_NoRedirects, HTTPSHandler(context=trusted))

    def _password(self) -> str | None:
        if self.user is None:
            return None
        password = password_from(PASSWORD, PASSWORD_FILE)
        if not password:
            raise NoBroker(
                f"User {self.user} of the schema registry needs a password: put it into the environment as {PASSWORD}, "
                f"or name its file there as {PASSWORD_FILE}."
            )
        return password

    def _says(self, what: str) -> str:
        return f"The schema registry at {self.address} {what}"

    def _why(self, status: int) -> str:
        if status == HTTPStatus.UNAUTHORIZED:
            if self.user is None:
                return f"lets nobody in without a name: say --registry-user, and give its password in {PASSWORD}."
            return f"does not accept user {self.user} with that password: check {PASSWORD}."
        if status == HTTPStatus.FORBIDDEN:
            return f"does not let {'us' if self.user is None else f'user {self.user}'} read schemas."
        if status == HTTPStatus.NOT_FOUND:
            return "answers, but not as a schema registry does: is that its address?"
        if status // 100 == HTTPStatus.MULTIPLE_CHOICES // 100:
            return "sends us elsewhere, where we do not go: name the address of the registry itself."
        return f"answers {status} when asked for a schema."


def registry_of(connection: Connection) -> Registry | None:
    """The registry that is set beside a broker, if any is."""
    if connection.registry is None:
        return None
    return Registry(connection.registry, connection.registry_user, connection.registry_ca_file)


def _whole(answer: Any) -> bytes:
    """The answer's body, if it comes to an end within the time and size that one may take."""
    until = time.monotonic() + SECONDS_TO_ANSWER
    pieces, size = [], 0
    while piece := answer.read1(1 << 16):
        pieces.append(piece)
        size += len(piece)
        if size > BYTES_AT_MOST or time.monotonic() > until:
            raise ValueError("it does not come to an end")
    return b"".join(pieces)


def _error_code(error: HTTPError) -> Any:
    try:
        said = json.loads(error.read(1 << 16))
    except (ValueError, RecursionError, OSError, HTTPException):
        return None
    return said.get("error_code") if isinstance(said, dict) else None


def _why_unreachable(error: Exception) -> str:
    cause = error.reason if isinstance(error, URLError) else error
    if isinstance(cause, ssl.SSLCertVerificationError):
        return (
            f"shows a certificate that is not trusted ({cause.verify_message}): name the authority that signed it with "
            "--registry-ca-file."
        )
    if isinstance(cause, ssl.SSLError):
        return "does not speak TLS as we do: is its address to begin with http?"
    if isinstance(cause, TimeoutError):
        return f"does not answer within {SECONDS_TO_ANSWER:.0f} seconds."
    if isinstance(cause, OSError):
        return f"does not answer ({cause.strerror or type(cause).__name__}): is it up, and is that its address?"
    return "answers, but not as a schema registry does: is that its address?"
