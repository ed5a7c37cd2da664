-- question: Where a register says D (due at the other school), what does the other school's register say?
-- key: line, session_date, session
-- source: PRR reg 10(4) row D, 11(9)(a); law.md 7.4; events.md 3.1 (label other register silent)
-- refresh: child, session_date, session of watched_entry; child of roll
-- column place: The place whose register says D.
-- column line: The pupil's line there.
-- column child: The pupil.
-- column session_date: The day of the session.
-- column session: 1 morning, 2 afternoon.
-- column position: Where the ledger has the D.
-- column other_place: The other place, if it keeps an entry, else one on whose roll the pupil is that day; empty: none is known here.
-- column other_code: What its register says.
-- column finding: kept; other_register_silent; d_at_both; not_registered_elsewhere: no other register known here has the pupil that day.
select d.place, d.line, d.child, d.session_date, d.session, d.position,
       coalesce(max(o.place), max(e.place)) as other_place, max(o.code) as other_code,
       case when count(o.position) filter (where o.code <> 'D') > 0 then 'kept'
            when count(o.position) > 0 then 'd_at_both'
            when count(e.place) > 0 then 'other_register_silent'
            else 'not_registered_elsewhere' end as finding
from watched_entry d
left join watched_entry o
  on o.child = d.child and o.session_date = d.session_date and o.session = d.session and o.place <> d.place
left join roll e
  on e.child = d.child and e.place <> d.place and d.session_date between e.from_date and e.to_date
where d.code = 'D'
group by d.place, d.line, d.child, d.session_date, d.session, d.position
