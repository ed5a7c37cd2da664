"""Every answer is written in the SQL that DuckDB, PostgreSQL and Spark read alike."""

from __future__ import annotations

import re

import pytest

from projections.answers import read
from projections.facts.tables import FACTS
from tests.projections.subset import faults, unsure_order

ANSWERS = read()
NULLABLE = {
    name: frozenset(column.name for column in table.columns if re.search(r"\bnull[:;]", column.says))
    for name, table in FACTS.items()
}


@pytest.mark.parametrize("name", sorted(ANSWERS))
def test_an_answer_is_in_the_common_subset(name: str) -> None:
    assert faults(ANSWERS[name].text) == []


@pytest.mark.parametrize("name", sorted(ANSWERS))
def test_windows_are_ordered_by_what_is_never_null(name: str) -> None:
    assert unsure_order(ANSWERS[name].text, NULLABLE) == []


PLAIN = """
with w (line, n) as (select line, cast(sum(code) as bigint) from mark group by line)
select a.line, count(*) filter (where a.code in ('A', 'B')) as n, cast((a.n - mod(a.n, 2)) / 2 as bigint) as half,
       row_number() over (partition by a.line order by a.position desc) as age
from mark a
left join w on w.line = a.line
where not exists (select 1 from day d where d.day = a.day) and a.code is distinct from 'C'
group by grouping sets ((a.line), (a.line, a.n))
"""


def test_plain_sql_is_let_through() -> None:
    assert faults(PLAIN) == []


@pytest.mark.parametrize(
    "text",
    [
        "select 7 / 2 as n from mark",
        "select n // 2 as n from mark",
        "select n div 2 as n from mark",
        "select count_if(n > 1) as n from mark",
        "select avg(n) as n from mark",
        "select stddev(n) as n from mark",
        "select line from mark qualify row_number() over (order by n) = 1",
        "select distinct on (line) line from mark",
        "select max_by(code, position) as n from mark",
        "select max(row(position, code)) as n from mark",
        "select max((position, code)) as n from mark",
        "select sum(n) over (order by n groups 2 preceding) as n from mark",
        "select sum(n) over (order by n rows between 2 preceding and current row exclude current row) as n from mark",
        "select day + interval '1' day as n from mark",
        "select lag(n) ignore nulls over (order by n) as n from mark",
        "select datediff('day', a, b) as n from mark",
        "select date_diff('day', a, b) as n from mark",
        "select extract(isodow from day) as n from mark",
        "select date_trunc('week', day) as n from mark",
        "select n from generate_series(1, 5) as g (n)",
        "select range(5) as n from mark",
        "select true as n from mark",
        "select bool_or(n > 1) as n from mark",
        "select every(n > 1) as n from mark",
        "select cast(n as text) as n from mark",
        "select cast(n as varchar(3)) as n from mark",
        "select cast(n as double precision) as n from mark",
        "select cast(n as decimal(5, 2)) as n from mark",
        "select cast(2.5 as integer) as n from mark",
        "select try_cast(n as integer) as n from mark",
        "select n::bigint as n from mark",
        "select line, count(*) as n from mark group by all",
        "select line from mark order by all",
        "select line from mark order by line",
        "select line from mark limit 1",
        "select line from mark fetch first 1 rows only",
        "select m.line from mark m anti join day d on d.day = m.day",
        "select m.line from mark m asof join day d on d.day <= m.day",
        "select m.line from mark m natural join day d",
        "select m.line from mark m join day d using (day)",
        "select m.line from mark m, day d",
        "select * exclude (code) from mark",
        "select * from mark",
        "pivot mark on code using count(*)",
        "with w as materialized (select line from mark) select line from w",
        "select concat(code, 'x') as n from mark",
        "select code || 'x' as n from mark",
        "select code from mark where code like 'a!%' escape '!'",
        "select regexp_replace(code, 'a', 'b') as n from mark",
        "select string_agg(code, ',') as n from mark",
        "select to_char(day, 'YYYY') as n from mark",
        "select json_object('a', 1) as n from mark",
        "select code from mark where code = '\\'",
        'select "line" from mark',
        "select `line` from mark",
        "select Line from mark",
        "select recorded_at at time zone 'UTC' as n from mark",
        "select now() as n from mark",
        "select current_date as n from mark",
        "select current_timestamp as n from mark",
        "select random() as n from mark",
        "select line from mark; select line from mark",
        "delete from mark",
        "create table x as select line from mark",
    ],
)  # fmt: skip
def test_what_engines_read_differently_is_refused(text: str) -> None:
    assert faults(text)


def test_a_window_over_what_may_be_null_says_where_nulls_go() -> None:
    text = "select row_number() over (partition by c.line order by c.amended_on) as n from change c"
    assert unsure_order(text, NULLABLE) == ["c.amended_on"]
    assert unsure_order(text.replace("amended_on)", "amended_on nulls last)"), NULLABLE) == []
    assert unsure_order(text.replace("c.amended_on", "c.position"), NULLABLE) == []
