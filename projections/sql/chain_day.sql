-- question: Which are the school days and school weeks of each register, numbered in order, over a conversion where the authority says so?
-- key: chain, session_date
-- source: Education Act 1996 s.579(1) (school day); PNR reg 9A(6) (school week); law.md 3.2, 5.1
-- refresh: chain of place_day
-- column chain: Whose register it is: the place, or the last one to which its register went over.
-- column session_date: The date: at least one session is held.
-- column place: The place by whose calendar and register the chain goes on this date.
-- column week_start: The Monday of its week.
-- column am: 1: the morning session is held.
-- column pm: 1: the afternoon session is held.
-- column sessions_held: How many.
-- column day_no: School days of the chain, counted from 1.
-- column week_no: School weeks of the chain, counted from 1.
-- column cancelled_before: Days wholly cancelled (Y4) before this one: no school days, skipped in every count.
select chain, session_date, place, week_start, am, pm, cast(am + pm as smallint) as sessions_held,
       cast(row_number() over (partition by chain order by session_date) as integer) as day_no,
       cast(dense_rank() over (partition by chain order by week_start) as integer) as week_no,
       cancelled_before
from (
  select w.chain, w.session_date, w.place, d.week_start, w.am, w.pm,
         cast(sum(w.cancelled) over (partition by w.chain order by w.session_date
                                     rows between unbounded preceding and current row) as integer) as cancelled_before
  from (
    select chain, session_date, place, am, pm, cancelled,
           row_number() over (partition by chain, session_date order by own desc, place) as choice
    from place_day
  ) as w
  join day d on d.session_date = w.session_date
  where w.choice = 1
) as numbered
where am = 1 or pm = 1
