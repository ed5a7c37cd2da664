"""Two sessions make answers side by side: each when what it reads is there, indexes when nobody waits for more."""

from __future__ import annotations

import time
from collections.abc import Iterator

import psycopg
import pytest
from psycopg.sql import SQL, Composed

from projections.engines.postgres_hands import HANDS, Hands
from tests.postgres import Database


@pytest.fixture
def hands(postgres_database: Database) -> Iterator[Hands]:
    """Two sessions, and a table in which each statement says that it ran."""
    postgres_database.execute("create table said (number serial, word text)")
    connections = [psycopg.connect(**postgres_database.arguments, autocommit=True) for _ in range(HANDS)]
    made = Hands(connections, "project test")
    yield made
    made.close()


def say(word: str, slowly: bool = False) -> list[Composed]:
    """Statements that note a word, after a while where that is wished."""
    wait = SQL("select pg_sleep(0.3)").format()
    return [*([wait] if slowly else []), SQL("insert into said (word) values ({})").format(word)]


def said(database: Database) -> list[str]:
    """The words, in the order in which they were noted."""
    return [word for (word,) in database.execute("select word from said order by number")]


def test_an_answer_waits_for_what_it_reads_and_for_nothing_else(hands: Hands, postgres_database: Database) -> None:
    told: list[str] = []
    hands.make("large", say("large", slowly=True), told=told.append)
    hands.make("upon large", say("upon large"), needs=["large"], told=told.append)
    hands.make("small", say("small"), needs=["made elsewhere"], told=told.append)
    hands.finish()
    assert said(postgres_database) == ["small", "large", "upon large"]
    assert sorted(told[:2]) == ["large", "small"]
    assert told[2] == "upon large"


def test_indexes_come_when_no_answer_is_left_to_begin(hands: Hands, postgres_database: Database) -> None:
    for number in range(HANDS):
        hands.make(f"first {number}", say("answer", slowly=True), later=say("index"))
    for number in range(4):
        hands.make(f"second {number}", say("answer"))
    hands.finish()
    # The last answer may still be under way when the other session begins with indexes.
    assert said(postgres_database)[: HANDS + 3] == ["answer"] * (HANDS + 3)
    assert sorted(said(postgres_database)) == ["answer"] * (HANDS + 4) + ["index"] * HANDS


def test_what_fails_is_raised_and_nothing_that_stands_on_it_is_begun(hands: Hands, postgres_database: Database) -> None:
    hands.make("wrong", [SQL("select 1 / 0").format()], later=say("index of wrong"))
    hands.make("upon wrong", say("upon wrong"), needs=["wrong"])
    for _ in range(2):
        with pytest.raises(psycopg.errors.DivisionByZero):
            hands.finish()
    with pytest.raises(psycopg.errors.DivisionByZero):
        hands.wait(["upon wrong"])
    assert said(postgres_database) == []


def test_closing_stops_what_is_under_way(hands: Hands, postgres_database: Database) -> None:
    hands.make("endless", [SQL("select pg_sleep(600)").format()])
    hands.make("never", say("never"), needs=["endless"])
    while not postgres_database.execute("select 1 from pg_stat_activity where query = 'select pg_sleep(600)'"):
        time.sleep(0.01)
    hands.close()
    assert said(postgres_database) == []
