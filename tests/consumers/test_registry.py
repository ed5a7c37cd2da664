"""A schema registry over HTTP: what it says of an id, and the sentence for each way in which it does not."""

from __future__ import annotations

import json
import random
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from pydantic import ValidationError

from consumers import registry as module
from consumers.broker import Connection, NoBroker
from consumers.registry import PASSWORD, PASSWORD_FILE, Registry, registry_of
from consumers.schema_ids import RegistrySilent
from deploy.kafka.broker import free_port
from deploy.kafka.certificate import make_certificate
from schemas.catalogue import mis
from tests.registry import RegistryServer, serving

REGISTER = mis("RegisterTaken")


@pytest.fixture
def server() -> Iterator[RegistryServer]:
    with serving() as made:
        made.keep(7, REGISTER.text)
        yield made


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("tls")
    make_certificate(folder / "certificate.pem", folder / "key.pem")
    return folder / "key.pem", folder / "certificate.pem"


@pytest.fixture
def guarded(tls: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> Iterator[RegistryServer]:
    """One that lets only us in, and only with our password."""
    monkeypatch.setenv(PASSWORD, "right")
    with serving(tls=tls, password=("rollbook", "right")) as made:
        made.keep(7, REGISTER.text)
        yield made


def why(registry: Registry) -> str:
    """The sentence with which it is silent, without its first words."""
    with pytest.raises(RegistrySilent) as silent:
        registry.ask(7)
    begins = f"The schema registry at {registry.address} "
    assert str(silent.value).startswith(begins)
    return str(silent.value).removeprefix(begins)


def test_it_is_asked_by_its_rest_interface_and_its_answer_is_what_the_id_means(server: RegistryServer) -> None:
    meaning = Registry(server.address).ask(7)
    assert meaning is not None
    assert (meaning.fingerprint, meaning.fault) == (REGISTER.fingerprint, "")
    assert server.asked == ["/schemas/ids/7"]


def test_what_follows_the_host_is_part_of_the_address(server: RegistryServer) -> None:
    server.instead = (200, {}, json.dumps({"schema": REGISTER.text}).encode())
    assert Registry(server.address + "/apis/ccompat/v7/").ask(7) is not None
    assert server.asked == ["/apis/ccompat/v7/schemas/ids/7"]


def test_that_it_knows_no_such_schema_is_an_answer(server: RegistryServer) -> None:
    assert Registry(server.address).ask(8) is None


def test_whatever_is_at_its_address_there_is_a_meaning_or_a_sentence() -> None:
    rng = random.Random(40403)
    good = [
        b"HTTP/1.1 200 OK", b"HTTP/1.1 404 Not Found", b"HTTP/1.0 302 Found", b"Content-Length: 30", b"Location: /x",
        b"Transfer-Encoding: chunked", b"", b"1e", b'{"schema": "\\"string\\""}', b'{"error_code": 40403}', b"\xff\x00",
    ]  # fmt: skip
    over = threading.Event()

    def answer(listening: socket.socket) -> None:
        while not over.is_set():
            one, _ = listening.accept()
            with one, suppress(OSError):
                one.recv(4_096)
                lines = [good[0] if rng.random() < 0.7 else rng.choice(good), *rng.choices(good, k=rng.randrange(6))]
                one.sendall(b"\r\n".join(lines)[: rng.randrange(400)])

    found = set()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        registry = Registry(f"http://127.0.0.1:{listening.getsockname()[1]}")
        answering = threading.Thread(target=answer, args=(listening,))
        answering.start()
        for _ in range(300):
            try:
                meaning = registry.ask(7)
                found.add("denied" if meaning is None else meaning.fault)
            except RegistrySilent:
                found.add("silent")
        over.set()
        with suppress(RegistrySilent):
            registry.ask(7)
        answering.join(10)
    assert "silent" in found
    assert "" not in found, "none of it is a schema of ours"


@pytest.mark.parametrize(
    ("status", "body", "sentence"),
    [
        (404, b"<html>no such page</html>", "answers, but not as a schema registry does: is that its address?"),
        (404, b'{"error_code":404}', "answers, but not as a schema registry does: is that its address?"),
        (404, b"[40403]", "answers, but not as a schema registry does: is that its address?"),
        (
            200,
            b"<html>Please log in to the guest network</html>",
            "answers, but not as a schema registry does: is that",
        ),
        (200, b"", "answers, but not as a schema registry does: is that its address?"),
        (204, b"", "answers 204 when asked for a schema."),
        (500, b'{"error_code":50001}', "answers 500 when asked for a schema."),
        (503, b"", "answers 503 when asked for a schema."),
        (429, b"", "answers 429 when asked for a schema."),
        (401, b"", "lets nobody in without a name: say --registry-user, and give its password in "),
        (403, b'{"error_code":40301}', "does not let us read schemas."),
    ],
)
def test_what_is_no_answer_is_a_sentence_and_never_a_meaning(
    server: RegistryServer, status: int, body: bytes, sentence: str
) -> None:
    server.instead = (status, {}, body)
    assert why(Registry(server.address)).startswith(sentence)


def test_nothing_listens_there() -> None:
    said = why(Registry(f"http://127.0.0.1:{free_port()}"))
    assert said == "does not answer (Connection refused): is it up, and is that its address?"


def test_a_host_that_does_not_exist_is_a_sentence() -> None:
    assert why(Registry("http://registry.invalid")).startswith("does not answer (")
    assert why(Registry("http://" + "a" * 80 + ".invalid"))


def test_one_that_accepts_and_says_nothing_is_not_waited_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SECONDS_TO_ANSWER", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        said = why(Registry(f"http://127.0.0.1:{mute.getsockname()[1]}"))
    assert said.startswith("does not answer within ")


def test_one_that_does_not_come_to_an_end_is_not_listened_to_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SECONDS_TO_ANSWER", 0.3)
    over = threading.Event()

    def drip(listening: socket.socket) -> None:
        one, _ = listening.accept()
        with one:
            one.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            while not over.wait(0.05):
                one.sendall(b" ")

    with socket.create_server(("127.0.0.1", 0)) as listening:
        dripping = threading.Thread(target=drip, args=(listening,))
        dripping.start()
        try:
            said = why(Registry(f"http://127.0.0.1:{listening.getsockname()[1]}"))
        finally:
            over.set()
            dripping.join(10)
    assert said.startswith("does not answer within ")


def test_an_answer_of_any_size_is_not_read(server: RegistryServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BYTES_AT_MOST", 1_000)
    assert why(Registry(server.address)).startswith("answers, but not as a schema registry does")


def test_the_right_password_is_let_in(guarded: RegistryServer, tls: tuple[Path, Path]) -> None:
    assert Registry(guarded.address, "rollbook", tls[1]).ask(7) is not None


def test_a_wrong_password_says_so_and_is_not_repeated(
    guarded: RegistryServer, tls: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PASSWORD, "wr0ng")
    said = why(Registry(guarded.address, "rollbook", tls[1]))
    assert said == f"does not accept user rollbook with that password: check {PASSWORD}."


def test_a_password_file_may_be_mended_while_we_run(
    guarded: RegistryServer, tls: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv(PASSWORD)
    monkeypatch.setenv(PASSWORD_FILE, str(tmp_path / "password"))
    registry = Registry(guarded.address, "rollbook", tls[1])
    with pytest.raises(RegistrySilent, match=f"which {PASSWORD_FILE} names, cannot be read"):
        registry.ask(7)
    (tmp_path / "password").write_text("wrong\n")
    assert why(registry).startswith("does not accept user")
    (tmp_path / "password").write_text("right\n")
    assert registry.ask(7) is not None


def test_a_certificate_that_nobody_told_us_to_trust_is_a_sentence(guarded: RegistryServer) -> None:
    said = why(Registry(guarded.address, "rollbook"))
    assert said.startswith("shows a certificate that is not trusted (")
    assert said.endswith("name the authority that signed it with --registry-ca-file.")
    assert guarded.asked == [], "so no password was sent"


def test_an_address_with_tls_that_speaks_none_is_a_sentence(server: RegistryServer) -> None:
    assert why(Registry(f"https://127.0.0.1:{server.port}")).startswith("does not speak TLS as we do")


def test_we_are_not_sent_elsewhere_with_our_password(guarded: RegistryServer, tls: tuple[Path, Path]) -> None:
    with serving() as elsewhere:
        guarded.instead = (302, {"Location": elsewhere.address + "/schemas/ids/7"}, b"")
        assert why(Registry(guarded.address, "rollbook", tls[1])).startswith("sends us elsewhere, where we do not go")
        assert elsewhere.asked == []


# --- the setting


def test_without_an_address_there_is_no_registry() -> None:
    assert registry_of(Connection()) is None


def test_a_user_without_a_password_is_told_where_to_put_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(PASSWORD, raising=False)
    registry = registry_of(Connection(registry="https://registry.example", registry_user="us"))
    assert registry is not None
    with pytest.raises(NoBroker, match=f"User us of the schema registry needs a password: .* as {PASSWORD}"):
        registry.check()


def test_a_ca_file_that_is_none_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("no certificate")
    for file in (tmp_path / "ca.pem", tmp_path / "nowhere.pem"):
        with pytest.raises(NoBroker, match="cannot be read as certificates"):
            Registry("https://registry.example", None, file).check()


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"registry": "registry.example:8081"}, "http or https, a host and a path"),
        ({"registry": "ftp://registry.example"}, "http or https, a host and a path"),
        ({"registry": "https://us:known@registry.example"}, "without user or query"),
        ({"registry": "https://registry.example?key=known"}, "without user or query"),
        ({"registry": "http://registry.example", "registry_user": "us"}, "needs https"),
        ({"registry": "https://registry.example", "registry_user": "u:s"}, "no colon"),
        ({"registry_user": "us"}, "but no address"),
        ({"registry_ca_file": "ca.pem"}, "but no address"),
    ],
)
def test_a_setting_that_will_not_do_is_refused(said: dict[str, str], sentence: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Connection.model_validate(said)
    assert sentence in refused.value.errors()[0]["msg"]
