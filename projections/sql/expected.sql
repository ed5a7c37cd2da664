-- question: In which sessions was a pupil due elsewhere, by which arrangement?
-- key: arrangement, session_date, session
-- source: law.md 6.3, 7.4; events.md 3.1. By the calendar of the other place, else, as providers have none, by that of the school. A dual registration says which sessions are due at the school that tells: the others are due at the other one
-- refresh: line, arrangement of arrangement_now; session_date, session of calendar; all of calendar_place
-- column arrangement: The arrangement.
-- column kind: placement, activity or dual_registration.
-- column line: The pupil's line at the school.
-- column child: The pupil.
-- column place: The school.
-- column other_place: Where the pupil was due.
-- column session_date: The day of the session.
-- column session: 1 morning, 2 afternoon.
with bit (weekday, session, power) as (
  select weekday, session, power
  from (
    values (1, 1, 1), (1, 2, 2), (2, 1, 4), (2, 2, 8), (3, 1, 16), (3, 2, 32), (4, 1, 64), (4, 2, 128), (5, 1, 256),
           (5, 2, 512), (6, 1, 1024), (6, 2, 2048), (7, 1, 4096), (7, 2, 8192)
  ) as v (weekday, session, power)
)
select a.arrangement, a.kind, a.line, a.child, a.place, a.other_place, k.session_date, k.session
from arrangement_now a
left join calendar_place c on c.place = a.other_place
join calendar k
  on k.place = case when c.place is null then a.place else c.place end
 and k.session_date between a.from_date and a.last_date
join day d on d.session_date = k.session_date
join bit b on b.weekday = d.weekday and b.session = k.session
where a.kind in ('placement', 'activity', 'dual_registration') and a.other_place is not null
  and a.other_place <> a.place and k.status = 'held'
  and (k.session_date > a.from_date or k.session >= coalesce(a.from_session, 1))
  and (k.session_date < a.to_date or k.session <= coalesce(a.to_session, 2))
  and case when a.due_mask is null then case when a.kind = 'dual_registration' then 2 else 1 end
           else mod(cast((a.due_mask - mod(a.due_mask, b.power)) / b.power as bigint), 2) end
      = case when a.kind = 'dual_registration' then 0 else 1 end
