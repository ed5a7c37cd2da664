-- question: How many sessions of each code are there in a year, by school and phase, of all pupils and as the figures are published?
-- key: school_year, place, cohort, code
-- source: law.md 1.4, 4; the columns of data/README.md
-- kind: view
-- refresh: place of attendance_week; place of roll; place of published_line; place of place_now
-- column school_year: As 202526.
-- column place: The school.
-- column cohort: working (all on the roll) or statistical (`published_line`).
-- column education_phase: As published.
-- column code: A national code.
-- column class: How it is counted.
-- column sessions: Sessions with it that count.
select w.school_year, w.place, k.cohort, n.education_phase, w.code, w.class, cast(sum(w.sessions) as bigint) as sessions
from (
  select e.school_year, s.place, s.code, s.class,
         case when s.week_start < p.weeks_before then 1 else 0 end as published, sum(s.sessions) as sessions
  from attendance_week s
  join roll e on e.line = s.line
  join published_line p on p.line = s.line
  where s.why = ''
  group by e.school_year, s.place, s.code, s.class, case when s.week_start < p.weeks_before then 1 else 0 end
) as w
join place_now n on n.place = w.place
cross join (select 'working' as cohort union all select 'statistical' as cohort) as k
where k.cohort = 'working' or w.published = 1
group by w.school_year, w.place, k.cohort, n.education_phase, w.code, w.class
