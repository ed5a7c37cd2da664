-- question: How many sessions of each code are there in a year, by school and phase, as the figures are published?
-- key: school_year, place, code
-- source: law.md 1.4; the columns of data/README.md
-- kind: view
-- refresh: place of attendance_week; place of roll; place of place_now
-- column school_year: As 202526.
-- column place: The school.
-- column education_phase: As published.
-- column code: A national code.
-- column class: How it is counted.
-- column sessions: Sessions with it, of pupils on the roll who do not board.
select e.school_year, w.place, n.education_phase, w.code, w.class, cast(sum(w.sessions) as bigint) as sessions
from attendance_week w
join roll e on e.line = w.line
join place_now n on n.place = w.place
where w.boarder = 0
group by e.school_year, w.place, n.education_phase, w.code, w.class
