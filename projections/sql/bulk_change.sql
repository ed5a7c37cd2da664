-- question: Where did one person, or one operation, change many entries at once?
-- key: place, what, position
-- source: law.md 8.5 (N flipped to O in bulk; marks filled or copied); events.md 2.3. Many: 20 within a minute, however the minute falls; of N to O, 10. A message that says neither a time nor an operation counts only from a source that streams: a nightly feed brings a day's work at once and accuses nobody
-- refresh: place of amendments
-- column place: The place.
-- column what: any: changes of whatever kind; n_to_o: N became O.
-- column person: Who made them; empty: nobody is named.
-- column operation: The operation, where one was said; then however long it took.
-- column position: Where the ledger has the last of them.
-- column first_position: Where it has the first of them.
-- column from_at: When the first was made, by the school's word, else as recorded; UTC.
-- column to_at: When the last was made.
-- column changes: How many.
-- column sessions_from: The first day of a session changed.
-- column sessions_to: The last day of a session changed.
-- column lines: Lines whose entries were changed.
-- column n_to_o: N that became O among them.
-- column unexplained: Without a reason, though the source can carry one.
-- column after_the_day: Made after the day of the session.
-- column imported: 1: told by another system's records.
with wanted (what, fewest) as (
  select 'any' as what, 20 as fewest
  union all
  select 'n_to_o', 10
),
made (what, fewest, place, person, operation, position, made_at, session_date, line, n_to_o, unexplained, after_the_day,
      imported) as (
  select w.what, w.fewest, a.place, a.person, a.operation, a.position, coalesce(a.said_at, a.recorded_at),
         a.session_date, a.line, a.n_to_o, a.unexplained, a.after_the_day, a.imported
  from amendments a
  join wanted w on w.what = 'any' or a.n_to_o = 1
  where a.operation is not null or a.said_at is not null or coalesce(a.delivery, 'stream') = 'stream'
),
counted (what, fewest, place, person, position, made_at, session_date, line, n_to_o, unexplained, after_the_day,
         imported, nth, first_nth, last_nth) as (
  select what, fewest, place, person, position, made_at, session_date, line, n_to_o, unexplained, after_the_day,
         imported, nth, min(nth) over last_minute, max(nth) over last_minute
  from (
    select what, fewest, place, person, position, made_at, session_date, line, n_to_o, unexplained, after_the_day,
           imported, row_number() over (partition by what, place, person order by made_at, position) as nth
    from made
    where operation is null
  ) as numbered
  window last_minute as (
    partition by what, place, person order by made_at range between interval '60' second preceding and current row
  )
),
stretch (what, place, person, first_nth, last_nth) as (
  select what, place, person, min(first_nth), max(last_nth)
  from (
    select what, place, person, first_nth, last_nth,
           sum(begins) over (partition by what, place, person order by nth
                             rows between unbounded preceding and current row) as stretch
    from (
      select what, place, person, nth, first_nth, last_nth,
             case when first_nth <= lag(last_nth, 1, 0) over (partition by what, place, person order by nth)
                  then 0 else 1 end as begins
      from counted
      where last_nth - first_nth + 1 >= fewest
    ) as many
  ) as stretches
  group by what, place, person, stretch
)
select c.place, c.what, c.person, cast(null as integer) as operation, max(c.position) as position,
       min(c.position) as first_position, min(c.made_at) as from_at, max(c.made_at) as to_at, count(*) as changes,
       min(c.session_date) as sessions_from, max(c.session_date) as sessions_to, count(distinct c.line) as lines,
       count(*) filter (where c.n_to_o = 1) as n_to_o, count(*) filter (where c.unexplained = 1) as unexplained,
       count(*) filter (where c.after_the_day = 1) as after_the_day, max(c.imported) as imported
from stretch s
join counted c on c.what = s.what and c.place = s.place and c.person is not distinct from s.person
              and c.nth between s.first_nth and s.last_nth
group by c.place, c.what, c.person, s.first_nth
union all
select m.place, m.what, min(m.person) as person, m.operation, max(m.position) as position,
       min(m.position) as first_position, min(m.made_at) as from_at, max(m.made_at) as to_at, count(*) as changes,
       min(m.session_date) as sessions_from, max(m.session_date) as sessions_to, count(distinct m.line) as lines,
       count(*) filter (where m.n_to_o = 1) as n_to_o, count(*) filter (where m.unexplained = 1) as unexplained,
       count(*) filter (where m.after_the_day = 1) as after_the_day, max(m.imported) as imported
from made m
where m.operation is not null
group by m.place, m.what, m.operation, m.fewest
having count(*) >= m.fewest
