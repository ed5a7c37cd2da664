-- question: Which entries N were amended only after the fifth school day?
-- key: position
-- source: PRR reg 10(7)-(9); law.md 2.4; only where an entry stands and was called for (`counted_entry`: on the roll, no boarder, a session held); what was withdrawn since is in `amendments`. Late at the school (by the date that it gives) and late at the ledger are two things
-- refresh: place, line, session_date, session of change; place, line, session_date, session of counted_entry; place, chain of register_chain; chain of chain_day
-- column place: The place.
-- column line: The line.
-- column chain: Whose register it is.
-- column session_date: The day of the session.
-- column session: 1 morning, 2 afternoon.
-- column position: Where the ledger has the amendment.
-- column new: What it said from then on.
-- column due_on: The fifth school day after the session.
-- column amended_on: The date of the amendment by the school's word: the date stated, else the day on which the school says that it was keyed; empty where neither is said.
-- column recorded_on: The local date on which the ledger had it.
-- column late_at_school: 1: by the school's own date it was late; 0: in time by that; empty: no date was said.
select a.place, a.line, c.chain, a.session_date, a.session, a.position, a.new, due.session_date as due_on, a.amended_on,
       a.recorded_on,
       cast(case when a.amended_on is null then null when a.amended_on > due.session_date then 1 else 0 end as smallint)
         as late_at_school
from (
  select place, line, session_date, session, position, new, recorded_on,
         coalesce(amended_on, said_on) as amended_on
  from change
  where original = 'N' and new <> 'N'
) as a
join register_chain c on c.place = a.place
join chain_day d on d.chain = c.chain and d.session_date = a.session_date
join chain_day due on due.chain = c.chain and due.day_no = d.day_no + 5
join counted_entry r on r.line = a.line and r.session_date = a.session_date and r.session = a.session
where (a.recorded_on > due.session_date or a.amended_on > due.session_date)
  and r.why not in ('off_roll', 'guest', 'boarder', 'not_held')
