-- question: Which sessions does each place hold, and why not the others?
-- key: place, session_date, session
-- source: Education Act 1996 s.579(1); law.md 0.3
-- refresh: place, session_date, session of school_session
-- column place: The place.
-- column session_date: The day of the session.
-- column session: 1 morning, 2 afternoon.
-- column status: held, cancelled (Y4), planned_closure (#), no_such_session, outside_term or not_known.
-- column begins_minute: When it begins, minute of the local day; empty where not known.
-- column closes_minute: When the taking of its register ends, minute of the local day; empty where not known.
select place, session_date, session, status, begins_minute, closes_minute
from (
  select s.place, s.session_date, s.session, s.status, s.begins_minute, s.closes_minute,
         row_number() over (partition by s.place, s.session_date, s.session order by s.position desc) as age
  from school_session s
) as last_word
where age = 1
