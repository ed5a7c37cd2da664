-- question: What came with each message: how many entries, how they came to be, and when the school made them?
-- key: header, kind, cause
-- source: events.md 0.1 (cause; four times, kept apart). The one pass over all marks on which labels of messages stand
-- refresh: place, session_date, session, header of mark
-- column place: The place.
-- column session_date: The day of the session.
-- column session: 1 morning, 2 afternoon.
-- column header: Where the ledger has the message.
-- column kind: mark, amendment or withdrawal.
-- column cause: typed, prefilled, copied_from_lesson, mis_rule, bulk, closure, provider_feed, import, unknown.
-- column entries: How many.
-- column timed: How many of them with a time of entry, of their own or of their message.
-- column first_said_at: The earliest such time, UTC; a claim.
-- column first_said_minute: The same in local minutes, counted from the beginning of the first of the table `day`.
select m.place, m.session_date, m.session, m.header, m.kind, m.cause, cast(sum(m.entries) as integer) as entries,
       cast(sum(m.timed) as integer) as timed, min(m.first_said_at) as first_said_at,
       cast(min(d.number * 1440 + m.first_minute) as bigint) as first_said_minute
from (
  select place, session_date, session, header, kind, cause, said_on, cast(count(*) as integer) as entries,
         cast(count(said_at) as integer) as timed, min(said_at) as first_said_at, min(said_minute) as first_minute
  from mark
  group by place, session_date, session, header, kind, cause, said_on
) as m
left join (select session_date, row_number() over (order by session_date) - 1 as number from day) as d
  on d.session_date = m.said_on
group by m.place, m.session_date, m.session, m.header, m.kind, m.cause
