-- question: Which sessions were held, and have no register at all?
-- key: place, session_date, session
-- source: PRR reg 10(1): a register for every session. Held by the calendar, pupils on roll, the day has come, and no entry stands. Schools where all board keep none
-- kind: view
-- refresh: place, session_date, session of calendar; place, session_date of roll_day; place, session_date, session of session_entries; place, session_date, session of register_opened; place, session_date, session of register_not_taken; all of place
-- column place: The place.
-- column session_date: The day of the session.
-- column session: 1 morning, 2 afternoon.
-- column on_roll: Pupils on the roll that day.
-- column opened: 1: something was heard of this register, and no entry stands: codes told beforehand, or entries withdrawn.
-- column why: What the school says of why it was not taken: system_down, emergency, staff or not_known; empty: it said nothing.
-- column is_today: 1: the session is of the day asked about, and may still come.
select k.place, k.session_date, k.session, z.on_roll,
       cast(case when o.place is null then 0 else 1 end as smallint) as opened, t.why,
       cast(case when k.session_date = a.today then 1 else 0 end as smallint) as is_today
from calendar k
cross join asked a
join roll_day z on z.place = k.place and z.session_date = k.session_date
left join session_entries s on s.place = k.place and s.session_date = k.session_date and s.session = k.session
left join (select distinct place, session_date, session from register_opened) as o
  on o.place = k.place and o.session_date = k.session_date and o.session = k.session
left join (
  select place, session_date, session, why,
         row_number() over (partition by place, session_date, session order by position desc) as age
  from register_not_taken
  where class is null
) as t on t.place = k.place and t.session_date = k.session_date and t.session = k.session and t.age = 1
where k.status = 'held' and k.session_date <= a.today and z.on_roll > 0 and s.place is null
  and not exists (
    select 1
    from (
      select place, boarding, row_number() over (partition by place order by position desc) as age
      from place
    ) as p
    where p.place = k.place and p.age = 1 and p.boarding = 'all'
  )
