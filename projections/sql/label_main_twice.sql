-- question: Which pupils do two schools both call mainly their own, on the same days?
-- key: line, other_line, from_date
-- source: events.md 2.2 (EnrolmentStatusRecorded: label both say M); law.md 7.4
-- refresh: all of enrolment_status; all of roll
-- column label: both_say_main.
-- column place: The place.
-- column line: Its line.
-- column position: Where the ledger has its word.
-- column recorded_on: When the ledger recorded that, local date.
-- column from_date: First day on which both say so.
-- column to_date: Last such day, as known.
-- column other_place: The other place.
-- column other_line: Its line.
with spell (line, place, child, position, recorded_on, from_date, to_date) as (
  select w.line, e.place, e.child, w.position, w.recorded_on,
         case when w.from_date > e.from_date then w.from_date else e.from_date end,
         case when w.until_date <= e.to_date then w.until_date - 1 else e.to_date end
  from (
    select line, from_date, status, position, recorded_on,
           lead(from_date, 1, cast('2999-12-31' as date)) over (partition by line order by from_date) as until_date
    from (
      select line, from_date, status, position, recorded_on,
             row_number() over (partition by line, from_date order by position desc) as age
      from enrolment_status
    ) as last_word
    where age = 1
  ) as w
  join roll e on e.line = w.line
  where w.status = 'M'
)
select 'both_say_main' as label, a.place, a.line, a.position, a.recorded_on,
       case when a.from_date > b.from_date then a.from_date else b.from_date end as from_date,
       case when a.to_date < b.to_date then a.to_date else b.to_date end as to_date, b.place as other_place,
       b.line as other_line
from spell a
join spell b on b.child = a.child and b.place <> a.place and a.from_date <= b.to_date and b.from_date <= a.to_date
where a.from_date <= a.to_date and b.from_date <= b.to_date
