-- question: Which entries N were amended only after the fifth school day?
-- key: position
-- source: PRR reg 10(7)-(9); law.md 2.4. Late at the school (by the date that it gives) and late at the ledger are two things
-- refresh: place, line, session_date, session of change; place, chain of register_chain; chain of chain_day
-- column place: The place.
-- column line: The line.
-- column chain: Whose register it is.
-- column session_date: The day of the session.
-- column session: 1 morning, 2 afternoon.
-- column position: Where the ledger has the amendment.
-- column new: What it said from then on.
-- column due_on: The fifth school day after the session.
-- column amended_on: The date of the amendment by the school's word; empty where not said.
-- column recorded_on: The local date on which the ledger had it.
-- column late_at_school: 1: by the school's own date it was late; 0: in time by that; empty: no date was said.
select a.place, a.line, c.chain, a.session_date, a.session, a.position, a.new, due.session_date as due_on, a.amended_on,
       a.recorded_on,
       cast(case when a.amended_on is null then null when a.amended_on > due.session_date then 1 else 0 end as smallint)
         as late_at_school
from change a
join register_chain c on c.place = a.place
join chain_day d on d.chain = c.chain and d.session_date = a.session_date
join chain_day due on due.chain = c.chain and due.day_no = d.day_no + 5
where a.original = 'N' and a.new <> 'N'
  and (a.recorded_on > due.session_date or a.amended_on > due.session_date)
