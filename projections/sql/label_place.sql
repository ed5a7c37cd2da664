-- question: What is odd about a place, its calendar, its policy, its sources and their codes?
-- key: place, label, position
-- source: events.md 1.2 (labels), 4; law.md 2.2; sentences: label_rule
-- refresh: place of place; place of policy; place of school_session; place of source; place of code_map; all of succession
-- column label: Its name; label_rule says what it means.
-- column place: The place.
-- column position: Where the ledger has it.
-- column recorded_on: When the ledger recorded that, local date.
-- column on_date: The day from which it holds, or the first day concerned.
-- column source: The source, of what is odd about one; else empty.
-- column detail: What kind, as coded.
-- column number: Days, minutes or sessions.
with day_number (session_date, number) as (
  select session_date, row_number() over (order by session_date) from day
),
described (place, laestab, kind, phase, from_date, position, recorded_on, age) as (
  select place, laestab, kind, phase, from_date, position, recorded_on,
         row_number() over (partition by place order by position desc)
  from place
),
digit (sign) as (
  values ('0'), ('1'), ('2'), ('3'), ('4'), ('5'), ('6'), ('7'), ('8'), ('9')
),
session_step (place, session_date, status, position, recorded_on, before) as (
  select place, session_date, status, position, recorded_on,
         lag(status) over (partition by place, session_date, session order by position)
  from school_session
),
source_now (place, source, system, carries_person, carries_reason, carries_entry_time, carries_deletes,
            carries_closing_time, to_date, position, recorded_on) as (
  select place, source, system, carries_person, carries_reason, carries_entry_time, carries_deletes,
         carries_closing_time, to_date, position, recorded_on
  from (
    select place, source, system, carries_person, carries_reason, carries_entry_time, carries_deletes,
           carries_closing_time, to_date, position, recorded_on,
           row_number() over (partition by place, source order by position desc) as age
    from source
  ) as last_word
  where age = 1
)
select case when d.laestab is null then 'laestab_missing' else 'laestab_not_seven_digits' end as label, d.place,
       d.position, d.recorded_on, d.from_date as on_date, cast(null as integer) as source, d.kind as detail,
       cast(null as integer) as number
from described d
where d.age = 1
  and (d.laestab is not null
       or d.kind not in ('unregistered_provider', 'fe', 'employer', 'home', 'hospital_unregistered', 'other'))
  and (d.laestab is null or substring(d.laestab, 8, 1) <> ''
       or (select count(*) from digit g where g.sign = substring(d.laestab, 1, 1))
          + (select count(*) from digit g where g.sign = substring(d.laestab, 2, 1))
          + (select count(*) from digit g where g.sign = substring(d.laestab, 3, 1))
          + (select count(*) from digit g where g.sign = substring(d.laestab, 4, 1))
          + (select count(*) from digit g where g.sign = substring(d.laestab, 5, 1))
          + (select count(*) from digit g where g.sign = substring(d.laestab, 6, 1))
          + (select count(*) from digit g where g.sign = substring(d.laestab, 7, 1)) < 7)
union all
select 'described_ahead' as label, p.place, p.position, p.recorded_on, p.from_date as on_date,
       cast(null as integer) as source, p.kind as detail, cast(f.number - r.number as integer) as number
from place p
join day_number f on f.session_date = p.from_date
join day_number r on r.session_date = p.recorded_on
where p.from_date > p.recorded_on
union all
select 'register_open_too_long' as label, place, position, recorded_on, from_date as on_date,
       cast(null as integer) as source, null as detail, cast(open_minutes as integer) as number
from (
  select place, from_date, open_minutes, position, recorded_on,
         row_number() over (partition by place, from_date order by position desc) as age
  from policy
) as p
where age = 1 and open_minutes > 30
union all
select 'past_day_changed' as label, place, position, recorded_on, min(session_date) as on_date,
       cast(null as integer) as source, null as detail, cast(count(*) as integer) as number
from session_step
where recorded_on > session_date and before <> 'not_known' and before <> status and status <> 'cancelled'
group by place, position, recorded_on
union all
select 'cancellation_told_late' as label, place, position, recorded_on, min(session_date) as on_date,
       cast(null as integer) as source, null as detail, cast(count(*) as integer) as number
from session_step
where recorded_on > session_date and status = 'cancelled' and coalesce(before, 'not_known') <> 'cancelled'
group by place, position, recorded_on
union all
select 'closure_told_late' as label, place, position, recorded_on, min(session_date) as on_date,
       cast(null as integer) as source, null as detail, cast(count(*) as integer) as number
from session_step
where recorded_on > session_date and status = 'planned_closure' and coalesce(before, 'not_known') <> 'planned_closure'
group by place, position, recorded_on
union all
select 'maps_code_of_no_use' as label, m.place, m.position, m.recorded_on, m.used_from as on_date, m.source,
       m.code as detail, cast(null as integer) as number
from (
  select place, position, recorded_on, source, code, coalesce(from_date, recorded_on) as used_from
  from code_map
) as m
left join code_rule c on c.code = m.code and m.used_from <= c.valid_to
where c.code is null and m.code <> ''
union all
select 'succession_told_late' as label, s.old_place as place, s.position, s.recorded_on, s.on_date,
       cast(null as integer) as source, s.kind as detail, cast(r.number - b.number as integer) as number
from (
  select old_place, new_place, on_date, kind, stands, position, recorded_on,
         row_number() over (partition by old_place, new_place order by position desc) as age
  from succession
) as s
join day_number b on b.session_date = s.on_date
join day_number r on r.session_date = s.recorded_on
where s.age = 1 and s.stands = 1 and s.recorded_on > s.on_date
union all
select n.label, s.place, s.position, s.recorded_on, s.recorded_on as on_date, s.source, s.system as detail,
       cast(null as integer) as number
from source_now s
cross join (
  values ('feed_without_person'), ('feed_without_reason'), ('feed_without_entry_time'), ('feed_without_deletes'),
         ('feed_without_closing_time')
) as n (label)
where s.to_date = cast('2999-12-31' as date)
  and case n.label
        when 'feed_without_person' then s.carries_person
        when 'feed_without_reason' then s.carries_reason
        when 'feed_without_entry_time' then s.carries_entry_time
        when 'feed_without_deletes' then s.carries_deletes
        when 'feed_without_closing_time' then s.carries_closing_time
      end = 0
