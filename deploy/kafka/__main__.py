"""`python -m deploy.kafka start|stop|kill|wipe|status|install`: the development broker, by hand."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Annotated

import typer

from deploy.kafka.broker import Broker, BrokerError, User, install

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)
Home = Annotated[Path, typer.Option(help="The folder that holds the broker's data, settings and log.")]
HERE = Path("kafka-data")


def _broker(home: Path, port: int = 0) -> Broker:
    stated = home / "users"
    users = [line.partition(" ") for line in stated.read_text().splitlines()] if stated.exists() else []
    return Broker(home, port, tuple(User(name, password) for name, _, password in users))


@app.command()
def start(
    home: Home = HERE,
    port: Annotated[int, typer.Option(help="0: a free one, and the same again next time.")] = 0,
    user: Annotated[
        list[str] | None,
        typer.Option(help="Secure it with TLS, passwords and ACLs, for this user; the first is its administrator."),
    ] = None,
) -> None:
    """Start the broker (the first time, make it); say where it listens."""
    if user and not (home / "users").exists():
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        (home / "users").touch(mode=0o600)
        (home / "users").write_text("".join(f"{name} {secrets.token_urlsafe(16)}\n" for name in user))
    broker = _broker(home, port)
    broker.start()
    print(f"Kafka listens on {broker.bootstrap} (process {broker.process_id}; log in {home / 'broker.log'}).")
    if broker.users:
        print(f"TLS and SCRAM-SHA-256: trust {broker.certificate}; passwords are in {home / 'users'}.")


@app.command()
def stop(home: Home = HERE) -> None:
    """Stop it in order."""
    _broker(home).stop()


@app.command()
def kill(home: Home = HERE) -> None:
    """SIGKILL, as a crash would."""
    _broker(home).kill()


@app.command()
def wipe(home: Home = HERE) -> None:
    """Kill it and remove all that it kept."""
    _broker(home).wipe()


@app.command()
def status(home: Home = HERE) -> None:
    """Say whether it runs; exit 1 if not."""
    process = _broker(home).process_id
    print(f"Kafka runs (process {process})." if process else f"No Kafka runs in {home}.")
    raise typer.Exit(0 if process else 1)


@app.command("install")
def bring() -> None:
    """Bring the jars from Maven Central, once."""
    print(f"Kafka's jars are in {install()}.")


if __name__ == "__main__":
    try:
        app()
    except BrokerError as error:
        typer.echo(str(error), err=True)
        raise SystemExit(1) from error
