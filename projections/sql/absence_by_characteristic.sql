-- question: How does absence differ by characteristic? For those who may see them
-- key: cohort, school_year, place, kind, value
-- source: law.md 4; field.md 4; KENT s.24-25
-- kind: view
-- refresh: all of persistent_absence; all of characteristic_now
-- column cohort: working or statistical.
-- column school_year: As 202526.
-- column place: The school; empty for the authority.
-- column kind: Which characteristic.
-- column value: As recorded last of each line.
-- column enrolments: Lines with a possible session and that value.
-- column persistent: Of them persistently absent.
-- column severe: Of them severely absent.
-- column possible: Possible sessions.
-- column absent: Absent sessions.
select p.cohort, p.school_year, p.place, c.kind, c.value, count(*) as enrolments,
       count(*) filter (where p.persistent = 1) as persistent, count(*) filter (where p.severe = 1) as severe,
       cast(sum(p.possible) as bigint) as possible, cast(sum(p.absent) as bigint) as absent
from persistent_absence p
join characteristic_now c on c.line = p.line and c.latest = 1
group by grouping sets ((p.cohort, p.school_year, c.kind, c.value), (p.cohort, p.school_year, p.place, c.kind, c.value))
