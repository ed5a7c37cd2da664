"""The verb `sql`: a `select` of somebody's own over facts and answers, read only and locked down; and `answers`, which
says what there is to select from.

Embedded: a session with the published file that can open no other file, load nothing and change no setting, within a
limit of memory and time (reference/sql.md 7). Server: the same names, in a transaction that reads; or an analyst's own
login, who sees in the analysts' views what the guard of the views lets that login see.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import polars as pl
import typer

from console import say
from console.answering import (
    MAY_LACK,
    AuthorityOption,
    NoCatchUp,
    Out,
    PlaceOption,
    Shown,
    Wanted,
    WantedOption,
    as_data,
    asking,
    show,
    wanted_of,
)
from console.home import Home
from console.options import AsAt, AskedFor, JsonFlag, home_of
from console.problems import Misused, Refused
from projections import answers as made
from projections.facts.tables import TABLES
from projections.locked import CHARACTERISTICS, NotTaken, OutOfReach, guarded, names_read, only_select
from projections.questions import hidden_pupils, places_about

if TYPE_CHECKING:
    from projections.answers import Answer

SECONDS: Final = 60.0
MEMORY: Final = "2GB"
TOO_LONG: Final = "It took longer than {:g} seconds and was stopped; ask for less, or give --seconds."
SPILL: Final = "4GB"
"""Of temporary files, where a question needs more than memory."""
AS_IT_IS: Final = (
    "BIGINT INTEGER SMALLINT TINYINT UBIGINT UINTEGER USMALLINT UTINYINT DOUBLE FLOAT BOOLEAN DATE TIMESTAMP VARCHAR"
)
CASTS: Final = {**dict.fromkeys(AS_IT_IS.split(), ""), "HUGEINT": "bigint", "UHUGEINT": "ubigint"}
"""What becomes of a column, by DuckDB's name of its type; of others, text."""


def sql_verb(
    context: typer.Context,
    statement: Annotated[str, typer.Argument(metavar="SELECT", help="One select over facts and answers.")],
    as_at: AsAt = None,
    place: PlaceOption = None,
    authority: AuthorityOption = None,
    for_: AskedFor = None,
    login: Annotated[
        str | None,
        typer.Option("--login", metavar="ROLE", help="Server profile: ask as this analyst (rollbook server)."),
    ] = None,
    characteristics: Annotated[
        bool, typer.Option("--characteristics", help="You are one of those who may see characteristics.")
    ] = False,
    seconds: Annotated[float, typer.Option("--seconds", min=0.1, max=3600, help="How long it may take.")] = SECONDS,
    memory: Annotated[
        str, typer.Option("--memory", metavar="SIZE", help="How much memory it may take, such as 2GB.")
    ] = MEMORY,
    no_catch_up: NoCatchUp = False,
    format_: WantedOption = Wanted.TABLE,
    json_: JsonFlag = False,
    out: Out = None,
) -> None:
    """Ask a question of your own in SQL: one select, which may read facts and answers and do nothing else.

    Places, lines and pupils are small numbers; place_id, line_id and pupil_id lead to the ledger's ids, place_now to
    names of schools. rollbook answers says what there is.
    """
    chosen = wanted_of(format_, json_, out)
    home = home_of(context)
    try:
        text = only_select(statement)
    except NotTaken as error:
        raise Misused(str(error)) from None
    if login is not None:
        if home.settings.server is None:
            raise Misused("--login is for the server profile: the answers of this home are a file.")
        if as_at is not None or (place or authority or for_) is not None:
            raise Misused(
                "An analyst's login asks as things stand, of the places that it sees; leave out --login to ask as at a"
                " moment, or of a place."
            )
        _print(_ask_server(home, login, text, seconds), chosen, out)
        return
    try:
        mentioned = names_read(text)
    except OutOfReach as error:
        raise Refused(str(error)) from None
    except NotTaken as error:
        raise Misused(str(error)) from None
    closed = CHARACTERISTICS.intersection(mentioned)
    if closed and not characteristics:
        raise Refused(
            f"{min(closed)} is for those who may see characteristics; if you are one, say so with --characteristics."
        )
    with asking(
        home,
        as_at=as_at,
        place=place,
        authority=authority,
        for_=for_,
        no_catch_up=no_catch_up,
        data=chosen is not Wanted.TABLE,
        config=limits(memory),
    ) as asked:
        reader: Any = asked.reader
        around = guarded(
            text,
            mentioned,
            made.every(),
            asked.about.hidden,
            hidden_pupils(asked.ledger, reader),
            places_about(reader, asked.about),
        )
        if asked.may_lack:
            say.remark(MAY_LACK)
        if home.settings.server is not None:
            with _said_by_server(seconds):
                found = _as_on_a_laptop(reader.ask(around, seconds=seconds))
        else:
            reader.lock_down()
            with _in_time(reader.interrupt, seconds), _said(seconds):
                found = reader.ask(_plainly(around, reader.ask(f"describe {around}")))
        _print(found, chosen, out)


def _plainly(statement: str, columns: pl.DataFrame) -> str:
    """The statement with columns of types that a file or a table does not hold as numbers or text that it does.

    A whole sum is a whole number again; lists, intervals, bytes are as DuckDB writes them.
    """
    casts = []
    for name, type_ in columns.select("column_name", "column_type").iter_rows():
        to = "double" if type_.startswith("DECIMAL") else CASTS.get(type_, "varchar")
        if to:
            column = '"' + name.replace('"', '""') + '"'
            casts.append(f"cast({column} as {to}) as {column}")
    return f"select * replace ({', '.join(casts)}) from ({statement}) as plainly" if casts else statement  # noqa: S608


def limits(memory: str) -> dict[str, Any]:
    """What DuckDB may take of the machine for somebody's own question. Refuses a size that it cannot read."""
    number = memory.upper().removesuffix("B").rstrip("KMGTI").strip()
    if not number.replace(".", "", 1).isdigit():
        raise Misused(f"{memory!r} is no size; write 2GB or 500MB.")
    return {
        "memory_limit": memory,
        "max_temp_directory_size": SPILL,
        "autoload_known_extensions": False,
        "threads": 2,
    }


@contextmanager
def _in_time(interrupt: Any, seconds: float) -> Iterator[None]:
    """Interrupt what takes longer."""
    timer = threading.Timer(seconds, interrupt)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


@contextmanager
def _said(seconds: float) -> Iterator[None]:
    """DuckDB's errors as one sentence each."""
    import duckdb

    too_long = Refused(TOO_LONG.format(seconds))
    too_much = Refused("It needs more memory than it may take; ask for less, or give --memory.")
    try:
        yield
    except duckdb.InterruptException:
        raise too_long from None
    except duckdb.OutOfMemoryException:
        raise too_much from None
    except pl.exceptions.ComputeError as error:
        # DuckDB's own, on its way through the frame that takes the rows.
        if "interrupt" in str(error).lower():
            raise too_long from None
        if "out of memory" in str(error).lower():
            raise too_much from None
        raise
    except duckdb.Error as error:
        first = str(error).strip().splitlines()[0]
        raise Refused(f"The database did not take it: {first}") from None


def _ask_server(home: Home, login: str, statement: str, seconds: float) -> pl.DataFrame:
    """The rows of a select, asked as an analyst: in the schema of the analysts' views, in a transaction that reads."""
    from psycopg.sql import SQL, Identifier

    from projections.engines.postgres_layout import Layout

    server = home.settings.server
    assert server is not None
    with (
        server.connected(login) as connection,
        connection.cursor() as cursor,
        _said_by_server(seconds),
        connection.transaction(),
    ):
        cursor.execute("SET TRANSACTION READ ONLY")
        cursor.execute(SQL("SET LOCAL statement_timeout = {}").format(round(seconds * 1000)))
        cursor.execute(SQL("SET LOCAL search_path = {}").format(Identifier(Layout(server.schema).analyst)))
        # In parentheses, and as one statement: the extended protocol takes no more.
        cursor.execute(f"SELECT * FROM ({statement}\n) AS asked_for", (), binary=True)  # noqa: S608
        names = [column.name for column in cursor.description or ()]
        rows = [tuple(row.values()) if isinstance(row, dict) else tuple(row) for row in cursor.fetchall()]
    return _as_on_a_laptop(pl.DataFrame(rows, schema=names, orient="row", infer_schema_length=None))


def _as_on_a_laptop(found: pl.DataFrame) -> pl.DataFrame:
    """Exact decimals, which is what PostgreSQL makes of sums and means, as the numbers that DuckDB's are; and as text
    what neither a file nor a table holds."""
    columns = []
    for column in found:
        if column.dtype == pl.Decimal:
            columns.append(column.cast(pl.Int64 if (column % 1 == 0).all() else pl.Float64))
        elif column.dtype.is_nested() or column.dtype in (pl.Object, pl.Duration, pl.Time, pl.Binary):
            said = [None if value is None else str(value) for value in column.to_list()]
            columns.append(pl.Series(column.name, said, dtype=pl.String))
        else:
            columns.append(column)
    return pl.DataFrame(columns)


@contextmanager
def _said_by_server(seconds: float) -> Iterator[None]:
    """PostgreSQL's errors as one sentence each."""
    import psycopg

    try:
        yield
    except psycopg.errors.QueryCanceled:
        raise Refused(TOO_LONG.format(seconds)) from None
    except psycopg.Error as error:
        first = (str(error).strip().splitlines() or ["no reason given"])[0]
        raise Refused(f"The database did not take it: {first}") from None


def _print(found: pl.DataFrame, chosen: Wanted, out: Path | None) -> None:
    if chosen is Wanted.TABLE:
        text = found.with_columns(pl.col(pl.Decimal).cast(pl.Float64))
        numbers = {name for name, type_ in text.schema.items() if type_.is_numeric()}
        shown = text.with_columns(pl.exclude(pl.String).cast(pl.String))
        columns = [Shown(name, name, right=name in numbers) for name in shown.columns]
        show(shown, chosen, columns, none="No rows.", as_is=True)
    else:
        as_data(found, chosen, out)


# --- what there is


def answers_verb(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="One answer, fact or rule, in full: key, source, columns.")
    ] = None,
    page: Annotated[bool, typer.Option("--page", help="All of them in full, as a page in Markdown.")] = False,
    format_: WantedOption = Wanted.TABLE,
    json_: JsonFlag = False,
    out: Out = None,
) -> None:
    """Say what the answers are: each one's question, key, source in law, inputs and columns. Needs no ledger."""
    chosen = wanted_of(format_, json_, out)
    every = made.every()
    if page:
        from projections.page import page as page_of

        if name is not None or chosen is not Wanted.TABLE:
            raise Misused("--page is the whole page, in Markdown.")
        print(page_of(every), end="")
        return
    if name is None:
        rows = [
            {"name": answer.name, "kind": answer.kind, "question": answer.question, "key": ", ".join(answer.key)}
            for answer in every.values()
        ]
        show(
            pl.DataFrame(rows).sort("name"),
            chosen,
            [Shown("name", "Answer"), Shown("question", "Question", keep=False)],
            out=out,
            as_is=True,
        )
        if chosen is Wanted.TABLE:
            say.line("One in full: rollbook answers NAME. Facts and rules too, such as mark, line, code_rule.", "dim")
        return
    wanted = name.strip().lower()
    if wanted in every:
        found = pl.DataFrame([{"column": c, "says": says} for c, says in every[wanted].columns.items()])
        if chosen is Wanted.TABLE:
            _say_answer(every[wanted], every)
    elif wanted in TABLES:
        table = TABLES[wanted]
        found = pl.DataFrame([{"column": c.name, "type": c.type, "says": c.says} for c in table.columns])
        if chosen is Wanted.TABLE:
            say.heading(table.name)
            say.line(table.says)
    else:
        raise Refused(f"There is no answer, fact or rule {name!r}; rollbook answers lists them.")
    if chosen is Wanted.JSON and out is None and wanted in every:
        say.as_json(_answer_data(every[wanted]))
        return
    types = [Shown("type", "Type")] if "type" in found.columns else []
    show(
        found,
        chosen,
        [Shown("column", "Column"), *types, Shown("says", "What it says", keep=False)],
        out=out,
        as_is=True,
    )


def _say_answer(answer: Answer, every: Mapping[str, Answer]) -> None:
    say.heading(f"{answer.name}: {answer.question}")
    say.line(f"Key: {', '.join(answer.key)}")
    say.line(f"Source: {answer.source}")
    say.line(f"Reads: {', '.join(answer.inputs)}")
    readers = sorted(other.name for other in every.values() if answer.name in other.inputs)
    if readers:
        say.line(f"Read by: {', '.join(readers)}")
    stored = "Stored, and refreshed by what changed" if answer.kind == "table" else "Worked out when asked"
    say.line(f"{stored}. Definition: projections/sql/{answer.name}.sql, SHA-256 {answer.digest}")
    say.line()


def _answer_data(answer: Answer) -> dict[str, Any]:
    return {
        "name": answer.name,
        "question": answer.question,
        "key": list(answer.key),
        "source": answer.source,
        "kind": answer.kind,
        "inputs": list(answer.inputs),
        "columns": dict(answer.columns),
        "sha256": answer.digest,
    }
