"""The compose file, checked as far as it can be without a container engine: what it says, and that what it runs exists."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml
from typer.testing import CliRunner

from console.main import app
from deploy import secrets
from tests.postgres import DISK, Server

DEPLOY = Path(__file__).parents[2] / "deploy"
ROOT = DEPLOY.parent
VERSION = re.compile(r":\d+\.\d+(\.\d+)?(-[a-z]+)*$")
OURS = ("found", "intake", "publisher")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    said: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
    return said


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The secrets, as the command makes them."""
    folder = tmp_path_factory.mktemp("made") / "secrets"
    secrets.make(folder)
    return folder


def dockerfile() -> list[str]:
    return (DEPLOY / "Dockerfile").read_text("utf-8").splitlines()


def test_every_image_says_its_version(compose: dict[str, Any]) -> None:
    images = {service["image"] for service in compose["services"].values()}
    images |= {line.split()[1] for line in dockerfile() if line.startswith("FROM")}
    assert len(images) == 4
    assert [image for image in images if not VERSION.search(image)] == []


def test_what_the_dockerfile_copies_is_there_and_is_not_ignored() -> None:
    copied = [word for line in dockerfile() if line.startswith("COPY ") for word in line.split()[1:-1]]
    ours = [name for name in copied if not name.startswith(("--", "/"))]
    ignored = (DEPLOY / "Dockerfile.dockerignore").read_text("utf-8").splitlines()
    assert ours
    for name in ours:
        assert (ROOT / name).exists()
        assert f"!{name}" in ignored
    assert "*" in ignored


def test_nothing_listens_beyond_this_machine(compose: dict[str, Any]) -> None:
    ports = [port for service in compose["services"].values() for port in service.get("ports", [])]
    assert ports
    assert [port for port in ports if not port.startswith("127.0.0.1:")] == []
    assert [name for name, service in compose["services"].items() if "network_mode" in service] == []


def test_every_service_runs_without_root_without_powers_and_on_a_file_system_that_it_cannot_change(
    compose: dict[str, Any],
) -> None:
    for name, service in compose["services"].items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert "no-new-privileges:true" in service["security_opt"], name
        assert service["user"].split(":")[0] not in ("", "0", "root"), name
        assert "privileged" not in service, name
    assert any(line.startswith("USER 1000") for line in dockerfile())


def test_passwords_come_from_files_and_never_from_the_environment(compose: dict[str, Any], made: Path) -> None:
    for service in compose["services"].values():
        for variable, value in service.get("environment", {}).items():
            if re.search("PASS|SECRET|ADMIN", variable):
                assert value.startswith("/run/secrets/")
                assert Path(value).name in service["secrets"]
        for word in (*service.get("command", ()), *service.get("entrypoint", ())):
            for path in re.findall(r"/run/secrets/(\w+)", word):
                assert path in service["secrets"]


def test_each_service_has_the_secrets_that_it_needs_and_no_others(compose: dict[str, Any]) -> None:
    given = {name: set(service["secrets"]) for name, service in compose["services"].items()}
    assert given["intake"] == {"kafka_intake", "kafka_certificate", "pgpass"}
    assert given["publisher"] == {"kafka_publisher", "kafka_certificate", "pgpass"}
    assert given["found"] == {"pgpass_owner"}
    assert not {"kafka_admin", "postgres_superuser"} & set.union(*(given[name] for name in OURS))


def test_every_secret_and_every_script_is_made_or_there(compose: dict[str, Any], made: Path) -> None:
    for name, secret in compose["secrets"].items():
        assert secret["file"] == f"./secrets/{name}"
        assert (made / name).exists(), name
    named = {name for service in compose["services"].values() for name in service["secrets"]}
    assert named == compose["secrets"].keys()
    for mount in (mount for service in compose["services"].values() for mount in service.get("volumes", [])):
        source, _, target = mount.partition(":")
        if source.startswith("./"):
            assert (DEPLOY / source).is_file()
            assert target.endswith(":ro")
        else:
            assert source in compose["volumes"]


def test_what_it_runs_are_verbs_that_exist_with_options_that_exist(compose: dict[str, Any]) -> None:
    for name in OURS:
        verb, *options = compose["services"][name]["command"]
        shown = CliRunner().invoke(app, [verb, "--help"], prog_name="rollbook")
        assert shown.exit_code == 0, verb
        for option in options:
            assert option.partition("=")[0] in shown.stdout


def test_broker_and_database_do_not_see_each_other(compose: dict[str, Any]) -> None:
    networks = {name: set(service["networks"]) for name, service in compose["services"].items()}
    assert not networks["broker"] & networks["database"]


def test_secrets_are_their_owners_only_and_stay_when_made_again(made: Path) -> None:
    assert stat.S_IMODE(made.stat().st_mode) == 0o700
    before = {path.name: path.read_bytes() for path in made.iterdir()}
    private = [path for path in made.iterdir() if path.name != "kafka_certificate"]
    assert {stat.S_IMODE(path.stat().st_mode) & 0o077 for path in private} == {0}
    assert secrets.make(made) == []
    assert {path.name: path.read_bytes() for path in made.iterdir()} == before


def test_secrets_are_never_committed() -> None:
    ignored = subprocess.run(["git", "check-ignore", "-q", "deploy/secrets/kafka_broker"], cwd=ROOT)
    assert ignored.returncode == 0


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A PostgreSQL of its own: the roles are of the whole server."""
    with tempfile.TemporaryDirectory(prefix="rollbook-compose-", dir=DISK) as folder, Server(Path(folder)) as made:
        yield made


def test_the_database_s_roles_found_a_ledger_and_write_to_it(server: Server, made: Path, tmp_path: Path) -> None:
    with psycopg.connect(host=server.host, dbname="postgres", user="postgres", autocommit=True) as superuser:
        superuser.execute("CREATE DATABASE rollbook")
    surroundings = os.environ | {"PGHOST": server.host, "SECRETS": str(made)}
    done = subprocess.run(
        ["sh", str(DEPLOY / "database" / "roles.sh")], env=surroundings, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    for role in ("rollbook_owner", "rollbook_writer"):
        server.require_password(role)

    def passwords(role: str) -> str:
        """As compose gives them, for a server that is elsewhere."""
        file = tmp_path / role
        file.write_text((made / role).read_text("utf-8").replace("database:5432", "*:*"), "utf-8")
        file.chmod(0o600)
        return str(file)

    def rollbook(role: str, *arguments: str) -> Any:
        with pytest.MonkeyPatch.context() as patched:
            patched.setenv("PGPASSFILE", passwords(role))
            return CliRunner().invoke(app, ["--home", str(tmp_path / "home"), *arguments], prog_name="rollbook")

    database = f"postgresql://rollbook_owner@/rollbook?host={server.host}"
    founded = rollbook(
        "pgpass_owner", "init", "--profile=server", "--authority=805", "--name=Hartlepool", f"--database={database}"
    )
    assert founded.exit_code == 0, founded.stderr
    place = (
        "place",
        "add",
        "--laestab",
        "8052001",
        "--urn",
        "100001",
        "--name",
        "Marram Primary",
        "--phase",
        "primary",
    )
    assert rollbook("pgpass", *place).exit_code == 0
    assert "Marram Primary" in rollbook("pgpass", "status").stdout
