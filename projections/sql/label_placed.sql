-- question: Which entries contradict the arrangement, or the provider's report, of that session?
-- key: line, session_date, session, label
-- source: events.md 3.1 (K with arranger school, registered_there with B, remote counted); PRR reg 10(3), (11); law.md 6.2, 6.3; sentences: label_rule
-- refresh: line, session_date, session of watched_entry; line of arrangement_now; line, session_date, session of provider_attendance
-- column label: Its name; label_rule says what it means.
-- column place: The place in whose register the entry stands.
-- column line: The pupil's line.
-- column session_date: The day of the session.
-- column session: 1 morning, 2 afternoon.
-- column position: Where the ledger has the entry.
-- column code: Its code.
-- column arrangement: The arrangement; empty: the report names none.
-- column detail: Of remote teaching: how it is delivered.
with bit (weekday, session, power) as (
  select weekday, session, power
  from (
    values (1, 1, 1), (1, 2, 2), (2, 1, 4), (2, 2, 8), (3, 1, 16), (3, 2, 32), (4, 1, 64), (4, 2, 128), (5, 1, 256),
           (5, 2, 512), (6, 1, 1024), (6, 2, 2048), (7, 1, 4096), (7, 2, 8192)
  ) as v (weekday, session, power)
),
placed (line, arrangement, arranger, delivery, registered_there, place, session_date, session, code, position) as (
  select a.line, a.arrangement, a.arranger, a.delivery, a.registered_there, r.place, r.session_date, r.session, r.code,
         r.position
  from arrangement_now a
  join watched_entry r on r.line = a.line and r.session_date between a.from_date and a.last_date
  join day d on d.session_date = r.session_date
  join bit b on b.weekday = d.weekday and b.session = r.session
  where a.kind = 'placement'
    and (r.session_date > a.from_date or r.session >= coalesce(a.from_session, 1))
    and (r.session_date < a.to_date or r.session <= coalesce(a.to_session, 2))
    and (a.due_mask is null or mod(cast((a.due_mask - mod(a.due_mask, b.power)) / b.power as bigint), 2) = 1)
)
select 'k_arranged_by_school' as label, place, line, session_date, session, position, code,
       min(arrangement) as arrangement, null as detail
from placed
where code = 'K' and arranger = 'school'
group by place, line, session_date, session, position, code
union all
select 'b_where_registered' as label, place, line, session_date, session, position, code,
       min(arrangement) as arrangement, null as detail
from placed
where code = 'B' and registered_there = 1
group by place, line, session_date, session, position, code
union all
select 'remote_counted' as label, p.place, p.line, p.session_date, p.session, p.position, p.code,
       min(p.arrangement) as arrangement, min(p.delivery) as detail
from placed p
join code_rule c on c.code = p.code
where c.class = 'AEA' and p.delivery in ('remote_home', 'robot')
group by p.place, p.line, p.session_date, p.session, p.position, p.code
union all
select 'absent_by_provider' as label, r.place, r.line, r.session_date, r.session, r.position, r.code,
       min(p.arrangement) as arrangement, null as detail
from (
  select line, session_date, session, place, arrangement, attended,
         row_number() over (partition by line, session_date, session, place order by position desc) as age
  from provider_attendance
) as p
join watched_entry r on r.line = p.line and r.session_date = p.session_date and r.session = p.session
join code_rule c on c.code = r.code
where p.age = 1 and p.attended = 'no' and c.class = 'AEA'
group by r.place, r.line, r.session_date, r.session, r.position, r.code
