-- question: On which days does a pupil board, so that no attendance is recorded in law?
-- key: line, from_date
-- source: PRR reg 8(6), 10(1); law.md 4
-- refresh: line of boarding
-- column line: The line.
-- column from_date: First day.
-- column until_date: The first day after; 2999-12-31 where no end is known.
select line, from_date, until_date
from (
  select w.line, w.from_date, w.boarder,
         lead(w.from_date, 1, cast('2999-12-31' as date)) over (partition by w.line order by w.from_date) as until_date
  from (
    select b.line, b.from_date, b.boarder,
           row_number() over (partition by b.line, b.from_date order by b.position desc) as age
    from boarding b
  ) as w
  where w.age = 1
) as spell
where boarder = 1
