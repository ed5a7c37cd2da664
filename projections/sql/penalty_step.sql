-- question: Which entries added a session that counts towards a penalty notice, or took one away, and in which school week?
-- key: position
-- source: PNR reg 9A; law.md 5.1. As relevant_change, for sessions held, from 19 August 2024, not outside compulsory school age
-- refresh: place, line, session_date of relevant_change; place, line of roll; place, session_date of chain_day
-- column place: The place.
-- column line: The line.
-- column pupil: The pupil.
-- column chain: Whose register it is.
-- column session_date: The day of the session.
-- column session: 1 morning, 2 afternoon.
-- column week_no: The school week, by the calendar as known at the moment asked.
-- column position: Where the ledger has the entry.
-- column recorded_at: When it was recorded, UTC.
-- column delta: 1: from now on it counts; -1: no longer.
select c.place, c.line, c.pupil, d.chain, c.session_date, c.session, d.week_no, c.position, c.recorded_at, c.delta
from relevant_change c
join chain_day d on d.place = c.place and d.session_date = c.session_date
join roll e on e.line = c.line
where c.session_date >= cast('2024-08-19' as date)
  and ((c.session = 1 and d.am = 1) or (c.session = 2 and d.pm = 1))
  and (e.csa_from is null or e.csa_until is null or c.session_date between e.csa_from and e.csa_until)
