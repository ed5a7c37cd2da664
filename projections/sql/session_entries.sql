-- question: How many entries stand in the register of each session?
-- key: place, session_date, session
-- source: PRR reg 10(1). Whether somebody is unmarked is asked of this, so that no question goes through all the marks
-- refresh: place, session_date, session of register
-- column place: The place.
-- column session_date: The day of the session.
-- column session: 1 morning, 2 afternoon.
-- column entries: Entries that stand, of whomever.
select place, session_date, session, cast(count(*) as integer) as entries
from register
group by place, session_date, session
