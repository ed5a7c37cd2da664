-- question: When does each half term of each place begin and end?
-- key: place, school_year, half_term
-- source: events.md 1.2 (TermSet); law.md 0.3
-- refresh: place, school_year, half_term of half_term
-- column place: The place.
-- column school_year: As 202526.
-- column half_term: 1 and 2 autumn, 3 and 4 spring, 5 and 6 summer.
-- column from_date: First day.
-- column to_date: Last day.
select place, school_year, half_term, from_date, to_date
from (
  select h.place, h.school_year, h.half_term, h.from_date, h.to_date, h.stands,
         row_number() over (partition by h.place, h.school_year, h.half_term order by h.position desc) as age
  from half_term h
) as last_word
where age = 1 and stands = 1
