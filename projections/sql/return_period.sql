-- question: For which periods does each school make its attendance return, until when, and which of them were closed?
-- key: place, to_date
-- source: PRR reg 13(7)-(8), law.md 3.3. By the interval agreed with the school, else by the authority's setting, else each calendar month (Working together). A return that was closed ends its period: the next one begins the day after. Due on the last day of the interval [I]: the regulation gives no days of grace
-- refresh: place of school_day; place of term_date; place of return_interval; all of setting; place of attendance_return_closed
-- column place: The school.
-- column from_date: The day after the last return ended; of the first, the first school day that is known.
-- column to_date: The last day that the return covers.
-- column due_on: The last day of the interval.
-- column basis: agreed, agreed_term (once a term), setting, or month (nothing was agreed or set).
-- column interval_days: Days of the interval; empty: a month or a term.
-- column weaker: 1: the interval is longer than once per calendar month, which guidance has.
-- column closed_position: Where the ledger has it that the return was closed; empty: it was not.
-- column closed_on: When the ledger recorded that, local date.
-- column pupils: Pupils returned, as closed.
-- column nil: 1: closed with nobody in it.
with agreed (place, from_date, until_date, interval_days, termly) as (
  select place, from_date,
         lead(from_date, 1, cast('2999-12-31' as date)) over (partition by place order by from_date),
         interval_days, termly
  from (
    select place, from_date, interval_days, termly,
           row_number() over (partition by place, from_date order by position desc) as age
    from return_interval
  ) as last_word
  where age = 1
),
made_setting (from_date, until_date, interval_days) as (
  select applies_from, lead(applies_from, 1, cast('2999-12-31' as date)) over (order by applies_from), value_int
  from (
    select applies_from, value_int, row_number() over (partition by applies_from order by position desc) as age
    from setting
    where setting = 'attendance_return_interval_days' and value_int > 0
  ) as last_word
  where age = 1
),
day_number (session_date, number) as (
  select session_date, row_number() over (order by session_date) from day
),
term (place, school_year, half_term, from_date, to_date) as (
  select t.place, t.school_year, t.half_term, min(o.from_date), max(o.to_date)
  from term_date t
  join term_date o on o.place = t.place and o.school_year = t.school_year
                  and o.half_term + mod(o.half_term, 2) = t.half_term + mod(t.half_term, 2)
  group by t.place, t.school_year, t.half_term
),
ruled (place, session_date, basis, interval_days, from_date, to_date) as (
  select s.place, s.session_date,
         case when t.place is not null then 'agreed_term'
              when a.interval_days > 0 then 'agreed'
              when a.place is null and m.interval_days > 0 then 'setting'
              else 'month' end,
         case when t.place is not null then null
              when a.interval_days > 0 then a.interval_days
              when a.place is null then m.interval_days end,
         case when t.place is not null then t.from_date
              when a.interval_days > 0 then s.session_date - cast(mod(n.number - na.number, a.interval_days) as integer)
              when a.place is null and m.interval_days > 0
                then s.session_date - cast(mod(n.number - nm.number, m.interval_days) as integer)
              else d.month_start end,
         case when t.place is not null then t.to_date
              when a.interval_days > 0
                then s.session_date - cast(mod(n.number - na.number, a.interval_days) as integer) + a.interval_days - 1
              when a.place is null and m.interval_days > 0
                then s.session_date - cast(mod(n.number - nm.number, m.interval_days) as integer) + m.interval_days - 1
              else d.month_end end
  from school_day s
  join day d on d.session_date = s.session_date
  join day_number n on n.session_date = s.session_date
  left join agreed a on a.place = s.place and s.session_date >= a.from_date and s.session_date < a.until_date
  left join day_number na on na.session_date = a.from_date
  left join made_setting m on s.session_date >= m.from_date and s.session_date < m.until_date
  left join day_number nm on nm.session_date = m.from_date
  left join term t on a.termly = 1 and t.place = s.place and t.school_year = s.school_year and t.half_term = s.half_term
),
planned (place, basis, interval_days, first_day, to_date) as (
  select place, basis, interval_days, first_day,
         case when next_day <= to_date then next_day - 1 else to_date end
  from (
    select place, basis, interval_days, first_day, to_date,
           lead(first_day, 1, cast('2999-12-31' as date)) over (partition by place order by first_day) as next_day
    from (
      select place, basis, interval_days, from_date, to_date, min(session_date) as first_day
      from ruled
      group by place, basis, interval_days, from_date, to_date
    ) as grouped
  ) as followed
),
closed (place, to_date) as (
  select distinct place, to_date from attendance_return_closed
),
ended (place, to_date, due_on, basis, interval_days) as (
  select p.place, p.to_date, p.to_date, p.basis, p.interval_days
  from planned p
  where not exists (
    select 1 from closed c where c.place = p.place and c.to_date >= p.first_day and c.to_date <= p.to_date
  )
  union all
  select c.place, c.to_date, coalesce(p.to_date, c.to_date), coalesce(p.basis, 'month'), p.interval_days
  from closed c
  left join planned p on p.place = c.place and c.to_date >= p.first_day and c.to_date <= p.to_date
),
first_known (place, from_date) as (
  select place, min(session_date) from school_day group by place
),
covered (place, to_date, position) as (
  select e.place, e.to_date, max(c.position)
  from ended e
  join attendance_return_closed c on c.place = e.place and e.to_date between c.from_date and c.to_date
  group by e.place, e.to_date
)
select e.place,
       coalesce(lag(e.to_date, 1) over (partition by e.place order by e.to_date) + 1, f.from_date, e.to_date) as from_date,
       e.to_date, e.due_on, e.basis, e.interval_days,
       cast(case when e.basis = 'agreed_term' or e.interval_days > w.weaker_above then 1 else 0 end as smallint) as weaker,
       c.position as closed_position, c.recorded_on as closed_on, c.pupils, c.nil
from ended e
left join first_known f on f.place = e.place
left join setting_rule w on w.setting = 'attendance_return_interval_days'
left join covered v on v.place = e.place and v.to_date = e.to_date
left join attendance_return_closed c on c.position = v.position
