-- question: Which entries stand for pupils of whom more than one register, or a provider, must be asked?
-- key: line, session_date, session
-- source: law.md 6.3, 7.4; and every D. Thin on purpose: what compares registers reads this
-- refresh: line, session_date, session of register; line of watched_line; line of line_now
-- column place: The place.
-- column line: The line.
-- column child: The pupil.
-- column session_date: The day of the session.
-- column session: 1 morning, 2 afternoon.
-- column code: The code that stands.
-- column position: Where the ledger has the entry.
select r.place, r.line, w.child, r.session_date, r.session, r.code, r.position
from register r
join watched_line w on w.line = r.line
union all
select r.place, r.line, l.child, r.session_date, r.session, r.code, r.position
from register r
join line_now l on l.line = r.line
where r.code = 'D' and not exists (select 1 from watched_line w where w.line = r.line)
