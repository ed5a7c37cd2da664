-- question: How many sessions of each code has a school, week by week?
-- key: place, school_year, week_start, half_term, nc_year, code
-- source: law.md 1.4; field.md 4: what is published, and what a chart of a year is drawn from
-- kind: view
-- refresh: place, week_start of attendance_week; place of roll
-- column place: The school.
-- column school_year: As 202526.
-- column week_start: The Monday of the week.
-- column half_term: 1 to 6; 0 where the date lies in no half term.
-- column nc_year: National curriculum year; empty where not known.
-- column code: A national code.
-- column class: How it is counted: ATT, AEA, AUTH, UNAUTH, NPA or ADM.
-- column sessions: Sessions with it.
-- column possible: Those in the denominator.
-- column present: Those attended, or at an approved educational activity.
-- column absent: Those absent.
-- column late: Those published as late.
select w.place, e.school_year, w.week_start, w.half_term, e.nc_year, w.code, w.class,
       cast(sum(w.sessions) as bigint) as sessions, cast(sum(w.possible) as bigint) as possible,
       cast(sum(w.present) as bigint) as present, cast(sum(w.absent) as bigint) as absent,
       cast(sum(w.late) as bigint) as late
from attendance_week w
join roll e on e.line = w.line
where w.boarder = 0
group by w.place, e.school_year, w.week_start, w.half_term, e.nc_year, w.code, w.class
