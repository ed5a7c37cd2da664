-- question: How many enrolments are persistently or severely absent, by authority, phase, school and year group?
-- key: cohort, school_year, level, education_phase, place, nc_year
-- source: law.md 4 (EES-M): an area's rate is its enrolments over the line by its enrolments; of sessions, sums by sums
-- kind: view
-- refresh: all of persistent_absence; all of place_now
-- column cohort: working or statistical.
-- column school_year: As 202526.
-- column level: authority, phase, school, year_group (of the authority) or school_year_group.
-- column education_phase: As published; empty for the authority and its year groups.
-- column place: The school; empty for what is no one school's.
-- column nc_year: National curriculum year; empty where it is not what is summed by, or not known.
-- column enrolments: Lines with a possible session.
-- column persistent: Of them persistently absent.
-- column severe: Of them severely absent.
-- column possible: Possible sessions.
-- column absent: Absent sessions.
-- column authorised: Authorised ones.
-- column unauthorised: Unauthorised ones.
select p.cohort, p.school_year,
       case when grouping(p.place) = 0 and grouping(p.nc_year) = 0 then 'school_year_group'
            when grouping(p.place) = 0 then 'school'
            when grouping(p.nc_year) = 0 then 'year_group'
            when grouping(n.education_phase) = 0 then 'phase'
            else 'authority' end as level,
       n.education_phase, p.place, p.nc_year, count(*) as enrolments,
       count(*) filter (where p.persistent = 1) as persistent, count(*) filter (where p.severe = 1) as severe,
       cast(sum(p.possible) as bigint) as possible, cast(sum(p.absent) as bigint) as absent,
       cast(sum(p.authorised) as bigint) as authorised, cast(sum(p.unauthorised) as bigint) as unauthorised
from persistent_absence p
join place_now n on n.place = p.place
group by grouping sets (
  (p.cohort, p.school_year), (p.cohort, p.school_year, n.education_phase), (p.cohort, p.school_year, p.nc_year),
  (p.cohort, p.school_year, n.education_phase, p.place), (p.cohort, p.school_year, n.education_phase, p.place, p.nc_year)
)
