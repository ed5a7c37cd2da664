-- question: Which entries still say N after the fifth school day?
-- key: line, session_date, session
-- source: PRR reg 10(9): then O is what the regulation asks for; the ledger changes nothing by itself; law.md 2.4
-- kind: view
-- refresh: line, session_date, session of unresolved_n
-- column place: The place.
-- column line: The line.
-- column child: The identity that stays, of all that are this one child.
-- column session_date: The day of the session.
-- column session: 1 morning, 2 afternoon.
-- column position: Where the ledger has the entry.
-- column due_on: The fifth school day after.
select n.place, n.line, n.child, n.session_date, n.session, n.position, n.due_on
from unresolved_n n
cross join asked a
where n.due_on < a.today
