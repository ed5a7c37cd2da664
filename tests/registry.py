"""A schema registry to ask over HTTP, as Confluent's answers GET /schemas/ids/{id}; and what else may be at its address."""

from __future__ import annotations

import base64
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

CONTENT_TYPE = "application/vnd.schemaregistry.v1+json"


@dataclass
class RegistryServer:
    """A registry whose state a test may change while it runs."""

    schemas: dict[int, dict[str, Any]] = field(default_factory=dict)
    """What it says of each id."""
    password: tuple[str, str] | None = None
    """The only user that it lets in, and the password."""
    instead: tuple[int, dict[str, str], bytes] | None = None
    """What it says to everything: something else is at its address."""
    tls: tuple[Path, Path] | None = None
    """The file with key and certificate, and the certificate to trust."""
    asked: list[str] = field(default_factory=list)
    """Every path that it was asked for."""
    port: int = 0
    _server: ThreadingHTTPServer | None = None

    @property
    def address(self) -> str:
        return f"http{'' if self.tls is None else 's'}://127.0.0.1:{self.port}"

    def keep(self, number: int, schema: str, **more: Any) -> int:
        """Register a schema's text under an id."""
        self.schemas[number] = {"schema": schema, **more}
        return number

    def answer(self, path: str, authorization: str | None) -> tuple[int, dict[str, str], bytes]:
        self.asked.append(path)
        if self.instead is not None:
            return self.instead
        if self.password is not None:
            pair = base64.b64encode(":".join(self.password).encode()).decode()
            if authorization != f"Basic {pair}":
                return 401, {}, b'{"error_code":401,"message":"Unauthorized"}'
        *_, last = path.split("/")
        if not path.startswith("/schemas/ids/") or not last.isdigit() or int(last) >= 1 << 31:
            return 404, {}, b'{"error_code":404,"message":"HTTP 404 Not Found"}'
        if int(last) not in self.schemas:
            return 404, {}, json.dumps({"error_code": 40403, "message": f"Schema {last} not found"}).encode()
        return 200, {}, json.dumps(self.schemas[int(last)]).encode()

    def start(self) -> None:
        """Listen; on the same port as before, if it did before."""
        registry = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, headers, body = registry.answer(self.path, self.headers.get("Authorization"))
                self.send_response(status)
                for name, value in {"Content-Type": CONTENT_TYPE, "Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                """Nothing: a test says what it wants to know."""

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.port = self._server.server_port
        if self.tls is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.tls[0])
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def stop(self) -> None:
        """Listen no more."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None


@contextmanager
def serving(**state: Any) -> Iterator[RegistryServer]:
    """A registry that runs while a test does."""
    made = RegistryServer(**state)
    made.start()
    try:
        yield made
    finally:
        made.stop()
