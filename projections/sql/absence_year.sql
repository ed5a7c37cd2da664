-- question: What are each pupil's possible and absent sessions of the school year, for the working and the statistical cohort?
-- key: line, cohort
-- source: law.md 4 (EES-M). Statistical: aged 5 to 15 on 31 August, no boarders, Year 11 until the sixth half term. Working: all on roll
-- refresh: line of attendance_week; line of roll
-- column line: The line: one enrolment.
-- column place: The place.
-- column pupil: The pupil.
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
    select line, case when half_term < 6 then 1 else 0 end as before_the_sixth,
           cast(sum(possible) as integer) as possible, cast(sum(present) as integer) as present,
           cast(sum(case when class = 'AUTH' then sessions else 0 end) as integer) as authorised,
           cast(sum(case when class = 'UNAUTH' then sessions else 0 end) as integer) as unauthorised,
           cast(sum(absent) as integer) as absent, cast(sum(late) as integer) as late,
           min(week_start) as first_week, max(week_start) as last_week
    from attendance_week
    where boarder = 0 and possible > 0
    group by line, case when half_term < 6 then 1 else 0 end
  ) as w
  join roll e on e.line = w.line
  cross join (select 'working' as cohort union all select 'statistical' as cohort) as k
  where k.cohort = 'working'
     or (e.age_31_aug between 5 and 15 and (e.age_31_aug < 15 or w.before_the_sixth = 1))
  group by w.line, k.cohort
) as y
join roll e on e.line = y.line
