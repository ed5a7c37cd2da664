-- question: In each of those weeks, which was the session after which the pupil was not below the line again?
-- key: line, cohort, limb, week_start
-- source: law.md 4; by what is known at the moment asked
-- refresh: line, week_start of since_week; line, week_start of counted_entry
-- column line: The line: one enrolment.
-- column cohort: working or statistical.
-- column limb: persistent (10 %) or severe (50 %).
-- column week_start: The Monday of the week.
-- column since: The day of that session. A week in which the line was never below has none, and no row.
select line, cohort, limb, week_start, max(session_date) as since
from (
  select line, cohort, limb, week_start, session_date,
         coalesce(lag(after) over (partition by line, cohort, limb, week_start order by session_date, session), start)
           as before
  from (
    select s.line, s.cohort, s.limb, s.week_start, r.session_date, r.session,
           case when s.opening = 1 then cast(-1 as bigint) else s.margin end as start,
           s.margin + cast(sum(s.parts * r.absent - 1)
                           over (partition by s.line, s.cohort, s.limb, s.week_start order by r.session_date, r.session
                                 rows between unbounded preceding and current row) as bigint) as after
    from since_week s
    join counted_entry r on r.line = s.line and r.week_start = s.week_start
    where r.possible = 1 and r.why = ''
  ) as stepped
) as compared
where before < 0
group by line, cohort, limb, week_start
