-- question: How many sessions of each code has a school, week by week, of all its pupils and of those in published figures?
-- key: place, cohort, school_year, week_start, half_term, nc_year, code
-- source: law.md 1.4, 4; field.md 4: what is published, and what a chart of a year is drawn from
-- kind: view
-- refresh: place, week_start of attendance_week; place of roll; place of published_line
-- column place: The school.
-- column cohort: working (all on the roll) or statistical (`published_line`).
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
select w.place, k.cohort, w.school_year, w.week_start, w.half_term, w.nc_year, w.code, w.class,
       cast(sum(w.sessions) as bigint) as sessions, cast(sum(w.possible) as bigint) as possible,
       cast(sum(w.present) as bigint) as present, cast(sum(w.absent) as bigint) as absent,
       cast(sum(w.late) as bigint) as late
from (
  select s.place, e.school_year, s.week_start, s.half_term, e.nc_year, s.code, s.class,
         case when s.week_start < p.weeks_before then 1 else 0 end as published,
         sum(s.sessions) as sessions, sum(s.possible) as possible, sum(s.present) as present, sum(s.absent) as absent,
         sum(s.late) as late
  from attendance_week s
  join roll e on e.line = s.line
  join published_line p on p.line = s.line
  where s.why = ''
  group by s.place, e.school_year, s.week_start, s.half_term, e.nc_year, s.code, s.class,
           case when s.week_start < p.weeks_before then 1 else 0 end
) as w
cross join (select 'working' as cohort union all select 'statistical' as cohort) as k
where k.cohort = 'working' or w.published = 1
group by w.place, k.cohort, w.school_year, w.week_start, w.half_term, w.nc_year, w.code, w.class
