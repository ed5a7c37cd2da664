-- question: In each of those weeks, which was the session after which the pupil was not below the line again?
-- key: line, cohort, limb, week_start
-- source: law.md 4; by what is known at the moment asked. The lines are named beside the weeks: few of them, by which an engine finds their entries before it asks whether these count
-- refresh: line, week_start of since_week; line, week_start of counted_entry
-- column line: The line: one enrolment.
-- column cohort: working or statistical.
-- column limb: persistent (10 %) or severe (50 %).
-- column week_start: The Monday of the week.
-- column since: The day of that session. A week in which the line was never below has none, and no row.
with stepped (line, week_start, session_date, absent_before, before) as (
  select line, week_start, session_date, cast(absent_so_far - absent as integer), cast(nth - 1 as integer)
  from (
    select r.line, r.week_start, r.session_date, r.absent, sum(r.absent) over so_far as absent_so_far,
           row_number() over so_far as nth
    from counted_entry r
    join (select distinct line, week_start from since_week) as w on w.line = r.line and w.week_start = r.week_start
    where r.line in (select line from since_week) and r.possible = 1 and r.why = ''
    window so_far as (partition by r.line, r.week_start order by r.session_date, r.session
                      rows between unbounded preceding and current row)
  ) as counted
)
select s.line, s.cohort, s.limb, s.week_start, max(e.session_date) as since
from since_week s
join stepped e on e.line = s.line and e.week_start = s.week_start
where s.margin + s.parts * e.absent_before - e.before < case when s.opening = 1 and e.before = 0 then 1 else 0 end
group by s.line, s.cohort, s.limb, s.week_start
