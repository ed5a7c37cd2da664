-- question: How many sessions of each code has a pupil, by half term?
-- key: line, half_term, code
-- source: law.md 1.2, 3.1 (census: a count of each code)
-- kind: view
-- refresh: line of attendance_week
-- column line: The line.
-- column place: The place.
-- column half_term: 1 to 6, 0 for none.
-- column code: A national code.
-- column class: How it is counted.
-- column sessions: Sessions with it.
select line, place, half_term, code, class, cast(sum(sessions) as bigint) as sessions
from attendance_week
where why = ''
group by line, place, half_term, code, class
