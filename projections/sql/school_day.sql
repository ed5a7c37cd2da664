-- question: Which are a school's school days and school weeks, numbered in order through all its years?
-- key: place, session_date
-- source: Education Act 1996 s.579(1) (school day); PNR reg 9A(6) (school week: a week with at least one session)
-- refresh: place of calendar; place of half_term_day
-- column place: The place.
-- column session_date: The date: at least one session is held.
-- column sessions_held: How many.
-- column week_start: The Monday of its week.
-- column weekday: 1 Monday ... 7 Sunday.
-- column school_year: As 202526, by the half term; empty where the date lies in none.
-- column half_term: 1 to 6; 0 where the date lies in none.
-- column day_no: School days of this place, counted from 1.
-- column week_no: School weeks of this place, counted from 1.
select h.place, h.session_date, h.sessions_held, d.week_start, d.weekday, t.school_year,
       cast(coalesce(t.half_term, 0) as smallint) as half_term,
       cast(row_number() over (partition by h.place order by h.session_date) as integer) as day_no,
       cast(dense_rank() over (partition by h.place order by d.week_start) as integer) as week_no
from (
  select place, session_date, cast(count(*) as smallint) as sessions_held
  from calendar
  where status = 'held'
  group by place, session_date
) as h
join day d on d.session_date = h.session_date
left join half_term_day t on t.place = h.place and t.session_date = h.session_date
