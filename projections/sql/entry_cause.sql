-- question: How did the entries of each session come to be: typed, prefilled, copied, by a rule, in bulk?
-- key: place, session_date, session, kind, cause
-- source: law.md 8.5 (marks auto-filled or copied); events.md 0.1 (cause)
-- kind: view
-- refresh: place, session_date, session of entry_message
-- column place: The place.
-- column session_date: The day of the session.
-- column session: 1 morning, 2 afternoon.
-- column kind: mark, amendment or withdrawal.
-- column cause: typed, prefilled, copied_from_lesson, mis_rule, bulk, closure, provider_feed, import, unknown.
-- column entries: How many.
select place, session_date, session, kind, cause, cast(sum(entries) as bigint) as entries
from entry_message
group by place, session_date, session, kind, cause
