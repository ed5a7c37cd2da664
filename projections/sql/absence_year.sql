-- question: What are each pupil's possible and absent sessions of the school year, for the working and the statistical cohort?
-- key: line, cohort
-- source: law.md 4 (EES-M). Statistical: the sessions of `published_line`. Working: all on the roll. Of both, what counts (`counted_entry`)
-- refresh: line of attendance_week; line of roll; line of published_line
-- column line: The line: one enrolment.
-- column place: The place.
-- column pupil: The identity that the line has.
-- column school_year: As 202526.
-- column cohort: working or statistical.
-- column nc_year: National curriculum year; empty where not known.
-- column age_31_aug: Age on 31 August before the year's lessons; empty where not known.
-- column possible: Possible sessions: more than 0.
-- column present: Attended, at an approved activity too.
-- column authorised: Authorised absences.
-- column unauthorised: Unauthorised absences.
-- column absent: Both.
-- column late: Late.
-- column first_week: The first week with a possible session.
-- column last_week: The last week with one.
select y.line, e.place, e.pupil, e.school_year, y.cohort, e.nc_year, e.age_31_aug,
       y.possible, y.present, y.authorised, y.unauthorised, y.absent, y.late, y.first_week, y.last_week
from (
  select w.line, k.cohort, cast(sum(w.possible) as bigint) as possible, cast(sum(w.present) as bigint) as present,
         cast(sum(w.authorised) as bigint) as authorised, cast(sum(w.unauthorised) as bigint) as unauthorised,
         cast(sum(w.absent) as bigint) as absent, cast(sum(w.late) as bigint) as late,
         min(w.first_week) as first_week, max(w.last_week) as last_week
  from (
    select s.line, case when s.week_start < p.weeks_before then 1 else 0 end as published,
           cast(sum(s.possible) as integer) as possible, cast(sum(s.present) as integer) as present,
           cast(sum(case when s.class = 'AUTH' then s.sessions else 0 end) as integer) as authorised,
           cast(sum(case when s.class = 'UNAUTH' then s.sessions else 0 end) as integer) as unauthorised,
           cast(sum(s.absent) as integer) as absent, cast(sum(s.late) as integer) as late,
           min(s.week_start) as first_week, max(s.week_start) as last_week
    from attendance_week s
    join published_line p on p.line = s.line
    where s.possible > 0
    group by s.line, case when s.week_start < p.weeks_before then 1 else 0 end
  ) as w
  cross join (select 'working' as cohort union all select 'statistical' as cohort) as k
  where k.cohort = 'working' or w.published = 1
  group by w.line, k.cohort
) as y
join roll e on e.line = y.line
