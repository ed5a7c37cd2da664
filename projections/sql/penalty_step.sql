-- question: Which entries, cancellations and boarding added a session that counts towards a penalty notice, or took one away, and in which school week?
-- key: line, session_date, session, position
-- source: PNR reg 9A; law.md 5.1. As relevant_change, for sessions held, of pupils who do not board, from 19 August 2024, not outside compulsory school age. A session that was cancelled when its entries stood, or a boarder told of later, is taken away by a step of -1 where that was told; before its first word a calendar is taken to have said the same
-- refresh: place, line, session_date, session of relevant_change; place, line of roll; place, session_date of chain_day; chain of chain_week; place, chain of register_chain; place, session_date, session of school_session; line of boarding
-- column place: The place.
-- column line: The line.
-- column child: The identity that stays.
-- column chain: Whose register it is.
-- column session_date: The day of the session.
-- column session: 1 morning, 2 afternoon.
-- column week_no: The school week, by the calendar as known at the moment asked; of a week that has gone from it, the one before.
-- column position: Where the ledger has what changed it.
-- column recorded_at: When it was recorded, UTC.
-- column delta: 1: from now on it counts; -1: no longer.
with counted (place, line, child, session_date, session, position, recorded_at, delta) as (
  select c.place, c.line, c.child, c.session_date, c.session, c.position, c.recorded_at, c.delta
  from relevant_change c
  join roll e on e.line = c.line
  where c.session_date >= cast('2024-08-19' as date)
    and (e.csa_from is null or e.csa_until is null or c.session_date between e.csa_from and e.csa_until)
),
moved (place, session_date, session) as (
  select place, session_date, session
  from school_session
  group by place, session_date, session
  having min(case when status = 'held' then 1 else 0 end) < max(case when status = 'held' then 1 else 0 end)
),
boards (line) as (
  select distinct line from boarding where boarder = 1
),
eventful (place, line, session_date, session) as (
  select c.place, c.line, c.session_date, c.session
  from counted c
  join moved m on m.place = c.place and m.session_date = c.session_date and m.session = c.session
  union
  select c.place, c.line, c.session_date, c.session
  from counted c
  join boards b on b.line = c.line
),
word (line, session_date, session, position, recorded_at, entry, held, boarder, opening) as (
  select c.line, c.session_date, c.session, c.position, c.recorded_at, cast(c.delta as integer), 0, 0, 0
  from counted c
  join eventful f on f.line = c.line and f.session_date = c.session_date and f.session = c.session
  union all
  select line, session_date, session, position, recorded_at, 0, held - coalesce(earlier, 0), 0,
         case when earlier is null then held else 0 end
  from (
    select f.line, k.session_date, k.session, k.position, k.recorded_at,
           case when k.status = 'held' then 1 else 0 end as held,
           lag(case when k.status = 'held' then 1 else 0 end)
             over (partition by f.line, k.session_date, k.session order by k.position) as earlier
    from eventful f
    join school_session k
      on k.place = f.place and k.session_date = f.session_date and k.session = f.session
  ) as calendar_word
  union all
  select line, session_date, session, position, recorded_at, 0, 0,
         boarder - coalesce(lag(boarder) over (partition by line, session_date, session order by position, from_date), 0), 0
  from (
    select f.line, f.session_date, f.session, b.position, b.recorded_at, cast(b.boarder as integer) as boarder,
           b.from_date,
           max(b.from_date) over (partition by f.line, f.session_date, f.session order by b.position, b.from_date
                                  rows between unbounded preceding and current row) as latest
    from eventful f
    join boarding b on b.line = f.line and b.from_date <= f.session_date
  ) as boarding_word
  where from_date = latest
),
standing (line, session_date, session, position, recorded_at, counts) as (
  select line, session_date, session, position, recorded_at,
         case when sum(entry) over so_far > 0 and sum(boarder) over so_far = 0
                   and sum(held - opening) over so_far
                       + max(opening) over (partition by line, session_date, session) > 0 then 1 else 0 end
  from word
  window so_far as (partition by line, session_date, session order by position
                    range between unbounded preceding and current row)
),
step (line, session_date, session, position, recorded_at, delta) as (
  select line, session_date, session, position, recorded_at,
         counts - lag(counts, 1, 0) over (partition by line, session_date, session order by position)
  from standing
),
placed (place, line, child, chain, session_date, session, position, recorded_at, delta, week_start) as (
  select e.place, s.line, e.child, c.chain, s.session_date, s.session, s.position, s.recorded_at, s.delta, d.week_start
  from step s
  join roll e on e.line = s.line
  join day d on d.session_date = s.session_date
  join register_chain c on c.place = e.place
  left join chain_day h on h.place = e.place and h.session_date = s.session_date
  where s.delta <> 0
    and (h.place is not null or (s.session_date >= c.from_date and s.session_date < c.until_date))
)
select c.place, c.line, c.child, d.chain, c.session_date, c.session, d.week_no, c.position, c.recorded_at, c.delta
from counted c
left join eventful f on f.line = c.line and f.session_date = c.session_date and f.session = c.session
join chain_day d on d.place = c.place and d.session_date = c.session_date
where f.line is null and ((c.session = 1 and d.am = 1) or (c.session = 2 and d.pm = 1))
union all
select p.place, p.line, p.child, p.chain, p.session_date, p.session, coalesce(max(w.week_no), 1), p.position,
       p.recorded_at, cast(p.delta as smallint)
from placed p
left join chain_week w on w.chain = p.chain and w.week_start <= p.week_start
group by p.place, p.line, p.child, p.chain, p.session_date, p.session, p.position, p.recorded_at, p.delta
