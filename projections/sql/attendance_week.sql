-- question: How many sessions of each code has each pupil, week by week, and how many entries are left out of every count, and why?
-- key: line, week_start, half_term, why, code
-- source: law.md 1.4, 4 (EES-M): an enrolment's own sessions. The one pass over all entries; every longer period is a sum over it
-- refresh: place, line, week_start of counted_entry
-- column line: The line: one pupil, one place, one stay, one school year.
-- column place: The place.
-- column week_start: The Monday of the week.
-- column half_term: 1 to 6; 0 where the date lies in no half term.
-- column why: Empty where the entries count; else why they are left out, as of `counted_entry`.
-- column code: A national code; empty text where nobody mapped it.
-- column class: How it is counted: ATT, AEA, AUTH, UNAUTH, NPA or ADM; empty for an unmapped one.
-- column sessions: Entries with this code.
-- column possible: Those in the denominator; of what is left out none.
-- column present: Those attended, or at an approved educational activity.
-- column absent: Those absent, authorised or not.
-- column late: Those published as late.
select g.line, g.place, g.week_start, g.half_term, g.why, g.code, coalesce(c.class, '') as class, g.sessions,
       case when g.why = '' then g.sessions * c.possible else 0 end as possible,
       case when g.why = '' then g.sessions * c.present else 0 end as present,
       case when g.why = '' then g.sessions * c.absent else 0 end as absent,
       case when g.why = '' then g.sessions * c.late else 0 end as late
from (
  select line, max(place) as place, week_start, half_term, why, code, cast(count(*) as integer) as sessions
  from counted_entry
  group by line, week_start, half_term, why, code
) as g
left join code_rule c on c.code = g.code
