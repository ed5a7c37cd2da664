-- question: For whom must a sickness return be made, or must somebody form a view whether one must?
-- key: place, child, school_year, limb, run_from
-- source: PRR reg 13(9)-(11); law.md 3.4. What calls for a return is a person's belief, and an I that stands; the counts only prompt: by either I sessions or days with an I in the school year (settings sickness_prompt_sessions, sickness_prompt_days), or by days in a row. Once for each continuous absence: school days with an I one after another [I]. A run in a row has no school-year limit and goes on over the summer; where it reaches the count in two school years, each has its row, for a return is made once in a school year (reg 13(11)) [I]. Day by day: of compulsory school age, and not boarding
-- refresh: place, child of sick_day; place, child of sickness_known; place, child of return_known; all of setting
-- column place: The school.
-- column child: The identity that stays, of all that are this one child.
-- column line: The line.
-- column school_year: As 202526.
-- column limb: p9_consecutive (15 school days in a row) or p9_total (15 in the school year); none: a return that nothing called for.
-- column run_from: First day of the continuous absence, perhaps of the school year before; where there is none, the day of the belief.
-- column run_to: Its last day with an I so far.
-- column run_days: School days with an I of the continuous absence.
-- column sessions: Sessions with an I in the school year, up to the end of this absence.
-- column school_days: School days with an I in the school year, up to the same.
-- column csa: Of compulsory school age: yes or unknown.
-- column prompt: 1: a count prompts.
-- column prompted_on: The day of this school year on which it first did.
-- column belief_position: Where the ledger has the belief, the first of several; empty: nobody has said one.
-- column belief_on: The day of that belief.
-- column due_on: From when the return is to be made, as soon as possible: the day of the belief, or of the first I where that came later; empty: no belief, or no I that stands.
-- column needed: 1: a return must be made: a belief stands, and an I does.
-- column weaker: 1: a count prompts later than 30 sessions or 15 days.
-- column made_position: Where the ledger has the return that was made for this absence, the last of several; empty: none.
-- column made_on: When the school says that it made it, else when the ledger heard of it.
-- column made_from: First day of the absence as it was returned.
-- column made_days: School days as they were returned.
-- column superseded: 1: a return was made, and entries amended since have made what it told shorter, other, or none.
with prompt (setting, from_date, until_date, value_int, weak) as (
  select t.setting, t.from_date,
         lead(t.from_date, 1, cast('2999-12-31' as date)) over (partition by t.setting order by t.from_date),
         t.value_int, case when t.value_int > w.weaker_above then 1 else 0 end
  from (
    select setting, from_date, value_int
    from (
      select setting, applies_from as from_date, value_int,
             row_number() over (partition by setting, applies_from order by position desc) as age
      from setting
      where setting in ('sickness_prompt_sessions', 'sickness_prompt_days') and value_int is not null
    ) as last_word
    where age = 1
    union all
    select setting, cast('1900-01-01' as date), value_int
    from setting_rule
    where setting in ('sickness_prompt_sessions', 'sickness_prompt_days')
  ) as t
  join setting_rule w on w.setting = t.setting
),
counted (place, child, school_year, session_date, line, csa, sessions, school_days, island, place_in_run) as (
  select place, child, school_year, session_date, line, csa, sessions, school_days, island,
         row_number() over (partition by place, child, island order by session_date)
  from (
    select place, child, school_year, session_date, max(line) as line, max(csa) as csa, max(sessions) as that_day,
           cast(sum(max(sessions_am) + max(sessions - sessions_am)) over (partition by place, child, school_year order by session_date
                rows between unbounded preceding and current row) as bigint) as sessions,
           cast(sum(case when max(sessions) > 0 then 1 else 0 end)
                over (partition by place, child, school_year order by session_date
                rows between unbounded preceding and current row) as bigint) as school_days,
           day_no - row_number() over (partition by place, child order by session_date) as island
    from sick_day
    where csa <> 'no'
    group by place, child, school_year, session_date, day_no
  ) as numbered
  where that_day > 0
),
reached (place, child, school_year, session_date, line, csa, sessions, school_days, island, by_total, in_a_row, weak) as (
  select c.place, c.child, c.school_year, c.session_date, c.line, c.csa, c.sessions, c.school_days, c.island,
         case when c.sessions >= s.value_int or c.school_days >= d.value_int then 1 else 0 end,
         case when c.place_in_run >= d.value_int then 1 else 0 end,
         case when s.weak = 1 or d.weak = 1 then 1 else 0 end
  from counted c
  join prompt s on s.setting = 'sickness_prompt_sessions'
               and c.session_date >= s.from_date and c.session_date < s.until_date
  join prompt d on d.setting = 'sickness_prompt_days'
               and c.session_date >= d.from_date and c.session_date < d.until_date
),
run (place, child, island, run_from, run_to, run_days) as (
  select place, child, island, min(session_date), max(session_date), count(*)
  from counted
  group by place, child, island
),
spell (place, child, school_year, run_from, run_to, run_days, line, csa, sessions, school_days, total_on, row_on, weak) as (
  select r.place, r.child, r.school_year, n.run_from, n.run_to, n.run_days, max(r.line), max(r.csa), max(r.sessions),
         max(r.school_days), min(case when r.by_total = 1 then r.session_date end),
         min(case when r.in_a_row = 1 then r.session_date end), max(r.weak)
  from reached r
  join run n on n.place = r.place and n.child = r.child and n.island = r.island
  group by r.place, r.child, r.school_year, n.run_from, n.run_to, n.run_days
),
year (place, child, school_year, sessions, school_days, csa) as (
  select place, child, school_year, max(sessions), max(school_days), max(csa) from spell group by place, child, school_year
),
believed (position, place, line, child, school_year, limb, on_date, run_from) as (
  select b.position, b.place, b.line, b.child, b.school_year, b.limb, b.on_date, coalesce(min(s.run_from), b.on_date)
  from sickness_known b
  left join spell s on s.place = b.place and s.child = b.child and s.school_year = b.school_year
                   and s.run_from <= b.until_date and s.run_to >= b.on_date
  group by b.position, b.place, b.line, b.child, b.school_year, b.limb, b.on_date
),
cause (place, child, school_year, limb, run_from, line, prompted_on, belief_position) as (
  select place, child, school_year, limb, run_from, max(line), min(prompted_on), min(belief_position)
  from (
    select place, child, school_year, 'p9_total' as limb, run_from, line, total_on as prompted_on,
           cast(null as bigint) as belief_position
    from spell
    where total_on is not null
    union all
    select place, child, school_year, 'p9_consecutive', run_from, line, row_on, cast(null as bigint)
    from spell
    where row_on is not null
    union all
    select place, child, school_year, limb, run_from, line, cast(null as date), position from believed
  ) as said
  group by place, child, school_year, limb, run_from
),
told (place, child, school_year, limb, run_from, run_to, run_days, line, sessions, school_days, csa, prompted_on,
      belief_position, belief_on, weak) as (
  select c.place, c.child, c.school_year, c.limb, c.run_from, coalesce(s.run_to, c.run_from), coalesce(s.run_days, 0),
         coalesce(s.line, c.line), coalesce(s.sessions, y.sessions, 0), coalesce(s.school_days, y.school_days, 0),
         coalesce(s.csa, y.csa, 'unknown'), c.prompted_on, c.belief_position, b.on_date, coalesce(s.weak, 0)
  from cause c
  left join spell s on s.place = c.place and s.child = c.child and s.school_year = c.school_year
                   and s.run_from = c.run_from
  left join year y on y.place = c.place and y.child = c.child and y.school_year = c.school_year
  left join sickness_known b on b.position = c.belief_position
),
linked (place, child, school_year, limb, run_from, position, choice) as (
  select t.place, t.child, t.school_year, t.limb, t.run_from, k.position,
         row_number() over (partition by t.place, t.child, t.school_year, t.limb, t.run_from order by k.position desc)
  from told t
  join return_known k on k.kind = 'sickness' and k.place = t.place and k.child = t.child
                     and k.school_year = t.school_year and k.run_from between t.run_from and t.run_to
)
select t.place, t.child, t.line, t.school_year, t.limb, t.run_from, t.run_to, t.run_days, t.sessions, t.school_days, t.csa,
       cast(case when t.prompted_on is null then 0 else 1 end as smallint) as prompt, t.prompted_on,
       t.belief_position, t.belief_on,
       case when t.belief_on is not null and t.school_days > 0
            then case when t.run_from > t.belief_on then t.run_from else t.belief_on end end as due_on,
       cast(case when t.belief_on is not null and t.school_days > 0 then 1 else 0 end as smallint) as needed,
       cast(t.weak as smallint) as weaker, k.position as made_position, coalesce(k.made_on, k.recorded_on) as made_on,
       k.run_from as made_from, k.run_days as made_days,
       cast(case when k.position is not null
                      and (k.run_from <> t.run_from
                           or (k.limb = t.limb
                               and k.run_days > case when t.limb = 'p9_total' then t.school_days else t.run_days end))
                 then 1 else 0 end as smallint) as superseded
from told t
left join linked n on n.place = t.place and n.child = t.child and n.school_year = t.school_year and n.limb = t.limb
                  and n.run_from = t.run_from and n.choice = 1
left join return_known k on k.position = n.position
union all
select o.place, o.child, o.line, o.school_year, o.limb, o.told_from, o.told_from, cast(0 as bigint), cast(0 as bigint),
       cast(0 as bigint), 'unknown', cast(0 as smallint), cast(null as date), cast(null as bigint), cast(null as date),
       cast(null as date), cast(0 as smallint), cast(0 as smallint), o.position, coalesce(o.made_on, o.recorded_on),
       o.run_from, o.run_days, cast(case when o.limb = 'none' then 0 else 1 end as smallint)
from (
  select k.place, k.child, k.line, k.school_year, k.limb, coalesce(k.run_from, k.recorded_on) as told_from, k.run_from,
         k.run_days, k.position, k.made_on, k.recorded_on,
         row_number() over (partition by k.place, k.child, k.school_year, k.limb, coalesce(k.run_from, k.recorded_on)
                            order by k.position desc) as age
  from return_known k
  where k.kind = 'sickness' and not exists (select 1 from linked n where n.position = k.position)
) as o
where o.age = 1
