"""Facts and answers in PostgreSQL, in the ledger's own database: analysts go on reading whatever the projector does.

What a refresh changes becomes visible at its commit. What is made anew is made in schemas beside, and put in place of
the old in one transaction, with the views, comments and grants that stand on it (reference/sql.md 1, change 16). A
crash at any moment leaves what was published, whole.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import polars as pl
import psycopg
from eventsourcing.persistence import OperationalError
from psycopg.rows import tuple_row
from psycopg.sql import SQL, Identifier

from domain.ledger.postgres_connection import ConnectionLost, connect
from projections.answers import Answer
from projections.engines import postgres_analyst, postgres_facts, postgres_refresh, postgres_state, postgres_views
from projections.engines.engine import Change, State
from projections.engines.postgres_hands import HANDS, Hands
from projections.engines.postgres_layout import Layout, require_ready
from projections.engines.postgres_refresh import Steps, by_bytes, raw
from projections.facts.tables import DICTIONARIES, TABLES, Table

LOCK_WAIT: Final = "800ms"
"""How long a swap waits for a reader's transaction to end. Readers that come later wait behind it: so it gives up soon,
before PostgreSQL looks for deadlocks, and tries again."""
PAUSES: Final = (0.2, 0.5, 1, 2, 5, 5, 10, 10, 30, 30, 60, 60)
"""Seconds between attempts: some four minutes, longer than an idle analyst's transaction may last."""

SETTINGS: Final = (
    "SET client_min_messages = error",
    "SET TimeZone = 'UTC'",
    "SET DateStyle = 'ISO'",
    "SET jit = off",
    "SET work_mem = '256MB'",
    "SET maintenance_work_mem = '1GB'",
    # Of rows that worker processes hand over: a tenth of the default, which kept the largest scans on one core.
    "SET parallel_tuple_cost = 0.01",
)

MADE_BY: Final = hashlib.sha256(
    b"".join(Path(str(module.__file__)).read_bytes() for module in (postgres_views, postgres_analyst, postgres_state))
).hexdigest()
"""By which texts the views were made: another version of Rollbook makes them again."""

log = logging.getLogger(__name__)


class AnswersInUse(RuntimeError):
    """Another projector is at work."""


class ReadersInTheWay(OperationalError):
    """A reader's transaction stayed open for longer than a swap waits; the old answers stand."""


class PostgresEngine:
    """The projector's hands on the schemas of a database; see `Engine` for what each method promises.

    With `anew`, everything is loaded and made in schemas beside, and `publish` puts it in place of what stands; else
    work begins on what stands. Refused: a database in which another projector works (AnswersInUse), or that was not
    set up for answers (NotReady).
    """

    def __init__(
        self,
        conninfo: str,
        answers: Mapping[str, Answer],
        layout: Layout | None = None,
        tables: Mapping[str, Table] = TABLES,
        *,
        user: str | None = None,
        anew: bool = False,
        simulated: bool = False,
    ) -> None:
        """`answers` are all that there are; `simulated`: the ledger's clock is, so "now" is its last entry's."""
        self._layout = layout = layout or Layout()
        self._answers = answers
        self._tables = tables
        self._anew = anew
        self._fact = layout.fact_new if anew else layout.fact
        self._made: set[str] = set()
        self._viewed: set[str] = set()
        self._inline: dict[str, Answer] = {}
        self._dropped: set[str] = set()
        self._settled = False
        self._hands: Hands | None = None
        self._connection = connect(conninfo, user)
        try:
            self._cursor = self._connection.cursor(row_factory=tuple_row)
            self._steps = Steps(self._cursor)
            require_ready(self._connection, layout)
            self._alone()
            for setting in SETTINGS:
                self._run(setting)
            self._begin(simulated)
            self._by_bytes = postgres_views.all_by_bytes(self._cursor, self._fact, *([] if anew else [layout.ans]))
            if anew:
                self._hands = self._more_hands(conninfo, user)
        except BaseException:
            self.close()
            raise

    def _alone(self) -> None:
        """Only one projector: the lock goes with the connection, however that ends, but the server may take a moment
        to see that it did."""
        for pause in (0.05, 0.1, 0.2, 0.4, 0.8, None):
            if self.rows("SELECT pg_try_advisory_lock(hashtextextended(%s, 1))", [self._held])[0][0]:
                self._after_the_last()
                return
            if pause:
                time.sleep(pause)
        raise AnswersInUse(
            f"Another process works on the answers of the schema {self._layout.ledger}: let it end, or stop it"
        )

    def _after_the_last(self) -> None:
        """Wait until the server has seen that the sessions of a projector that was killed are gone."""
        try:
            with self._connection.transaction():
                self._run("SET LOCAL lock_timeout = '30s'")
                self.rows("SELECT pg_advisory_xact_lock(hashtextextended(%s, 2))", [self._held])
        except psycopg.errors.LockNotAvailable:
            raise AnswersInUse(
                f"A projector of the schema {self._layout.ledger} was stopped, and PostgreSQL still works for it: try"
                " again in a minute"
            ) from None

    @property
    def _held(self) -> str:
        return f"project {self._layout.ledger}"

    def _more_hands(self, conninfo: str, user: str | None) -> Hands:
        connections: list[psycopg.Connection[Any]] = []
        try:
            for _ in range(HANDS):
                connections.append(connect(conninfo, user))
                for setting in SETTINGS:
                    connections[-1].execute(raw(setting))
            return Hands(connections, self._held)
        except BaseException:
            for connection in connections:
                connection.close()
            raise

    def _begin(self, simulated: bool) -> None:
        """Remove what a stopped rebuild left, and make what is missing."""
        layout = self._layout
        with self._connection.transaction():
            postgres_views.drop_views(self._cursor, layout.ans_new, layout.fact_new)
            postgres_views.drop_tables(self._cursor, layout.ans_new, layout.fact_new)
            if self._anew or not self._has_facts():
                postgres_facts.make_tables(
                    self._cursor, self._fact, self._tables, postgres_views.LEFT_ALONE if self._anew else ""
                )
                postgres_state.make(self._cursor, self._fact, simulated=simulated)
            if self._anew or not self._stands("asked"):
                postgres_views.make_asked(self._cursor, layout.ans_new if self._anew else layout.ans, self._fact)
        self._run_sql(
            SQL("SET search_path = {}").format(
                SQL(", ").join(
                    map(Identifier, (layout.ans_new, self._fact) if self._anew else (layout.ans, layout.fact))
                )
            )
        )

    def _has_facts(self) -> bool:
        return bool(
            self.rows("SELECT to_regclass(%s) IS NOT NULL", [postgres_views.standing(self._fact, "reached")])[0][0]
        )

    def _stands(self, name: str) -> bool:
        there = self.rows("SELECT to_regclass(%s) IS NOT NULL", [postgres_views.standing(self._layout.ans, name)])
        return bool(there[0][0])

    def close(self) -> None:
        """Let go; what was not published of a rebuild is removed by the next projector."""
        if self._hands:
            self._hands.close()
        self._connection.close()

    def state(self) -> State:
        """How far it is. Facts in another order than theirs are of another definition: they must be read again."""
        state = postgres_state.read(self._cursor, self._fact)
        return state if self._by_bytes else replace(state, facts="")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        # Anew, each statement is for good: nobody sees any before all are put in place, and the hands must.
        whole: AbstractContextManager[Any] = nullcontext() if self._anew else self._connection.transaction()
        try:
            with whole:
                yield
                if self._hands:
                    self._hands.finish()
                if not self._anew and (self._made or self._dropped or self._views_outdated()):
                    self._steps.forget()
                    self._swap()
        except psycopg.OperationalError as error:
            self._steps.lost()
            if not (self._connection.broken or (self._hands and self._hands.lost)):
                raise
            raise ConnectionLost(
                "The connection to PostgreSQL was lost; the answers that stood stand. Run the same command again."
            ) from error
        except BaseException:
            self._steps.lost()
            raise
        finally:
            if not self._anew:
                self._clear()

    def _views_outdated(self) -> bool:
        """Whether views stand that another version of Rollbook made, over answers that are all there."""
        state = self.state()
        kept = self.rows(f"SELECT views FROM {postgres_views.standing(self._fact, 'reached')}")[0][0]  # noqa: S608
        return bool(state.built) and kept != MADE_BY

    def _clear(self) -> None:
        self._made.clear()
        self._viewed.clear()
        self._dropped.clear()

    def append(self, frames: Mapping[str, pl.DataFrame]) -> None:
        rows = postgres_facts.copy(self._cursor, self._fact, frames, self._tables)
        log.debug("%d rows of facts", rows)
        if rows > postgres_facts.CHUNK:
            self._settled = False

    def put_rules(self, frames: Mapping[str, pl.DataFrame]) -> None:
        for name in frames:
            self._run_sql(SQL("DELETE FROM {}").format(Identifier(self._fact, name)))
        self.append(frames)
        for name in frames:
            self._run_sql(SQL("ANALYZE {}").format(Identifier(self._fact, name)))

    def save(self, state: State) -> None:
        postgres_state.save(self._cursor, self._fact, state)

    def new_rows(self, table: str, after: int) -> Change | None:
        counted_by = Identifier("first_position" if table in DICTIONARIES else "position")
        rows = SQL("SELECT * FROM {} WHERE {} > {}").format(Identifier(self._fact, table), counted_by, after)
        if not self._cursor.execute(SQL("SELECT EXISTS ({})").format(rows)).fetchall()[0][0]:
            return None
        self._settle()
        return Change(self._steps.table(rows), frozenset(self._tables[table].names))

    def rebuild(self, answer: Answer, told: Callable[[str], None] = lambda _: None) -> None:
        self._settle()
        new = Identifier(self._layout.ans_new, answer.name)
        if answer.name in self._made:
            if self._hands:
                self._hands.finish()
            self._run_sql(SQL("DROP {} IF EXISTS {} CASCADE").format(raw(answer.kind.upper()), new))
        self._made.add(answer.name)
        self._dropped.discard(answer.name)
        if answer.kind == "view":
            told(answer.name)
            self._viewed.discard(answer.name)
            return
        make = (
            SQL("CREATE TABLE {}{} AS {}").format(
                new, SQL(postgres_views.LEFT_ALONE if self._anew else ""), raw(answer.pointed(self._where))
            ),
            by_bytes(postgres_views.standing(self._layout.ans_new, answer.name)),
            SQL("ANALYZE {}").format(new),
        )
        indexes = postgres_facts.indexes(self._layout.ans_new, answer.name, self._answers)
        if self._hands:
            self._hands.make(answer.name, make, needs=self._stored_below(answer), later=indexes, told=told)
        else:
            told(answer.name)
            for statement in (*make, *indexes):
                self._run_sql(statement)

    def _stored_below(self, answer: Answer) -> Iterator[str]:
        """The stored answers that it reads, itself or through views."""
        for name in answer.inputs:
            if name in self._answers:
                if self._answers[name].kind == "view":
                    yield from self._stored_below(self._answers[name])
                else:
                    yield name

    def refresh(
        self, answer: Answer, by: Sequence[str], changes: Sequence[Change], views: Mapping[str, Answer]
    ) -> Change | None:
        self._settle()
        source = postgres_refresh.Source(self._where, self._columns, dict(self._inlined(answer, views)))
        return postgres_refresh.refresh(self._cursor, self._steps, answer, by, changes, source)

    def _inlined(self, answer: Answer, views: Mapping[str, Answer]) -> Iterator[tuple[str, Answer]]:
        """The views that it reads, itself or through others, as their text is put into another: compared by bytes."""
        for name in answer.inputs:
            if name in views:
                if name not in self._inline:
                    around = postgres_views.by_bytes_around(postgres_views.columns_of(self._cursor, self._where(name)))
                    self._inline[name] = views[name].within(*around)
                yield name, self._inline[name]
                yield from self._inlined(views[name], views)

    def keys(self, by: Sequence[str], changes: Sequence[Change]) -> Change:
        return Change(self._steps.keys(by, changes).relation, frozenset(by))

    def drop(self, name: str) -> None:
        self._dropped.add(name)

    def forget(self) -> None:
        self._steps.forget()

    def rows(self, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        return self._cursor.execute(raw(statement), list(parameters)).fetchall()

    def publish(self) -> None:
        """Of a rebuild: put it in the place of what stands. Else there is nothing to do: the commit was all."""
        if not self._anew:
            return
        if self._hands:
            self._hands.finish()
            self._hands.close()
            self._hands = None
        with self._connection.transaction():
            self._swap()
        self._anew = False
        self._fact = self._layout.fact
        self._clear()
        self._run_sql(
            SQL("SET search_path = {}, {}").format(Identifier(self._layout.ans), Identifier(self._layout.fact))
        )

    def _where(self, name: str) -> str:
        """Where a fact or answer stands for the work under way."""
        if name in self._tables:
            schema = self._fact
            if name == "asked":
                schema = self._layout.ans_new if self._anew else self._layout.ans
            return postgres_views.standing(schema, name)
        if not self._anew and not self._made:
            return postgres_views.standing(self._layout.ans, name)
        if self._answers[name].kind == "view" and name not in self._viewed:
            # Made when first read: what it reads was made anew by then, if it is at all.
            if self._hands:
                self._hands.wait(self._stored_below(self._answers[name]))
            text = self._answers[name].pointed(self._where)
            self._made.add(name)
            self._viewed.add(name)
            postgres_views.make_answer_view(self._cursor, self._layout.ans_new, name, text)
        schema = self._layout.ans_new if name in self._made else self._layout.ans
        return postgres_views.standing(schema, name)

    def _columns(self, name: str) -> Collection[str]:
        return self._tables[name].names if name in self._tables else self._answers[name].columns

    def _settle(self) -> None:
        """After much was loaded: the indexes that are missing, and what the planner must know."""
        if not self._settled:
            later = self._hands.later if self._hands else None
            postgres_facts.settle(self._cursor, self._fact, self._answers, self._tables, later)
            self._settled = True

    def _swap(self) -> None:
        """Put what was made anew in the place of what stands, with all views; tried again while readers hold on."""
        for pause in (*PAUSES, None):
            try:
                with self._connection.transaction():
                    self._run(f"SET LOCAL lock_timeout = '{LOCK_WAIT}'")
                    self._put_in_place()
            except psycopg.errors.LockNotAvailable:
                if pause is None:
                    raise ReadersInTheWay(
                        "A reader's transaction has been open for minutes, so the new answers could not take the"
                        " place of the old, which stand; end it, and run this again"
                    ) from None
                log.info("A reader's transaction is in the way; again in %.1f s", pause)
                time.sleep(pause)
            else:
                return

    def _put_in_place(self) -> None:
        layout, cursor = self._layout, self._cursor
        postgres_views.drop_views(
            cursor, layout.analyst, layout.asat_within, layout.asat, layout.guard, layout.ans,
            layout.ans_new,
        )  # fmt: skip
        if self._anew:
            postgres_views.look_after(cursor, layout.fact_new, layout.ans_new)
            postgres_views.drop_tables(cursor, layout.ans, layout.fact)
            postgres_views.move_tables(cursor, layout.fact_new, layout.fact)
        else:
            for name in sorted(self._made | self._dropped):
                self._run_sql(SQL("DROP TABLE IF EXISTS {}").format(Identifier(layout.ans, name)))
        postgres_views.move_tables(cursor, layout.ans_new, layout.ans)
        postgres_views.make_asked(cursor, layout.ans, layout.fact)
        postgres_views.make_answer_views(cursor, layout, self._answers, self._tables)
        postgres_views.make_as_at(cursor, layout, self._tables)
        if self._tables is TABLES:
            postgres_analyst.make(cursor, layout, self._answers.values())
        cursor.execute(SQL("UPDATE {} SET views = %s").format(Identifier(layout.fact, "reached")), (MADE_BY,))

    def _run(self, statement: str) -> None:
        self._cursor.execute(raw(statement))

    def _run_sql(self, statement: Any) -> None:
        self._cursor.execute(statement)
