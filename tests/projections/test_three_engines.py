"""One text, three engines: every answer over one small county comes out row for row alike in DuckDB and in Spark.

PostgreSQL has a test of its own beside its roles and views. Spark runs in its local mode and needs Java: without Java
these tests skip with one line.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from consumers.file_import import import_file
from domain.ledger.keystore import KeyStore
from domain.ledger.ledger import found
from domain.ledger.sqlite_store import open_sqlite
from projections.answers import read
from projections.facts.columns import empty
from projections.facts.rules import rules
from projections.facts.tables import ASKED, RULES
from simulation import simulate_year
from tests.making import founding
from tests.projections.loading import loaded

Rows = list[tuple[Any, ...]]
ANSWERS = read()


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder of Parquet files: the facts and rules of a made-up county."""
    folder = tmp_path_factory.mktemp("county")
    made = simulate_year(folder / "county.avro", places=8, pupils=240, weeks=3, seed=9)
    ledger = found(open_sqlite(folder / "ledger.sqlite"), KeyStore.create(folder / "keys.sqlite"), founding())
    import_file(ledger, made.path)
    position, recorded_at = ledger.store.head()
    moment = datetime.fromtimestamp(recorded_at / 1e6)  # noqa: DTZ006 -- only its day matters here
    asked = pl.DataFrame(
        [(position, moment, moment.date())],
        schema={"position": pl.Int64, "moment": pl.Datetime("us"), "today": pl.Date},
        orient="row",
    )
    (folder / "tables").mkdir()
    for name, frame in {
        **loaded(ledger),
        **{name: empty(name) for name in RULES},
        **rules(),
        ASKED.name: asked,
    }.items():
        frame.write_parquet(folder / "tables" / f"{name}.parquet")
    ledger.store.close()
    ledger.keys.close()
    yield folder / "tables"
    shutil.rmtree(folder)


def in_order(rows: Rows) -> Rows:
    """Rows that can be compared: an answer has no order of its own."""
    return sorted(rows, key=repr)


@pytest.fixture(scope="module")
def in_duckdb(tables: Path) -> Iterator[dict[str, Rows]]:
    """Every answer, by DuckDB."""
    with duckdb.connect(config={"threads": 1}) as database:
        for file in tables.iterdir():
            database.execute(f"create view {file.stem} as select * from read_parquet('{file}')")
        answers: dict[str, Rows] = {}
        for name, answer in ANSWERS.items():
            database.execute(f"create table {name} as {answer.text}")
            answers[name] = in_order(database.execute(f"select * from {name}").fetchall())
        yield answers


@pytest.fixture(scope="module")
def in_spark(tables: Path) -> Iterator[dict[str, Rows]]:
    """Every answer, by Spark."""
    if shutil.which("java") is None and not os.environ.get("JAVA_HOME"):
        pytest.skip("Spark needs Java, and there is none on this machine")
    from pyspark.sql import SparkSession
    from pyspark.sql import types as its

    kinds = {
        pl.Int64: its.LongType(),
        pl.Int32: its.IntegerType(),
        pl.Int16: its.ShortType(),
        pl.String: its.StringType(),
        pl.Date: its.DateType(),
        pl.Datetime("us"): its.TimestampNTZType(),
    }
    # A few hundred rows: what Spark does to be quick with many costs minutes. It compiles each step, plans again, looks
    # for more conditions to filter by, and reads files anew for each answer: so it is given the rows instead.
    spark = (
        SparkSession.builder.master("local[1]")
        .config("spark.sql.shuffle.partitions", "1")
        .config("spark.sql.codegen.wholeStage", "false")
        .config("spark.sql.adaptive.enabled", "false")
        .config("spark.sql.codegen.factoryMode", "NO_CODEGEN")
        .config("spark.sql.constraintPropagation.enabled", "false")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.warehouse.dir", str(tables.parent / "warehouse"))
        .config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false")
        .config("spark.driver.extraJavaOptions", "-XX:+UseSerialGC")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .getOrCreate()
    )
    spark.sparkContext.setLogLevel("ERROR")
    answers: dict[str, Rows] = {}
    for file in tables.iterdir():
        frame = pl.read_parquet(file)
        columns = its.StructType([its.StructField(column, kinds[kind]) for column, kind in frame.schema.items()])
        given = spark.createDataFrame(frame.rows(), columns).localCheckpoint(eager=False)
        given.createOrReplaceTempView(file.stem)
    for name, answer in ANSWERS.items():
        found = spark.sql(answer.text).localCheckpoint(eager=False)  # kept when it is first collected
        found.createOrReplaceTempView(name)
        answers[name] = in_order([tuple(row) for row in found.collect()])
    yield answers
    spark.stop()


def test_every_answer_is_the_same_in_spark_as_in_duckdb(in_duckdb: dict[str, Rows], in_spark: dict[str, Rows]) -> None:
    """One test, so that Spark starts once, whichever of several test processes comes to it."""
    assert [name for name, rows in in_duckdb.items() if in_spark[name] != rows] == []


def test_the_comparison_is_of_answers_that_mostly_hold_something(in_duckdb: dict[str, Rows]) -> None:
    """Some cannot in three weeks: nobody is absent for ten school days, and nothing is made by ten people at once."""
    empty_ones = [name for name, rows in in_duckdb.items() if not rows]
    assert len(empty_ones) < len(in_duckdb) / 3, empty_ones
