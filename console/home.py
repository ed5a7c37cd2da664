"""A home: the folder of one ledger, and the only place where stores, keys and profiles are wired together."""

from __future__ import annotations

import os
import shutil
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomli_w

from console.problems import Refused
from domain.ledger.keystore import KeyStore
from domain.ledger.ledger import Founding, Ledger, found
from domain.ledger.sqlite_store import Datastore, SQLiteStore, open_sqlite
from domain.ledger.store import Store
from evidence.format_one import FORMAT_1_SHA256
from evidence.signing_keys import SIGNING_KEY_FILE, check_origin, make_keys

SETTINGS_FILE = "rollbook.toml"
LEDGER_FILE = "ledger.sqlite"
KEYS_FILE = "keys.sqlite"
PROFILES = ("embedded", "server")
CLOCKS = ("system", "simulated")
INDEX_BITS = 16
ORPHANED_AFTER = 24 * 60 * 60
"""Seconds after which a key that no entry came to need is swept."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What `rollbook.toml` says."""

    profile: str
    origin: str
    connection: str | None = None
    """Of the server profile: where its PostgreSQL is, as libpq reads it."""
    demo: bool = False
    """Made by `rollbook demo`, which may replace it."""


@dataclass(frozen=True, slots=True)
class Made:
    """What founding a ledger gives back."""

    settings: Settings
    founding: Founding
    recovery_text: str
    """The recovery key: shown once, stored nowhere."""


class Home:
    """One ledger's folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def ledger_file(self) -> Path:
        """The event store of the embedded profile."""
        return self.path / LEDGER_FILE

    @property
    def settings(self) -> Settings:
        """What the home says of itself. Refuses a folder that holds no ledger."""
        try:
            with (self.path / SETTINGS_FILE).open("rb") as file:
                said = tomllib.load(file)
            return Settings(said["profile"], said["origin"], said.get("connection"), bool(said.get("demo", False)))
        except FileNotFoundError:
            raise Refused(
                f"There is no ledger in {self.path}; make one with rollbook init, or name its home with --home."
            ) from None
        except (tomllib.TOMLDecodeError, KeyError, NotADirectoryError) as error:
            raise Refused(f"The file {self.path / SETTINGS_FILE} cannot be read as settings: {error}.") from None

    # --- making

    def make(
        self,
        *,
        la_code: str,
        name: str,
        profile: str = "embedded",
        clock: str = "system",
        origin: str | None = None,
        connection: str | None = None,
        demo: bool = False,
    ) -> Made:
        """Found a ledger here: keys, key store, event store, settings. All of it, or nothing is left behind.

        Refuses a folder that holds anything already.
        """
        origin = check_origin(origin or f"rollbook.local/authority-{la_code}/1")
        if self.path.exists() and (not self.path.is_dir() or any(self.path.iterdir())):
            raise Refused(f"{self.path} exists already and is not empty; give another --home.")
        is_new = not self.path.exists()
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.path.chmod(0o700)
        try:
            keys = make_keys(self.path, origin)
            founding = Founding(
                origin=origin,
                authority=os.urandom(16),
                la_code=la_code,
                name=name,
                log_key=keys.signing.log_key,
                ml_dsa_key=keys.signing.ml_dsa_key,
                recovery_key=keys.recovery_key,
                index_bits=INDEX_BITS,
                clock=clock,
                format_sha256=FORMAT_1_SHA256,
            )
            settings = Settings(profile, origin, connection, demo)
            with KeyStore.create(self.path / KEYS_FILE) as key_store, _closing(self._new_store(settings)) as store:
                found(store, key_store, founding)
            self._write(settings)
        except BaseException:
            self._unmake(is_new)
            raise
        return Made(settings, founding, keys.recovery_text)

    def _new_store(self, settings: Settings) -> Store:
        if settings.profile == "embedded":
            return open_sqlite(self.ledger_file)
        return _postgres(settings.connection, create=True)

    def _write(self, settings: Settings) -> None:
        """Write `rollbook.toml` last: only then is there a ledger here."""
        said: dict[str, Any] = {"profile": settings.profile, "origin": settings.origin}
        if settings.connection is not None:
            said["connection"] = settings.connection
        if settings.demo:
            said["demo"] = True
        path = self.path / SETTINGS_FILE
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            tomli_w.dump(said, file)
            file.flush()
            os.fsync(file.fileno())

    def _unmake(self, is_new: bool) -> None:
        for path in self.path.iterdir():
            if path.name.startswith((SIGNING_KEY_FILE, LEDGER_FILE, KEYS_FILE, SETTINGS_FILE)):
                path.unlink()
        if is_new:
            with suppress(OSError):
                self.path.rmdir()

    def remove_demo(self) -> None:
        """Remove what an earlier demo made. Refuses whatever is not marked as a demo."""
        if not self.path.exists() or not any(self.path.iterdir()):
            return
        if not (self.path / SETTINGS_FILE).exists() or not self.settings.demo:
            raise Refused(f"{self.path} holds something that is no demo, so it is left alone; give another --home.")
        shutil.rmtree(self.path)

    # --- opening

    @contextmanager
    def reading(self) -> Iterator[Ledger]:
        """The ledger, to read from."""
        with self._open() as ledger:
            yield ledger

    @contextmanager
    def writing(self) -> Iterator[Ledger]:
        """The ledger, to write to. Keys that no entry came to need within a day are swept first."""
        with self._open() as ledger:
            ledger.keys.sweep_orphans(_in_use(ledger.store), ORPHANED_AFTER)
            yield ledger

    @contextmanager
    def _open(self) -> Iterator[Ledger]:
        settings = self.settings
        store: Store
        if settings.profile == "embedded":
            if not self.ledger_file.exists():
                raise Refused(f"The ledger's file {self.ledger_file} is missing; put its backup there.")
            store = SQLiteStore(Datastore(self.ledger_file))
        elif settings.profile == "server":
            store = _postgres(settings.connection, create=False)
        else:
            raise Refused(f"There is no profile {settings.profile}; {SETTINGS_FILE} may say {' or '.join(PROFILES)}.")
        with _closing(store), KeyStore.open(self.path / KEYS_FILE) as keys:
            yield Ledger(store, keys)


@contextmanager
def _closing(store: Store) -> Iterator[Store]:
    try:
        yield store
    finally:
        store.close()


def _in_use(store: Store) -> Callable[[list[str]], set[str]]:
    """Which of these owners of keys are there: an owner is a stream."""
    return lambda owners: {owner for owner in owners if store.stream_names(owner, owner + "\0")}


def _postgres(connection: str | None, *, create: bool) -> Store:
    if not connection:
        raise Refused("The server profile needs --connection postgresql://user@host/database.")
    try:
        from psycopg import ProgrammingError
        from psycopg.conninfo import conninfo_to_dict

        from domain.ledger.postgres_store import open_postgres
    except ModuleNotFoundError:
        raise Refused("The server profile needs the drivers of PostgreSQL: pip install 'rollbook[server]'.") from None
    try:
        said = conninfo_to_dict(connection)
    except ProgrammingError:
        raise Refused("The connection cannot be read; write postgresql://user@host/database.") from None
    for needed in ("dbname", "host", "user"):
        if not said.get(needed):
            raise Refused(f"The connection names no {needed}; write postgresql://user@host/database.")
    return open_postgres(
        dbname=str(said["dbname"]),
        host=str(said["host"]),
        port=str(said.get("port") or 5432),
        user=str(said["user"]),
        password=str(said.get("password") or ""),
        create=create,
    )
