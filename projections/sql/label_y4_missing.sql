-- question: Which pupils have no Y4 in a session that was cancelled?
-- key: line, session_date, session
-- source: PRR reg 10(10): Y4 is entered for every pupil; events.md 1.2 (SessionCancelled: label Y4 missing for some pupil). Boarders need no entry
-- refresh: place, session_date, session of school_session; place, line, session_date, session of register; place, line of roll; line of boarder_spell
-- column label: y4_missing.
-- column place: The place.
-- column line: The pupil's line.
-- column session_date: The day of the session.
-- column session: 1 morning, 2 afternoon.
-- column position: Where the ledger has the cancellation.
-- column recorded_on: When the ledger recorded that, local date.
-- column code: What stands instead; empty: nothing.
with called_off (place, session_date, session, position, recorded_on) as (
  select place, session_date, session, position, recorded_on
  from (
    select place, session_date, session, status, position, recorded_on,
           row_number() over (partition by place, session_date, session order by position desc) as age
    from school_session
  ) as last_word
  where age = 1 and status = 'cancelled'
),
entry (line, session_date, session, code) as (
  select r.line, r.session_date, r.session, r.code
  from register r
  join called_off c on c.place = r.place and c.session_date = r.session_date and c.session = r.session
)
select 'y4_missing' as label, c.place, e.line, c.session_date, c.session, c.position, c.recorded_on, r.code
from called_off c
join roll e on e.place = c.place and c.session_date between e.from_date and e.to_date
left join entry r on r.line = e.line and r.session_date = c.session_date and r.session = c.session
left join boarder_spell b
  on b.line = e.line and c.session_date >= b.from_date and c.session_date < b.until_date
where b.line is null and (r.code is null or r.code <> 'Y4')
