-- question: Which entries still say N, and by which school day must each be amended?
-- key: line, session_date, session
-- source: PRR reg 10(7)-(9); law.md 2.4: within five school days; day 1 is the first school day after. No today: overdue_n asks that
-- refresh: place, line, session_date, session of relevant_entry; place, chain of register_chain; chain of chain_day
-- column place: The place.
-- column line: The line.
-- column child: The identity that stays, of all that are this one child.
-- column chain: Whose register it is.
-- column session_date: The day of the session.
-- column session: 1 morning, 2 afternoon.
-- column position: Where the ledger has the entry.
-- column due_on: The fifth school day after, by whose close N must be gone; empty where the calendar does not say: no deadline is guessed.
-- column told: 1: the place's calendar has the session; 0: no calendar told.
select r.place, r.line, r.child, c.chain, r.session_date, r.session, r.position, due.session_date as due_on,
       r.told
from relevant_entry r
join register_chain c on c.place = r.place
left join chain_day d on d.chain = c.chain and d.session_date = r.session_date
left join chain_day due on due.chain = c.chain and due.day_no = d.day_no + 5
where r.code = 'N'
