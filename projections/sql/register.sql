-- question: Which entry stands for each pupil in each session?
-- key: line, session_date, session
-- source: PRR reg 6 and 10; DESIGN "The way of a mark". The last entry by position stands; one that was withdrawn leaves
-- refresh: line, session_date, session of mark
-- column place: The place in whose register it stands.
-- column session_date: The day of the session.
-- column week_start: The Monday of its week.
-- column session: 1 morning, 2 afternoon.
-- column line: The pupil's line.
-- column code: The code; empty text where the source sent what nobody mapped.
-- column kind: mark, or amendment of an earlier entry.
-- column position: Where the ledger has the entry.
with later (line, session_date, session, position) as (
  select line, session_date, session, max(position)
  from mark
  where kind <> 'mark'
  group by line, session_date, session
)
select m.place, m.session_date, m.week_start, m.session, m.line, m.code, m.kind, m.position
from mark m
where m.kind = 'mark'
  and not exists (
    select 1 from later l where l.line = m.line and l.session_date = m.session_date and l.session = m.session
  )
union all
select m.place, m.session_date, m.week_start, m.session, m.line, m.code, m.kind, m.position
from mark m
join later l on l.position = m.position
where m.kind = 'amendment'
