-- question: For which sessions was a pupil due elsewhere, and nobody says where the pupil was?
-- key: arrangement, session_date, session
-- source: law.md 6.3, 7.4; BUCKS first-day procedures. finding nobody: the other place is silent, and the school says nothing or D; other_place_silent: the school says that the pupil was at the other place, which did not report
-- kind: view
-- refresh: session_date, session of expected_unseen; all of asked
-- column arrangement: The arrangement.
-- column kind: placement, activity or dual_registration.
-- column place: The school.
-- column line: The pupil's line there.
-- column child: The pupil.
-- column other_place: Where the pupil was due.
-- column session_date: The day of the session.
-- column session: 1 morning, 2 afternoon.
-- column home_code: What the school's register says; empty: nothing.
-- column finding: nobody or other_place_silent.
select x.arrangement, x.kind, x.place, x.line, x.child, x.other_place, x.session_date, x.session, x.home_code,
       case when x.home_code is null or x.home_code = 'D' then 'nobody' else 'other_place_silent' end as finding
from expected_unseen x
cross join asked a
where x.session_date < a.today
  and (x.home_code is null or x.home_code in ('D', 'B', 'K', 'P', 'W', 'V'))
