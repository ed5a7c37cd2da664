-- question: For which sessions due elsewhere does nobody there say whether the pupil came?
-- key: arrangement, session_date, session
-- source: law.md 6.3 (the provider must report the same day), 7.4. Days to come too, for no stored answer knows what day it is: nobody_looking asks that
-- refresh: line, session_date, session, arrangement of expected; session_date, session of watched_entry; session_date, session of provider_attendance
-- column arrangement: The arrangement.
-- column kind: placement, activity or dual_registration.
-- column place: The school.
-- column line: The pupil's line there.
-- column child: The pupil.
-- column other_place: Where the pupil was due.
-- column session_date: The day of the session.
-- column session: 1 morning, 2 afternoon.
-- column home_code: What the school's register says; empty: nothing.
-- column home_position: Where the ledger has that entry.
select x.arrangement, x.kind, x.place, x.line, x.child, x.other_place, x.session_date, x.session, h.code as home_code,
       h.position as home_position
from expected x
left join watched_entry h on h.line = x.line and h.session_date = x.session_date and h.session = x.session
where not exists (
    select 1 from watched_entry o
    where o.place = x.other_place and o.child = x.child and o.session_date = x.session_date and o.session = x.session
  )
  and not exists (
    select 1 from provider_attendance p
    where p.line = x.line and p.session_date = x.session_date and p.session = x.session
      and (p.arrangement = x.arrangement or p.place = x.other_place) and p.attended <> 'not_known'
  )
