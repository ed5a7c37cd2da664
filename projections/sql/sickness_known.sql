-- question: Which beliefs about a pupil's sickness did schools form?
-- key: position
-- source: PRR reg 13(10) (SicknessBeliefFormed, events.md 3.3)
-- refresh: position, place, line of sickness_belief; line of line_now
-- column position: Where the ledger has it.
-- column place: The school.
-- column line: The line.
-- column child: The identity that stays, of all that are this one child.
-- column school_year: Of the line, as 202526.
-- column limb: p9_consecutive (15 school days in a row) or p9_total (15 in the school year).
-- column on_date: When the belief was formed.
-- column until_date: Until when the pupil is expected to be away; the day of the belief where not said.
select b.position, b.place, b.line, l.child, l.school_year,
       case when b.limb = 'total_15' then 'p9_total' else 'p9_consecutive' end as limb, b.on_date,
       case when b.expected_until > b.on_date then b.expected_until else b.on_date end as until_date
from sickness_belief b
join line_now l on l.line = b.line
