-- question: Which codes told beforehand were never confirmed, though the register was taken?
-- key: line, session_date, session
-- source: events.md 2.3 (MarkForeseen); field.md 1.1b, f. Whether such codes count is the authority's setting
-- refresh: place, line, session_date, session of foreseen; place, line, session_date, session of mark; place, session_date, session of session_entries
-- column label: pre_entered_never_confirmed.
-- column place: The place.
-- column line: The pupil's line.
-- column session_date: The day of the session.
-- column session: 1 morning, 2 afternoon.
-- column position: Where the ledger has what was told beforehand last.
-- column recorded_on: When the ledger recorded it, local date.
-- column code: The code told; empty: what was sent is mapped to none.
select 'pre_entered_never_confirmed' as label, f.place, f.line, f.session_date, f.session, f.position, f.recorded_on,
       f.code
from (
  select place, line, session_date, session, position, recorded_on, code,
         row_number() over (partition by line, session_date, session order by position desc) as age
  from foreseen
) as f
join session_entries s on s.place = f.place and s.session_date = f.session_date and s.session = f.session
left join mark m on m.line = f.line and m.session_date = f.session_date and m.session = f.session and m.kind = 'mark'
where f.age = 1 and m.line is null
