"""Headers of answers: what they say is read, and what cannot be so is refused with a sentence."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from projections.answers import AnswerUnreadable, arranged, digest_of, downstream, lineages, parse, read
from projections.engines.duck_layout import asked_by_variable
from projections.facts.tables import TABLES
from projections.page import page

ANSWERS = read()

GOOD = """\
-- question: Which code stands?
-- key: line, day
-- source: PRR reg 10
-- refresh: line, session_date of mark; all of place
-- column line: The line.
-- column day: The day.
-- column code: The code.

with last (line, day) as (
  select line, session_date from mark -- from nowhere
), other as (select 'from mark' as text)
select l.line, l.day, m.code
from last l
join mark m on m.line = l.line and m.code is distinct from 'x'
join (select place from place) as p on p.place = m.place
join code_rule on code_rule.code = m.code
"""


def test_what_an_answer_reads_are_the_names_after_from_and_join_but_its_own() -> None:
    answer = parse("standing", GOOD)
    assert answer.inputs == ("mark", "place", "code_rule")
    assert answer.refresh == {"mark": ("line", "session_date"), "place": ()}
    assert answer.carried("mark") == ("line",)


def test_inputs_are_pointed_elsewhere_under_the_names_that_the_text_gives_them() -> None:
    pointed = parse("standing", GOOD).pointed(lambda name: f"asat.within_{name}")
    assert "join asat.within_mark m on" in pointed
    assert "from asat.within_place as place) as p" in pointed
    assert "join asat.within_code_rule as code_rule on code_rule.code" in pointed
    assert "'from mark' as text" in pointed


def _with(old: str, new: str) -> str:
    assert old in GOOD
    return GOOD.replace(old, new)


@pytest.mark.parametrize(
    ("file", "sentence"),
    [
        (_with("-- key: line, day\n", ""), "does not say its key: add it to the header"),
        (_with("-- source", "-- sauce"), "has a header line that nobody understands"),
        (_with("-- column day", "-- column line"), "has a header line that nobody understands, or has it twice"),
        (_with("-- key", "-- kind: cube\n-- key"), "calls itself a cube: an answer is a table or a view"),
        (_with("all of place", "everything"), "says 'refresh: everything': write 'columns of input'"),
        (_with("; all of place", ""), "does not say by what a change of place carries: add it to refresh"),
        (_with("all of place", "all of place; all of line"), "speaks in refresh of line, which it does not read"),
        (_with("line, session_date of", "pupil of"), "refreshes by pupil of mark, which has no such column"),
        (_with("-- key: line, day", "-- key: line, hour"), "has hour in its key and no such column"),
        (_with("join code_rule on", "join coed_rule on"), "reads coed_rule, and there is no such fact, rule or answer"),
        (_with("from last l", "from fact.last l"), "reads from 'fact': name a fact, a rule or an answer, bare"),
        (
            _with("join code_rule on", "join asked on"),
            "is stored, and reads asked, which depends on the moment of asking",
        ),
    ],
)
def test_a_header_that_cannot_be_so_is_refused_with_a_sentence_that_names_the_file(file: str, sentence: str) -> None:
    with pytest.raises(AnswerUnreadable, match=r"^standing\.sql ") as error:
        arranged([parse("standing", file)])
    assert sentence in str(error.value)


def test_answers_that_go_in_a_circle_are_refused() -> None:
    one = parse("one", _with("join code_rule on", "join two on").replace("all of place", "all of place; line of two"))
    two = parse("two", _with("join code_rule on", "join one on").replace("all of place", "all of place; line of one"))
    with pytest.raises(AnswerUnreadable, match="one reads two reads one"):
        arranged([one, two])


def test_a_stored_answer_may_not_stand_on_a_view_that_knows_today() -> None:
    today = parse("today", _with("-- key", "-- kind: view\n-- key").replace("join code_rule on", "join asked on"))
    on_it = parse(
        "on_it", _with("join code_rule on", "join today on").replace("all of place", "all of place; all of today")
    )
    with pytest.raises(AnswerUnreadable, match=r"^on_it\.sql is stored, and reads today"):
        arranged([today, on_it])


def test_every_answer_comes_after_those_that_it_reads() -> None:
    done: set[str] = set()
    for answer in ANSWERS.values():
        assert {name for name in answer.inputs if name in ANSWERS} <= done
        done.add(answer.name)


def test_the_lineage_of_an_answer_changes_with_whatever_it_stands_on_and_with_nothing_else() -> None:
    tables = {name: digest_of(table) for name, table in TABLES.items()}
    changed = {**ANSWERS, "register": parse("register", "-- column no: No.\n" + _file("register"))}
    before, after = lineages(ANSWERS, tables), lineages(changed, tables)
    assert {name for name in ANSWERS if before[name] != after[name]} == {"register", *downstream(ANSWERS, ["register"])}
    assert {name for name in ANSWERS if lineages(ANSWERS, {**tables, "line": "x"})[name] != before[name]} == set(
        downstream(ANSWERS, ["line"])
    )


def _file(name: str) -> str:
    answer = ANSWERS[name]
    head = f"-- question: {answer.question}\n-- key: {', '.join(answer.key)}\n-- source: {answer.source}\n"
    refresh = "; ".join(f"{', '.join(columns) or 'all'} of {of}" for of, columns in answer.refresh.items())
    columns = "".join(f"-- column {column}: {says}\n" for column, says in answer.columns.items())
    return f"{head}-- refresh: {refresh}\n{columns}{answer.text}\n"


def test_the_page_says_of_every_answer_its_question_and_every_column() -> None:
    said = page(ANSWERS)
    for answer in ANSWERS.values():
        part = said.split(f"\n## {answer.name}\n")[1].split("\n## ")[0]
        assert answer.question in part
        assert all(f"| `{column}` |" in part for column in answer.columns)


@pytest.fixture(scope="module")
def empty_answers() -> Iterator[duckdb.DuckDBPyConnection]:
    """Every answer over empty facts."""
    connection = duckdb.connect(":memory:", config={"threads": 1})
    for table in TABLES.values():
        columns = ", ".join(f"{column.name} {column.type}" for column in table.columns)
        view = table.name == "asked"
        connection.execute(
            f"create view asked as {asked_by_variable(table)}" if view else f"create table {table.name} ({columns})"
        )
    for answer in ANSWERS.values():
        connection.execute(f"create {answer.kind} {answer.name} as {answer.text}")
    yield connection
    connection.close()


@pytest.mark.parametrize("name", sorted(ANSWERS))
def test_an_answers_columns_are_those_of_its_header_and_of_the_types_that_all_engines_have(
    name: str, empty_answers: duckdb.DuckDBPyConnection
) -> None:
    described = empty_answers.execute(f"describe {name}").fetchall()
    assert [column for column, *_ in described] == list(ANSWERS[name].columns)
    types = {"BIGINT", "INTEGER", "SMALLINT", "DATE", "TIMESTAMP", "VARCHAR"}
    assert {column: type_ for column, type_, *_ in described if type_ not in types} == {}
