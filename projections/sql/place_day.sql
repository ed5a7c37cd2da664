-- question: On which days does each place meet, on which was it to meet and did not, and which of them count for its chain?
-- key: place, session_date
-- source: Education Act 1996 s.579(1); PRR reg 10(10) (Y4); law.md 3.2 reading 4
-- refresh: place of calendar; place, chain of register_chain
-- column place: The place.
-- column session_date: The date.
-- column chain: Whose register its register goes on in.
-- column am: 1: the morning session is held.
-- column pm: 1: the afternoon session is held.
-- column cancelled: 1: no session is held, and at least one was cancelled (Y4): no school day.
-- column own: 1: the chain goes by this place on this date, and this place's calendar says something of it.
-- column linked: 1: more than one place is in the chain.
select k.place, k.session_date, c.chain, k.am, k.pm,
       cast(case when k.am = 0 and k.pm = 0 and k.called_off > 0 then 1 else 0 end as smallint) as cancelled,
       cast(case when k.stated > 0 and k.session_date >= c.from_date and k.session_date < c.until_date
            then 1 else 0 end as smallint) as own,
       c.linked
from (
  select place, session_date,
         cast(max(case when session = 1 and status = 'held' then 1 else 0 end) as smallint) as am,
         cast(max(case when session = 2 and status = 'held' then 1 else 0 end) as smallint) as pm,
         count(*) filter (where status = 'cancelled') as called_off,
         count(*) filter (where status <> 'not_known') as stated
  from calendar
  group by place, session_date
) as k
join register_chain c on c.place = k.place
where k.am = 1 or k.pm = 1 or k.called_off > 0 or (c.linked = 1 and k.stated > 0)
