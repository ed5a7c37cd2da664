-- question: Which entries were ever made for a pupil's session, and what stood before each?
-- key: position
-- source: PRR reg 6; law.md 2.3. Only sessions that were amended or withdrawn; the others have the one entry of `register`
-- refresh: line, session_date, session of mark
-- column place: The place.
-- column line: The line.
-- column session_date: The day of the session.
-- column session: 1 morning, 2 afternoon.
-- column position: Where the ledger has the entry.
-- column recorded_at: When it was recorded, UTC.
-- column recorded_on: Its local date.
-- column step: 1 for the first entry, 2 for the next, and so on.
-- column kind: mark, amendment or withdrawal.
-- column code: The code from then on; empty where it was withdrawn.
-- column earlier_code: The code that stood before; empty where none did.
-- column earlier_position: Where the ledger has the entry before; empty for the first.
-- column last_step: 1: the entry that stands, or the withdrawal after which none does.
select h.place, h.line, h.session_date, h.session, h.position, h.recorded_at, h.recorded_on, h.step, h.kind, h.code,
       h.earlier_code, h.earlier_position, cast(case when h.later_position is null then 1 else 0 end as smallint) as last_step
from (
  select m.place, m.line, m.session_date, m.session, m.position, m.recorded_at, m.recorded_on, m.kind, m.code,
         cast(row_number() over entries as integer) as step, lag(m.code) over entries as earlier_code,
         lag(m.position) over entries as earlier_position, lead(m.position) over entries as later_position
  from mark m
  join (select distinct line, session_date, session from mark where kind <> 'mark') as k
    on k.line = m.line and k.session_date = m.session_date and k.session = m.session
  window entries as (partition by m.line, m.session_date, m.session order by m.position)
) as h
