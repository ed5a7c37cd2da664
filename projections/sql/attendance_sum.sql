-- question: What are a pupil's sessions by week, half term, term and school year?
-- key: line, period, week_start, half_term, term
-- source: law.md 1.4, 4; field.md 4. A term is two half terms; sessions in no half term stand under 0
-- kind: view
-- refresh: line of attendance_week; line of roll
-- column line: The line: one pupil, one place, one stay, one school year.
-- column place: The place.
-- column pupil: The pupil.
-- column school_year: As 202526.
-- column period: week, half_term, term or year (the school year to date).
-- column week_start: The Monday of the week; empty for longer periods.
-- column half_term: 1 to 6, 0 for none; empty for terms, years and weeks.
-- column term: 1 autumn, 2 spring, 3 summer, 0 none; empty for others.
-- column possible: Possible sessions.
-- column attended: Attended, at an approved activity too.
-- column approved: At an approved educational activity.
-- column authorised: Authorised absences.
-- column unauthorised: Unauthorised absences.
-- column late: Late, before or after the register closed.
-- column not_possible: Sessions with a code that is not in the denominator.
select w.line, e.place, e.pupil, e.school_year, w.period, w.week_start, w.half_term, w.term,
       w.possible, w.attended, w.approved, w.authorised, w.unauthorised, w.late, w.not_possible
from (
  select line, week_start, half_term, term,
         case when grouping(week_start) = 0 then 'week'
              when grouping(half_term) = 0 then 'half_term'
              when grouping(term) = 0 then 'term'
              else 'year' end as period,
         cast(sum(possible) as bigint) as possible, cast(sum(present) as bigint) as attended,
         cast(sum(case when class = 'AEA' then sessions else 0 end) as bigint) as approved,
         cast(sum(case when class = 'AUTH' then sessions else 0 end) as bigint) as authorised,
         cast(sum(case when class = 'UNAUTH' then sessions else 0 end) as bigint) as unauthorised,
         cast(sum(late) as bigint) as late,
         cast(sum(sessions - possible) as bigint) as not_possible
  from (
    select line, week_start, half_term, class, sessions, possible, present, late,
           case when half_term = 0 then 0 when half_term < 3 then 1 when half_term < 5 then 2 else 3 end as term
    from attendance_week
    where why = ''
  ) as by_term
  group by grouping sets ((line, week_start), (line, half_term), (line, term), (line))
) as w
join roll e on e.line = w.line
