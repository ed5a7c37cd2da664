-- question: Which are the school weeks of each register, numbered in order?
-- key: chain, week_start
-- source: PNR reg 9A(6) (school week); law.md 5.1. Beside chain_day, for what lies in a week that has gone from the calendar
-- refresh: chain of chain_day
-- column chain: Whose register it is.
-- column place: The place by which the chain is named.
-- column week_start: The Monday of the week.
-- column week_no: School weeks of the chain, counted from 1.
select chain, chain as place, week_start, max(week_no) as week_no
from chain_day
group by chain, week_start
