-- question: Who is persistently (10 %) or severely (50 %) absent, how far from the line, and since when?
-- key: line, cohort
-- source: law.md 4: 10 or 50 % or more of an enrolment's own possible sessions, inclusive; in integers
-- refresh: line of absence_year; line of attendance_week; line of roll
-- column line: The line: one enrolment.
-- column place: The place.
-- column pupil: The pupil.
-- column school_year: As 202526.
-- column cohort: working or statistical.
-- column nc_year: National curriculum year; empty where not known.
-- column possible: Denominator: possible sessions.
-- column absent: Numerator: absent sessions, authorised or not.
-- column authorised: Authorised ones.
-- column unauthorised: Unauthorised ones.
-- column persistent: 1: 10 * absent >= possible.
-- column severe: 1: 2 * absent >= possible.
-- column persistent_in: Further sessions of absence, one after another, until persistently absent; 0 where persistent.
-- column persistent_out: Further sessions attended, one after another, until no longer so; 0 where not persistent.
-- column severe_in: The same until severely absent; 0 where severe.
-- column severe_out: The same until no longer severely absent; 0 where not severe.
-- column persistent_since: Monday of the week since whose end the pupil has been persistently absent without a break; empty where not.
-- column severe_since: The same for severely absent.
with running (line, cohort, week_start, persistent, severe) as (
  select line, cohort, week_start,
         case when 10 * sum(absent) over so_far >= sum(possible) over so_far then 1 else 0 end,
         case when 2 * sum(absent) over so_far >= sum(possible) over so_far then 1 else 0 end
  from (
    select w.line, y.cohort, w.week_start, cast(sum(w.possible) as integer) as possible,
           cast(sum(w.absent) as integer) as absent
    from attendance_week w
    join absence_year y on y.line = w.line and 10 * y.absent >= y.possible
    join roll e on e.line = w.line
    where w.boarder = 0 and w.possible > 0
      and (y.cohort = 'working' or e.age_31_aug < 15 or w.half_term < 6)
    group by w.line, y.cohort, w.week_start
  ) as by_week
  window so_far as (partition by line, cohort order by week_start rows between unbounded preceding and current row)
),
since (line, cohort, persistent_since, severe_since) as (
  select r.line, r.cohort,
         min(case when r.week_start > coalesce(o.last_not_persistent, cast('1900-01-01' as date)) then r.week_start end),
         min(case when r.week_start > coalesce(o.last_not_severe, cast('1900-01-01' as date)) then r.week_start end)
  from running r
  join (
    select line, cohort, max(case when persistent = 0 then week_start end) as last_not_persistent,
           max(case when severe = 0 then week_start end) as last_not_severe
    from running
    group by line, cohort
  ) as o on o.line = r.line and o.cohort = r.cohort
  group by r.line, r.cohort
)
select y.line, y.place, y.pupil, y.school_year, y.cohort, y.nc_year, y.possible, y.absent, y.authorised, y.unauthorised,
       cast(case when 10 * y.absent >= y.possible then 1 else 0 end as smallint) as persistent,
       cast(case when 2 * y.absent >= y.possible then 1 else 0 end as smallint) as severe,
       cast(case when 10 * y.absent >= y.possible then 0
            else (y.possible - 10 * y.absent + 8 - mod(y.possible - 10 * y.absent + 8, 9)) / 9 end as bigint) as persistent_in,
       case when 10 * y.absent >= y.possible then 10 * y.absent - y.possible + 1 else 0 end as persistent_out,
       case when 2 * y.absent >= y.possible then 0 else y.possible - 2 * y.absent end as severe_in,
       case when 2 * y.absent >= y.possible then 2 * y.absent - y.possible + 1 else 0 end as severe_out,
       s.persistent_since, s.severe_since
from absence_year y
left join since s on s.line = y.line and s.cohort = y.cohort
