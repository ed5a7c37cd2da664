-- question: Who is persistently (10 %) or severely (50 %) absent, how far from the line, and since when?
-- key: line, cohort
-- source: law.md 4: 10 or 50 % or more of an enrolment's own possible sessions, inclusive; in integers
-- refresh: line of absence_year; line of since_session
-- column line: The line: one enrolment.
-- column place: The place.
-- column pupil: The identity that the line has.
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
-- column persistent_since: The day of the session after which the pupil was never again below ten per cent, by what is known at the moment asked; empty where not persistently absent.
-- column severe_since: The same for severely absent, of half.
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
left join (
  select line, cohort, max(case when limb = 'persistent' then since end) as persistent_since,
         max(case when limb = 'severe' then since end) as severe_since
  from since_session
  group by line, cohort
) as s on s.line = y.line and s.cohort = y.cohort
