-- question: Whose register does each place's register go on in, where runs and windows run over a succession?
-- key: place
-- source: Setting window_over_succession (events.md 1.1, 4): PNR reg 9A says "a school's attendance register", so without it each place stands alone. Only where one place took over from one place and the registers went over: after a merger or a split each school counts for itself
-- refresh: all of place; all of succession; all of setting
-- column place: The place.
-- column chain: The last place to which its register went over; itself where it went nowhere.
-- column from_date: First day for which the chain goes by this place's calendar and register.
-- column until_date: The first day after; 2999-12-31 where none is known.
-- column linked: 1: more than one place is in the chain.
with recursive link (old_place, new_place, on_date) as (
  select l.old_place, l.new_place, l.on_date
  from (
    select s.old_place, s.new_place, s.on_date,
           count(*) over (partition by s.old_place) as successors, count(*) over (partition by s.new_place) as predecessors
    from (
      select old_place, new_place, on_date, registers_move, stands,
             row_number() over (partition by old_place, new_place order by position desc) as age
      from succession
    ) as s
    where s.age = 1 and s.stands = 1 and s.registers_move = 1
  ) as l
  where l.successors = 1 and l.predecessors = 1
    and coalesce(
      (select m.value_int
       from (
         select value_int, row_number() over (order by applies_from desc, position desc) as age
         from setting
         where setting = 'window_over_succession'
       ) as m
       where m.age = 1),
      (select d.value_int from setting_rule d where d.setting = 'window_over_succession'),
      0) = 1
),
walk (place, at_place, step) as (
  select p.place, p.place, cast(0 as integer)
  from (select distinct q.place from place q) as p
  union all
  select w.place, l.new_place, w.step + 1
  from walk w
  join link l on l.old_place = w.at_place
  where w.step < 9
)
select w.place, w.at_place as chain,
       coalesce(b.on_date, cast('1900-01-01' as date)) as from_date,
       coalesce(a.on_date, cast('2999-12-31' as date)) as until_date,
       cast(case when b.on_date is null and a.on_date is null then 0 else 1 end as smallint) as linked
from (
  select place, at_place, row_number() over (partition by place order by step desc) as age
  from walk
) as w
left join link b on b.new_place = w.place
left join link a on a.old_place = w.place
where w.age = 1
