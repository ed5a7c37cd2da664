-- question: In which sessions whose register was taken has somebody on the roll no entry, and how many?
-- key: place, session_date, session
-- source: PRR reg 10(1): an entry for every registered pupil. Boarders, who need none, are among them here; unmarked_session leaves them out and says who
-- refresh: place, session_date, session of calendar; place, session_date, session of session_entries; place, session_date of roll_day; place, session_date, session of entry_off_roll
-- column place: The place.
-- column session_date: The day of the session.
-- column session: 1 morning, 2 afternoon.
-- column on_roll: Lines on the roll that day.
-- column unmarked: Those of them without an entry.
select k.place, k.session_date, k.session, z.on_roll,
       cast(z.on_roll - s.entries + coalesce(o.entries, 0) as integer) as unmarked
from calendar k
join session_entries s on s.place = k.place and s.session_date = k.session_date and s.session = k.session
join roll_day z on z.place = k.place and z.session_date = k.session_date
left join (
  select place, session_date, session, count(*) as entries
  from entry_off_roll
  group by place, session_date, session
) as o on o.place = k.place and o.session_date = k.session_date and o.session = k.session
where k.status = 'held' and z.on_roll - s.entries + coalesce(o.entries, 0) > 0
