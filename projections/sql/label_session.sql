-- question: What is odd about the register of a session as a whole?
-- key: place, session_date, session, label
-- source: PRR reg 10(1), 10(10); law.md 3.2 reading 4; events.md 1.2 (SessionCancelled), 2.3 (RegisterClosed, RegisterNotTaken); sentences: label_rule
-- refresh: place, session_date, session of school_session; place, session_date, session of calendar; place, session_date, session of mark; place, session_date, session of session_entries; place, session_date, session of register; place, session_date, session of register_closed; place, session_date, session of register_not_taken
-- column label: Its name; label_rule says what it means.
-- column place: The place.
-- column session_date: The day of the session.
-- column session: 1 morning, 2 afternoon.
-- column position: Where the ledger has what makes it odd; empty where it is what is missing.
-- column recorded_on: When the ledger recorded that, local date.
-- column detail: Why a register was not taken, as coded.
-- column number: How many pupils or entries.
with called_off (place, session_date, session, position, recorded_on) as (
  select place, session_date, session, position, recorded_on
  from (
    select place, session_date, session, status, position, recorded_on,
           row_number() over (partition by place, session_date, session order by position desc) as age
    from school_session
  ) as last_word
  where age = 1 and status = 'cancelled'
)
select 'cancelled_after_marks' as label, c.place, c.session_date, c.session, c.position, c.recorded_on, null as detail,
       cast(count(*) as integer) as number
from called_off c
join mark m on m.place = c.place and m.session_date = c.session_date and m.session = c.session
where m.kind = 'mark' and m.code <> 'Y4' and m.position < c.position
group by c.place, c.session_date, c.session, c.position, c.recorded_on
union all
select 'calendar_not_known' as label, s.place, s.session_date, s.session, cast(null as bigint) as position,
       cast(null as date) as recorded_on, null as detail, s.entries as number
from session_entries s
left join calendar k on k.place = s.place and k.session_date = s.session_date and k.session = s.session
where coalesce(k.status, 'not_known') = 'not_known'
union all
select 'y4_not_cancelled' as label, r.place, r.session_date, r.session, max(r.position) as position,
       cast(null as date) as recorded_on, null as detail, cast(count(*) as integer) as number
from register r
join calendar k on k.place = r.place and k.session_date = r.session_date and k.session = r.session
where r.code = 'Y4' and k.status = 'held'
group by r.place, r.session_date, r.session
union all
select 'closed_with_unmarked' as label, place, session_date, session, position, recorded_on, null as detail,
       unmarked as number
from (
  select place, session_date, session, position, recorded_on, unmarked,
         row_number() over (partition by place, session_date, session order by position desc) as age
  from register_closed
) as last_word
where age = 1 and unmarked > 0
union all
select 'register_not_taken' as label, place, session_date, session, position, recorded_on, why as detail,
       cast(classes as integer) as number
from (
  select place, session_date, session, position, recorded_on, why,
         row_number() over (partition by place, session_date, session order by position desc) as age,
         count(*) over (partition by place, session_date, session) as classes
  from register_not_taken
) as last_word
where age = 1
