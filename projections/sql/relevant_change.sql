-- question: Which entries made a session G, N, O or U, or made it something else?
-- key: position
-- source: PNR reg 9A(5); law.md 5.1: what a school could know, and when. Of pupils on the roll that day; what a calendar or boarding makes of it: `penalty_step`
-- refresh: line, session_date, session of mark; line, session_date, session of mark_history; line of roll
-- column place: The place.
-- column line: The line.
-- column child: The identity that stays.
-- column session_date: The day of the session.
-- column session: 1 morning, 2 afternoon.
-- column position: Where the ledger has the entry that changed it.
-- column recorded_at: When it was recorded, UTC.
-- column delta: 1: from now on G, N, O or U; -1: no longer.
with step (place, line, session_date, session, position, recorded_at, delta) as (
  select m.place, m.line, m.session_date, m.session, m.position, m.recorded_at, cast(1 as smallint)
  from mark m
  where m.kind = 'mark' and m.code in ('G', 'N', 'O', 'U')
    and not exists (
      select 1 from mark_history h where h.line = m.line and h.session_date = m.session_date and h.session = m.session
    )
  union all
  select h.place, h.line, h.session_date, h.session, h.position, h.recorded_at,
         cast(case when h.code in ('G', 'N', 'O', 'U') then 1 else 0 end
              - case when h.earlier_code in ('G', 'N', 'O', 'U') then 1 else 0 end as smallint)
  from mark_history h
)
select step.place, step.line, e.child, step.session_date, step.session, step.position, step.recorded_at, step.delta
from step
join roll e on e.line = step.line and step.session_date between e.from_date and e.to_date
where step.delta <> 0
