-- question: Who must be in a school's attendance return, why, until when, and was it made?
-- key: line, limb, run_from
-- source: PRR reg 13(7)-(8); law.md 3, 3.2, 3.3. p7a: failed to attend regularly, since Platt any unauthorised absence of the period [I]; p7b: ten school days continuously G, N, O or U, once for each continuous absence, in the period of the tenth day. Day by day: of compulsory school age, and not boarding (reading 8); where no birth date is known they are listed, and csa says so
-- refresh: place, child, line of absence_day; child of absence_run; child of return_known; place of return_period
-- column limb: p7a or p7b; none: a return that nothing called for.
-- column place: The school.
-- column line: The line.
-- column child: The identity that stays.
-- column run_from: First day: of the unauthorised absences of the period (p7a), of the continuous absence (p7b).
-- column run_to: Last day.
-- column school_days: School days: with an unauthorised absence (p7a), wholly so and one after another (p7b).
-- column sessions: Unauthorised sessions in the period (p7a); empty for p7b.
-- column csa: Of compulsory school age: yes, no or unknown.
-- column period_from: First day of the return's period; empty where no period is known.
-- column period_to: Its last day.
-- column due_on: When the return is due: empty where nothing calls for one.
-- column basis: By what the period goes: agreed, agreed_term, setting or month.
-- column weaker: 1: that interval is longer than once per calendar month.
-- column needed: 1: the pupil must be in the return, by the entries that stand.
-- column made_position: Where the ledger has the return that was made, the last of several; empty: none.
-- column made_on: When the school says that it made it, else when the ledger heard of it.
-- column made_from: First day of the absence as it was returned.
-- column made_days: School days of the absence as they were returned.
-- column superseded: 1: a return was made, and entries amended since have made what it told shorter, other, or none.
-- column closed_position: Where the ledger has it that the period's return was closed; empty: it was not.
with cause (limb, place, line, child, chain, run_from, run_to, school_days, sessions, csa, period_from, period_to, due_on,
            basis, weaker, needed, closed_position) as (
  select 'p7a', a.place, a.line, a.child, max(a.chain), min(a.session_date), max(a.session_date), count(*),
         cast(sum(a.gnou) as bigint), max(a.csa), p.from_date, p.to_date, p.due_on, p.basis, p.weaker,
         cast(1 as smallint), p.closed_position
  from absence_day a
  join return_period p on p.place = a.place and a.session_date between p.from_date and p.to_date
  where a.gnou > 0 and a.csa <> 'no'
  group by a.place, a.line, a.child, p.from_date, p.to_date, p.due_on, p.basis, p.weaker, p.closed_position
  union all
  select 'p7b', r.place, r.line, r.child, r.chain, r.csa_from_date, r.csa_to_date, r.csa_days + r.csa_unknown_days,
         cast(null as bigint), r.csa_of_tenth, p.from_date, p.to_date, coalesce(p.due_on, r.csa_tenth_on), p.basis,
         coalesce(p.weaker, cast(0 as smallint)), cast(1 as smallint), p.closed_position
  from absence_run r
  left join return_period p on p.place = r.place and r.csa_tenth_on between p.from_date and p.to_date
  where r.limb = 'GNOU' and r.csa_tenth_on is not null
),
linked (limb, line, run_from, position, choice) as (
  select c.limb, c.line, c.run_from, k.position,
         row_number() over (partition by c.limb, c.line, c.run_from order by k.position desc)
  from cause c
  join return_known k on k.kind = 'attendance' and k.limb = c.limb and k.child = c.child
  where (c.limb = 'p7a' and k.line = c.line and k.run_from between c.period_from and c.period_to)
     or (c.limb = 'p7b' and k.chain = c.chain and k.run_from <= c.run_to and coalesce(k.run_to, k.run_from) >= c.run_from)
)
select c.limb, c.place, c.line, c.child, c.run_from, c.run_to, c.school_days, c.sessions, c.csa, c.period_from,
       c.period_to, case when c.needed = 1 then c.due_on end as due_on, c.basis, c.weaker, c.needed,
       k.position as made_position, coalesce(k.made_on, k.recorded_on) as made_on, k.run_from as made_from,
       k.run_days as made_days,
       cast(case when k.position is not null
                      and (k.run_from <> c.run_from or k.run_days > c.school_days or c.needed = 0) then 1
                 else 0 end as smallint) as superseded,
       c.closed_position
from cause c
left join linked n on n.limb = c.limb and n.line = c.line and n.run_from = c.run_from and n.choice = 1
left join return_known k on k.position = n.position
union all
select o.limb, o.place, o.line, o.child, o.told_from, o.run_to, cast(0 as bigint), cast(null as bigint), null,
       cast(null as date), cast(null as date), cast(null as date), null, cast(0 as smallint), cast(0 as smallint),
       o.position, coalesce(o.made_on, o.recorded_on), o.run_from, o.run_days,
       cast(case when o.limb = 'none' then 0 else 1 end as smallint), cast(null as bigint)
from (
  select k.limb, k.place, k.line, k.child, coalesce(k.run_from, k.recorded_on) as told_from, k.run_from, k.run_to,
         k.run_days, k.position, k.made_on, k.recorded_on,
         row_number() over (partition by k.line, k.limb, coalesce(k.run_from, k.recorded_on)
                            order by k.position desc) as age
  from return_known k
  where k.kind = 'attendance' and not exists (select 1 from linked n where n.position = k.position)
) as o
where o.age = 1
