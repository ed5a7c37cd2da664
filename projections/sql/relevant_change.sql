-- question: Which entries made a session G, N, O or U, or made it something else?
-- key: position
-- source: PNR reg 9A(5); law.md 5.1: what a school could know, and when
-- refresh: line, session_date, session of mark; line of roll
-- column place: The place.
-- column line: The line.
-- column pupil: The pupil; of identities that were joined, the one that stays.
-- column session_date: The day of the session.
-- column session: 1 morning, 2 afternoon.
-- column position: Where the ledger has the entry that changed it.
-- column recorded_at: When it was recorded, UTC.
-- column delta: 1: from now on G, N, O or U; -1: no longer.
select step.place, step.line, e.child as pupil, step.session_date, step.session, step.position, step.recorded_at, step.delta
from (
  select m.place, m.line, m.session_date, m.session, m.position, m.recorded_at,
         cast(case when m.kind <> 'withdrawal' and m.code in ('G', 'N', 'O', 'U') then 1 else 0 end
              - lag(case when m.kind <> 'withdrawal' and m.code in ('G', 'N', 'O', 'U') then 1 else 0 end, 1, 0)
                  over (partition by m.line, m.session_date, m.session order by m.position) as smallint) as delta
  from mark m
  join (select distinct line, session_date, session from mark where code in ('G', 'N', 'O', 'U')) as k
    on k.line = m.line and k.session_date = m.session_date and k.session = m.session
) as step
join roll e on e.line = step.line and step.session_date between e.from_date and e.to_date
where step.delta <> 0
