"""A home: the folder of one ledger, and the only place where stores, keys and profiles are wired together."""

from __future__ import annotations

import os
import shutil
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tomli_w
from eventsourcing.persistence import PersistenceError

from console.problems import Refused
from domain.ledger.keystore import KeyStore
from domain.ledger.ledger import Founding, Ledger, found
from domain.ledger.sqlite_store import Datastore, SQLiteStore, open_sqlite
from domain.ledger.store import Store
from evidence.format_one import FORMAT_1_SHA256
from evidence.signing_keys import SIGNING_KEY_FILE, check_origin, load_signing_keys, make_keys

if TYPE_CHECKING:
    from console.server import Server

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
    server: Server | None = None
    """Of the server profile: where its PostgreSQL is, and its roles."""
    demo: bool = False
    """Made by `rollbook demo`, which may replace it."""
    kafka: dict[str, Any] = field(default_factory=dict)
    """Where its broker is: the table [kafka], written by whoever runs it."""


@dataclass(frozen=True, slots=True)
class Made:
    """What founding a ledger gives back."""

    settings: Settings
    founding: Founding
    recovery_text: str
    """The recovery key: shown once, stored nowhere."""


@dataclass(frozen=True, slots=True)
class SetUp:
    """What setting up the server profile gives back."""

    made: Made | None
    """Nothing where the home's ledger was founded before."""
    settings: Settings
    did: list[str]
    """What was done in the database; nothing where there was nothing to do."""
    left: list[str]
    """What somebody with more rights has to do."""


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
            server = None if said["profile"] != "server" else _server_module().server_of(said)
            return Settings(
                said["profile"], said["origin"], server, bool(said.get("demo", False)), dict(said.get("kafka", {}))
            )
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
        clock: str = "system",
        origin: str | None = None,
        demo: bool = False,
    ) -> Made:
        """Found a ledger here, in a file: keys, key store, event store, settings. All of it, or nothing is left behind.

        Refuses a folder that holds anything already.
        """
        origin = self._origin(la_code, origin)
        is_new = self._begin()
        try:
            with _closing(open_sqlite(self.ledger_file)) as store:
                founding, text = self._found(store, la_code=la_code, name=name, clock=clock, origin=origin)
            settings = Settings("embedded", origin, None, demo)
            self._write(settings)
        except BaseException:
            self._unmake(is_new)
            raise
        return Made(settings, founding, text)

    def set_up(
        self,
        database: str,
        *,
        la_code: str,
        name: str,
        clock: str = "system",
        origin: str | None = None,
        schema: str | None = None,
        writer: str | None = None,
        reader: str | None = None,
    ) -> SetUp:
        """Found a ledger in PostgreSQL, or bring the database of this home's ledger up to date; as the tables' owner.

        Refuses a database that holds another ledger, and a home whose ledger is elsewhere: nothing is changed then.
        """
        known = self.settings if (self.path / SETTINGS_FILE).exists() else None
        if known is not None and known.server is None:
            raise Refused(f"The ledger in {self.path} is of the {known.profile} profile; give another --home.")
        module = _server_module()
        kept = {} if known is None or known.server is None else known.server.as_settings()
        for option, said in (("schema", schema), ("writer", writer), ("reader", reader)):
            if kept and said and said != kept[option]:
                raise Refused(f"{self.path / SETTINGS_FILE} says that the {option} is {kept[option]}, not {said}.")
        server, owner = module.asked_for(
            database,
            schema=schema or kept.get("schema"),
            writer=writer or kept.get("writer"),
            reader=reader or kept.get("reader"),
        )
        origin = origin if known is not None else self._origin(la_code, origin)
        with module.as_owner(server, owner) as owned:
            there = owned.founding()
            if known is not None:
                self._require_same(server, there, la_code=la_code, name=name, clock=clock, origin=origin)
                return SetUp(None, known, *owned.set_up())
            if there is not None:
                raise Refused(
                    f"The {server.called} holds a ledger already, {there['origin']} of {there['name']}, and its keys "
                    "are in the home where it was founded: use that home, or give another --schema or --database."
                )
            is_new = self._begin()
            did: list[str] = []
            try:
                settings = Settings("server", str(origin), server)
                did, left = owned.set_up()
                self._write(settings)  # before the founding: what is in the database cannot be unmade with the home
                with _closing(owned.open()) as store:
                    founding, text = self._found(store, la_code=la_code, name=name, clock=clock, origin=str(origin))
            except BaseException:
                if not _may_be_founded(owned):
                    self._unmake(is_new)
                raise
        return SetUp(Made(settings, founding, text), settings, did, left)

    @staticmethod
    def _origin(la_code: str, origin: str | None) -> str:
        return check_origin(origin or f"rollbook.local/authority-{la_code}/1")

    def _begin(self) -> bool:
        """An empty folder for the owner only; True if it had to be made. Refuses one that holds anything."""
        if self.path.exists() and (not self.path.is_dir() or any(self.path.iterdir())):
            raise Refused(f"{self.path} exists already and is not empty; give another --home.")
        is_new = not self.path.exists()
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.path.chmod(0o700)
        return is_new

    def _found(self, store: Store, *, la_code: str, name: str, clock: str, origin: str) -> tuple[Founding, str]:
        """Make the keys and the first entries; the founding, and the recovery key as text."""
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
        with KeyStore.create(self.path / KEYS_FILE) as key_store:
            found(store, key_store, founding)
        return founding, keys.recovery_text

    def _require_same(self, server: Server, there: dict[str, Any] | None, **asked: str | None) -> None:
        """Refuse a database that does not hold this home's ledger, and options that say something else of it."""
        if there is None:
            raise Refused(
                f"The {server.called} holds no ledger, but {self.path} has the keys of one: name its database, put its "
                "backup there, or, if init was cut off before it ended, remove that folder and begin again."
            )
        if there["log_key"] != load_signing_keys(self.path, self.settings.origin).log_key:
            raise Refused(
                f"The {server.called} holds the ledger {there['origin']}, which is not that of {self.path}; name the "
                "right one."
            )
        for option, said in asked.items():
            if said is not None and there[option] != said:
                what = "authority" if option == "la_code" else option
                raise Refused(f"The ledger was founded with --{what} {there[option]!r}, which cannot become {said!r}.")

    def _write(self, settings: Settings) -> None:
        """Write `rollbook.toml`: then there is a ledger here."""
        said: dict[str, Any] = {"profile": settings.profile, "origin": settings.origin}
        if settings.server is not None:
            said |= settings.server.as_settings()
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
        with self._open(read_only=True) as ledger:
            yield ledger

    @contextmanager
    def writing(self) -> Iterator[Ledger]:
        """The ledger, to write to. Keys that no entry came to need within a day are swept first."""
        with self._open(read_only=False) as ledger:
            ledger.keys.sweep_orphans(_in_use(ledger.store), ORPHANED_AFTER)
            yield ledger

    @contextmanager
    def _open(self, *, read_only: bool) -> Iterator[Ledger]:
        settings = self.settings
        store: Store
        if settings.profile == "embedded":
            if not self.ledger_file.exists():
                raise Refused(f"The ledger's file {self.ledger_file} is missing; put its backup there.")
            store = SQLiteStore(Datastore(self.ledger_file))
        elif settings.server is not None:
            store = settings.server.open(read_only=read_only)
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
    # Up to the least character that may follow in a name; PostgreSQL has no NUL.
    return lambda owners: {owner for owner in owners if store.stream_names(owner, owner + "\x01")}


def _server_module() -> Any:
    """The server profile, with the drivers that only it needs."""
    try:
        from console import server
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] not in ("psycopg", "psycopg_pool"):
            raise
        raise Refused("The server profile needs the drivers of PostgreSQL: pip install 'rollbook[server]'.") from None
    return server


def _may_be_founded(owned: Any) -> bool:
    """Whether the ledger may be in the database after all: then its keys must stay."""
    try:
        return owned.founding() is not None
    except PersistenceError:
        return True
