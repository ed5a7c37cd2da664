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
with by_week (line, week_start, possible, absent) as (
  select line, week_start, cast(sum(possible) as integer), cast(sum(absent) as integer)
  from attendance_week
  where line in (select line from absence_year where 10 * absent >= possible) and possible > 0
  group by line, week_start
),
running (line, cohort, week_start, possible, absent, of_year, absent_of_year, possible_so_far, absent_so_far, nth) as (
  select b.line, y.cohort, b.week_start, b.possible, b.absent, y.possible, y.absent,
         sum(b.possible) over so_far, sum(b.absent) over so_far, row_number() over so_far
  from by_week b
  join absence_year y on y.line = b.line and 10 * y.absent >= y.possible
  join published_line p on p.line = b.line
  where y.cohort = 'working' or b.week_start < p.weeks_before
  window so_far as (partition by b.line, y.cohort order by b.week_start
                    rows between unbounded preceding and current row)
),
compared (line, cohort, limb, parts, week_start, attended, before, after, nth) as (
  select r.line, r.cohort, k.limb, k.parts, r.week_start, r.possible - r.absent,
         cast(k.parts * (r.absent_so_far - r.absent) - (r.possible_so_far - r.possible) as bigint),
         cast(k.parts * r.absent_so_far - r.possible_so_far as bigint), r.nth
  from running r
  cross join (select 'persistent' as limb, 10 as parts union all select 'severe' as limb, 2 as parts) as k
  where k.parts * r.absent_of_year >= r.of_year
)
select c.line, c.cohort, c.limb, c.week_start, cast(c.parts as smallint) as parts, c.before as margin,
       cast(case when c.nth = 1 then 1 else 0 end as smallint) as opening
from compared c
join (
  select line, cohort, limb, coalesce(max(case when after < 0 then nth end), 0) as last_below
  from compared
  group by line, cohort, limb
) as o on o.line = c.line and o.cohort = c.cohort and o.limb = c.limb
where c.nth > o.last_below and (c.nth = 1 or c.before - c.attended < 0)
