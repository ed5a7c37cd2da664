"""Text comes out alike on both engines whatever order the database has: in PostgreSQL, too, it is compared by bytes.

English order puts `\\` before `1` and `a` before `B`; and the least of two codes must not depend on who set a server up.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from projections.answers import Answer
from projections.engines.postgres import PostgresEngine
from projections.engines.postgres_layout import Layout
from projections.engines.postgres_reader import PostgresReader
from projections.projector import Projector
from projections.runner import FactsOutdated, Runner
from tests.making import School
from tests.postgres import Server
from tests.projections import postgres_county
from tests.projections.making_answers import RULES, TABLES, Fact, Store, answers, asked, frames, head, ordered
from tests.projections.postgres_county import ANSWERS, PROJECTOR, Place

OTHER = "en_GB.UTF-8"
IN_ENGLISH_ORDER = "TEMPLATE template0 LOCALE 'en_GB.UTF-8'"

TEXTS = {
    "word": """
-- key: line, day
-- refresh: line, day of entry
-- column place: .
-- column line: .
-- column day: .
-- column code: .
-- column said: .
select place, line, day, code, case when day < 3 then 'b' when day < 6 then 'B' else '/' end as said
from (
  select e.place, e.line, e.day, e.code, row_number() over (partition by e.line, e.day order by e.position desc) as age
  from entry e
) as w
where age = 1""",
    # A view whose text is of literals alone.
    "told": """
-- key: line, day
-- kind: view
-- refresh: line, day of word
-- column line: .
-- column day: .
-- column says: .
select line, day, case when day = 1 then 'a' when day = 2 then 'Z' when day = 3 then '1' else chr(92) end as says
from word""",
    "least": """
-- key: place
-- refresh: place of word; all of told
-- column place: .
-- column code: .
-- column last_code: .
-- column said: .
-- column last_said: .
-- column says: .
-- column last_says: .
-- column within: .
select w.place, min(w.code) as code, max(w.code) as last_code, min(w.said) as said, max(w.said) as last_said,
       min(t.says) as says, max(t.says) as last_says,
       count(*) filter (where w.code between 'B' and 'a' or w.said > 'a' or t.says < '2') as within
from word w
join told t on t.line = w.line and t.day = w.day
group by w.place""",
    "ranked": """
-- key: line, day
-- refresh: line of word; line of told
-- column line: .
-- column day: .
-- column by_code: .
-- column by_says: .
select w.line, w.day,
       cast(row_number() over (partition by w.line order by w.code, w.day) as integer) as by_code,
       cast(row_number() over (partition by w.line order by t.says, w.said, w.day) as integer) as by_says
from word w
join told t on t.line = w.line and t.day = w.day""",
}
CODES = ("a", "B", "A", "b", "/", "\\", "1", "10", "2", "L", "l", "Z", "\u00e9", "/a", "\\A")
FACTS: list[Fact] = [
    ("entry", {"place": 1 + n % 2, "line": 1 + n % 3, "day": 1 + n // 3, "code": CODES[n % len(CODES)]})
    for n in (*range(2 * len(CODES)), 3, 5)
]
FIRST = len(FACTS) - 6
"""The others come later; the last two in the place of earlier ones."""


@pytest.fixture(scope="module")
def english() -> Iterator[Place]:
    """A database in which text has English order, if the machine knows of it or can be told."""
    with TemporaryDirectory(prefix="rollbook-english-") as text, pytest.MonkeyPatch.context() as environment:
        folder = Path(text)
        folder.chmod(0o755)
        if not _knows_english():
            try:
                made = subprocess.run(
                    ["localedef", "-i", "en_GB", "-f", "UTF-8", str(folder / OTHER)], capture_output=True, check=False
                )
            except FileNotFoundError:
                pytest.skip("this machine has no order of text but by bytes")
            assert made.returncode <= 1, made.stderr
            environment.setenv("LOCPATH", str(folder))
        with Server(folder) as server, postgres_county.set_up_place(server, IN_ENGLISH_ORDER) as place:
            yield place


def _knows_english() -> bool:
    try:
        said = subprocess.run(["locale", "-a"], capture_output=True, text=True, check=False).stdout
    except FileNotFoundError:
        return False
    return "en_GB.utf8" in said.split()


def take(engine: PostgresEngine, made: dict[str, Answer], first: int, last: int) -> None:
    numbered = list(enumerate(FACTS, start=1))[first:last]
    Runner(engine, made, RULES, TABLES).catch_up([(last, frames(numbered))], head(last))


def test_least_greatest_order_and_between_are_the_same_in_duckdb_and_in_an_english_postgresql(
    english: Place, tmp_path: Path
) -> None:
    assert english.database.execute("SELECT 'a' < 'B', '\\' < '1'") == [(True, True)]
    made = answers(TEXTS)
    store = Store(tmp_path, TEXTS)
    engine = PostgresEngine(english.conninfo, made, tables=TABLES, user=PROJECTOR)
    stored = [name for name, answer in made.items() if answer.kind == "table"]
    for first, last in ((0, FIRST), (FIRST, len(FACTS))):
        store.take(list(enumerate(FACTS, start=1))[first:last], last)
        take(engine, made, first, last)
        assert {name: ordered(engine.rows(f"select * from {name}")) for name in stored} == store.told()
    engine.close()
    reader = PostgresReader(english.conninfo, answers=made, tables=TABLES, user=PROJECTOR)
    reader.as_at(asked(len(FACTS)))
    assert {name: ordered(reader.ask(f"select * from {name}").rows()) for name in stored} == store.told()
    reader.close()
    store.close()


# --- as a property of columns


@pytest.fixture
def place(postgres_server: Server) -> Iterator[Place]:
    with postgres_county.set_up_place(postgres_server) as made:
        yield made


def not_by_bytes(place: Place) -> list[tuple[Any, ...]]:
    """The columns of text, of every table and view, that are not compared by bytes."""
    return place.database.execute(
        "SELECT n.nspname, c.relname, a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid"
        " JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_collation o ON o.oid = a.attcollation"
        " WHERE n.nspname = ANY(%s) AND c.relkind IN ('r', 'v') AND a.attnum > 0 AND NOT a.attisdropped"
        " AND o.collname <> 'C' ORDER BY 1, 2, 3",
        list(Layout().built),
    )


def test_every_text_of_every_table_and_view_is_compared_by_bytes_beside_and_in_place(
    place: Place, tmp_path: Path
) -> None:
    school = School.ready(tmp_path)
    for anew in (True, False):
        engine = place.engine(anew=anew)
        projector = Projector(school.ledger, engine)
        projector.catch_up()
        if not anew:
            projector.runner.rebuild()
        engine.close()
        assert not_by_bytes(place) == []
    tables = place.database.execute("SELECT count(*) FROM pg_tables WHERE schemaname IN ('fact', 'ans', 'guard')")
    school.close()
    assert int(tables[0][0]) > len([answer for answer in ANSWERS.values() if answer.kind == "table"])


def test_facts_that_an_earlier_version_made_in_another_order_must_be_read_again(place: Place, tmp_path: Path) -> None:
    school = School.ready(tmp_path)
    engine = place.engine()
    Projector(school.ledger, engine).catch_up()
    engine.close()
    place.database.execute('ALTER TABLE fact.built ALTER lineage TYPE text COLLATE "default"')
    engine = place.engine()
    with pytest.raises(FactsOutdated, match="rollbook project --rebuild"):
        Projector(school.ledger, engine).catch_up()
    engine.close()
    beside = place.engine(anew=True)
    Projector(school.ledger, beside).catch_up()
    beside.close()
    assert not_by_bytes(place) == []
    school.close()
