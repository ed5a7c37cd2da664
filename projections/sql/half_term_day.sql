-- question: In which half term does a date lie? Of two that overlap, in the one that begins later.
-- key: place, session_date
-- source: domain/calendar; law.md 4 (Year 11 cut-off)
-- refresh: place of term_date
-- column place: The place.
-- column session_date: The date.
-- column school_year: As 202526.
-- column half_term: 1 and 2 autumn, 3 and 4 spring, 5 and 6 summer.
select place, session_date, school_year, half_term
from (
  select t.place, d.session_date, t.school_year, t.half_term,
         row_number() over (partition by t.place, d.session_date order by t.from_date desc, t.school_year desc, t.half_term desc) as choice
  from term_date t
  join day d on d.session_date between t.from_date and t.to_date
) as terms
where choice = 1
