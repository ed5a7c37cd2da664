-- question: In which weeks may a pupil who is persistently or severely absent have come over the line for good?
-- key: line, cohort, limb, week_start
-- source: law.md 4. Weeks after the last one at whose end the line was not reached, in which it can have been crossed: the first of them, and those that begin so near the line that sessions attended could lead back below it
-- refresh: line of attendance_week; line of absence_year; line of published_line
-- column line: The line: one enrolment.
-- column cohort: working or statistical.
-- column limb: persistent (10 %) or severe (50 %).
-- column week_start: The Monday of the week.
-- column parts: 10 or 2: so many times the absent sessions are compared with the possible ones.
-- column margin: parts * absent - possible before the week's first session; below 0: not reached.
-- column opening: 1: the year's first week with a possible session: before it nobody has reached anything.
with by_week (line, cohort, week_start, possible, absent, of_year, absent_of_year) as (
  select w.line, y.cohort, w.week_start, cast(sum(w.possible) as integer), cast(sum(w.absent) as integer),
         max(y.possible), max(y.absent)
  from attendance_week w
  join absence_year y on y.line = w.line and 10 * y.absent >= y.possible
  join published_line p on p.line = w.line
  where w.possible > 0 and (y.cohort = 'working' or w.week_start < p.weeks_before)
  group by w.line, y.cohort, w.week_start
),
running (line, cohort, limb, parts, week_start, attended, before, after, nth) as (
  select b.line, b.cohort, k.limb, k.parts, b.week_start, b.possible - b.absent,
         cast(sum(k.parts * b.absent - b.possible) over so_far as bigint) - (k.parts * b.absent - b.possible),
         cast(sum(k.parts * b.absent - b.possible) over so_far as bigint),
         row_number() over so_far
  from by_week b
  cross join (select 'persistent' as limb, 10 as parts union all select 'severe' as limb, 2 as parts) as k
  where k.parts * b.absent_of_year >= b.of_year
  window so_far as (partition by b.line, b.cohort, k.limb order by b.week_start
                    rows between unbounded preceding and current row)
)
select r.line, r.cohort, r.limb, r.week_start, cast(r.parts as smallint) as parts, r.before as margin,
       cast(case when r.nth = 1 then 1 else 0 end as smallint) as opening
from running r
join (
  select line, cohort, limb, coalesce(max(case when after < 0 then nth end), 0) as last_below
  from running
  group by line, cohort, limb
) as o on o.line = r.line and o.cohort = r.cohort and o.limb = r.limb
where r.nth > o.last_below and (r.nth = 1 or r.before - r.attended < 0)
