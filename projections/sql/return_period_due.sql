-- question: Which attendance returns must schools close, and which of them are overdue today?
-- key: place, to_date
-- source: PRR reg 13(7)-(8): also when nobody is in it; law.md 3.3
-- kind: view
-- refresh: place of return_period
-- column place: The school.
-- column from_date: First day of the period.
-- column to_date: Its last day.
-- column due_on: The last day of the interval.
-- column basis: agreed, agreed_term, setting or month.
-- column interval_days: Days of the interval; empty: a month or a term.
-- column weaker: 1: longer than once per calendar month.
-- column closed_position: Where the ledger has it that it was closed; empty: it was not.
-- column closed_on: When the ledger recorded that.
-- column pupils: Pupils returned, as closed.
-- column nil: 1: closed with nobody in it.
-- column overdue: 1: not closed, and the day on which it was due has passed.
select p.place, p.from_date, p.to_date, p.due_on, p.basis, p.interval_days, p.weaker, p.closed_position, p.closed_on,
       p.pupils, p.nil,
       cast(case when p.closed_position is null and p.due_on < a.today then 1 else 0 end as smallint) as overdue
from return_period p
cross join asked a
where p.from_date <= a.today
