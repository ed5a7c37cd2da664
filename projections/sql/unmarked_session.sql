-- question: Who, on the roll, has no entry in a session whose register was taken?
-- key: line, session_date, session
-- source: PRR reg 10(1): an entry for every registered pupil; a day with such a session qualifies for no run (law.md 3.2). Boarders need none. Whole registers that are missing: register_missing
-- kind: view
-- refresh: place, session_date, session of register_gap; line, session_date, session of register; place, line of roll; line of boarder_spell
-- column place: The place.
-- column line: The line.
-- column child: The identity that stays, of all that are this one child.
-- column session_date: The day of the session.
-- column session: 1 morning, 2 afternoon.
select e.place, e.line, e.child, g.session_date, g.session
from register_gap g
join roll e on e.place = g.place and g.session_date between e.from_date and e.to_date
left join (
  select r.place, r.line, r.session_date, r.session
  from register_gap h
  join register r on r.place = h.place and r.session_date = h.session_date and r.session = h.session
) as m on m.place = e.place and m.line = e.line and m.session_date = g.session_date and m.session = g.session
where m.line is null
  and not exists (
    select 1 from boarder_spell b
    where b.line = e.line and g.session_date >= b.from_date and g.session_date < b.until_date
  )
