-- question: Where a register says D (due at the other school), what does the other school's register say?
-- key: line, session_date, session
-- source: PRR reg 10(4) row D, 11(9)(a); law.md 7.4; events.md 3.1 (label other register silent)
-- refresh: child, session_date, session of watched_entry; child of roll
-- column place: The place whose register says D.
-- column line: The pupil's line there.
-- column child: The identity that stays, of all that are this one child.
-- column session_date: The day of the session.
-- column session: 1 morning, 2 afternoon.
-- column position: Where the ledger has the D.
-- column other_place: The other place that keeps an entry (of several one that does not say D, then the one first known), else one on whose roll the pupil is that day; empty: none is known here.
-- column other_code: What the register of that place says.
-- column finding: kept; other_register_silent; d_at_both; not_registered_elsewhere: no other register known here has the pupil that day.
select place, line, child, session_date, session, position, coalesce(kept_at, enrolled_at) as other_place, other_code,
       case when other_code <> 'D' then 'kept'
            when other_code = 'D' then 'd_at_both'
            when enrolled_at is not null then 'other_register_silent'
            else 'not_registered_elsewhere' end as finding
from (
  select d.place, d.line, d.child, d.session_date, d.session, d.position, o.place as kept_at, o.code as other_code,
         e.place as enrolled_at,
         row_number() over (partition by d.line, d.session_date, d.session
                            order by case when o.code is null then 2 when o.code = 'D' then 1 else 0 end,
                                     o.place nulls last, o.line nulls last, e.place nulls last, e.line nulls last) as choice
  from watched_entry d
  left join watched_entry o
    on o.child = d.child and o.session_date = d.session_date and o.session = d.session and o.place <> d.place
  left join roll e
    on e.child = d.child and e.place <> d.place and d.session_date between e.from_date and e.to_date
  where d.code = 'D'
) as each_other
where choice = 1
