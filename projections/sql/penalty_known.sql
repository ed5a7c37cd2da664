-- question: When could the school first know that 10 sessions were reached in 10 school weeks?
-- key: chain, child
-- source: PNR reg 9A(1) ("becomes aware"); law.md 5.1. The first place in the ledger after which some window held ten; what a cancellation or boarding took away later had counted until then. Weeks, roll and age are those known at the moment asked: for a court, ask as at that position
-- refresh: chain, child of penalty_step
-- column chain: Whose register it is.
-- column child: The identity that stays, of all that are this one child.
-- column known_position: Where the ledger has the entry by which ten were first reached.
-- column known_at: When it was recorded, UTC.
with step (chain, child, session_date, session, week_no, position, recorded_at, delta) as (
  select s.chain, s.child, s.session_date, s.session, s.week_no, s.position, s.recorded_at,
         case when s.standing > 0 then 1 else 0 end - case when s.standing - s.delta > 0 then 1 else 0 end
  from (
    select t.chain, t.child, t.session_date, t.session, t.week_no, t.position, t.recorded_at, t.delta,
           cast(sum(t.delta) over (partition by t.chain, t.child, t.session_date, t.session order by t.position
                                   rows between unbounded preceding and current row) as bigint) as standing
    from penalty_step t
    join (
      select chain, child
      from penalty_step
      where delta = 1
      group by chain, child
      having count(*) >= 10
    ) as p on p.chain = t.chain and p.child = t.child
  ) as s
)
select chain, child, min(position) as known_position, min(recorded_at) as known_at
from (
  select s.chain, s.child, s.position, s.recorded_at,
         sum(s.delta) over (partition by s.chain, s.child, w.week_no order by s.position
                            range between unbounded preceding and current row) as entries
  from step s
  join (select distinct chain, child, week_no from step) as w
    on w.chain = s.chain and w.child = s.child and w.week_no between s.week_no and s.week_no + 9
) as windowed
where entries >= 10
group by chain, child
