-- question: On which days does each place meet as far as it told, and in which half term do they lie?
-- key: place, session_date
-- source: Education Act 1996 s.579(1); law.md 0.3, 4 (sessions not held). What each day's entries are counted by
-- refresh: place, session_date of calendar; place, session_date of half_term_day
-- column place: The place.
-- column session_date: The date.
-- column week_start: The Monday of its week.
-- column half_term: 1 to 6; 0 where the date lies in no half term.
-- column am: 1: the morning session is held; 0: it is not; empty: nothing was told of it.
-- column pm: The same of the afternoon.
-- column told: 1: a calendar was told for this day.
select coalesce(k.place, t.place) as place, d.session_date, d.week_start,
       cast(coalesce(t.half_term, 0) as smallint) as half_term, k.am, k.pm,
       cast(case when k.am is null and k.pm is null then 0 else 1 end as smallint) as told
from (
  select place, session_date,
         cast(max(case when session = 1 then case when status = 'held' then 1 else 0 end end) as smallint) as am,
         cast(max(case when session = 2 then case when status = 'held' then 1 else 0 end end) as smallint) as pm
  from calendar
  where status <> 'not_known'
  group by place, session_date
) as k
full join half_term_day t on t.place = k.place and t.session_date = k.session_date
join day d on d.session_date = coalesce(k.session_date, t.session_date)
