-- question: How many pupils are on the roll of a school on each school day?
-- key: place, session_date
-- source: PRR reg 8, 9; law.md 0.3 (registered pupil)
-- refresh: place of school_day; place of roll
-- column place: The place.
-- column session_date: The school day.
-- column on_roll: Lines on the roll that day, boarders too.
select place, session_date, on_roll
from (
  select place, session_date, school_day,
         cast(sum(step) over (partition by place order by session_date
                              range between unbounded preceding and current row) as integer) as on_roll
  from (
    select place, from_date as session_date, 1 as step, 0 as school_day from roll
    union all
    select place, to_date + 1 as session_date, -1 as step, 0 as school_day from roll
    union all
    select place, session_date, 0 as step, 1 as school_day from school_day
  ) as steps
) as counted
where school_day = 1
