-- question: Who, on the roll, has no entry in a session whose register was taken?
-- key: line, session_date, session
-- source: PRR reg 10(1): an entry for every registered pupil; a day with such a session qualifies for no run (law.md 3.2). Boarders need none. Whole registers that are missing: register_missing
-- kind: view
-- refresh: place, session_date, session of session_entries; place, session_date of roll_day; place, session_date, session of calendar; line, session_date, session of register; line of roll; line of boarder_spell; place, session_date, session of entry_off_roll
-- column place: The place.
-- column line: The line.
-- column pupil: The pupil.
-- column session_date: The day of the session.
-- column session: 1 morning, 2 afternoon.
with gap (place, session_date, session) as (
  select k.place, k.session_date, k.session
  from calendar k
  join session_entries s on s.place = k.place and s.session_date = k.session_date and s.session = k.session
  join roll_day z on z.place = k.place and z.session_date = k.session_date
  left join (
    select place, session_date, session, count(*) as entries
    from entry_off_roll
    group by place, session_date, session
  ) as o on o.place = k.place and o.session_date = k.session_date and o.session = k.session
  where k.status = 'held' and s.entries - coalesce(o.entries, 0) < z.on_roll
)
select e.place, e.line, e.child as pupil, g.session_date, g.session
from gap g
join roll e on e.place = g.place and g.session_date between e.from_date and e.to_date
left join register m on m.line = e.line and m.session_date = g.session_date and m.session = g.session
where m.line is null
  and not exists (
    select 1 from boarder_spell b
    where b.line = e.line and g.session_date >= b.from_date and g.session_date < b.until_date
  )
