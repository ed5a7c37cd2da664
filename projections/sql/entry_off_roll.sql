-- question: Which entries stand for a day on which the line is not on the roll, as known now?
-- key: line, session_date, session
-- source: PRR reg 10(1) (registered pupils); guests' entries are among them; law.md 6.3 row 14
-- refresh: place, line, session_date, session of register; place, line of roll
-- column place: The place.
-- column line: The line.
-- column session_date: The day of the session.
-- column session: 1 morning, 2 afternoon.
-- column code: The code.
-- column position: Where the ledger has the entry.
select r.place, r.line, r.session_date, r.session, r.code, r.position
from register r
left join roll e on e.line = r.line
where e.line is null or r.session_date < e.from_date or r.session_date > e.to_date
