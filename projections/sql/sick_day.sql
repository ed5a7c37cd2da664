-- question: On which school days is a pupil recorded unable to attend by sickness, and in how many sessions? And which days were wholly cancelled (Y4) for that pupil, by marks alone?
-- key: line, session_date
-- source: PRR reg 13(9)-(11); law.md 3.4: code I alone. What counts: `counted_entry`; where no calendar was told there are no school days to count by. A day wholly Y4 breaks no run
-- refresh: place, line, session_date of counted_entry; place, session_date of school_day
-- column place: The place.
-- column line: The line.
-- column child: The identity that stays.
-- column school_year: Of the line, as 202526.
-- column session_date: The date.
-- column day_no: School days of the place, counted from 1.
-- column sessions: Sessions with I; 0: none of the day was held for the pupil, and every count skips it.
-- column sessions_am: 1: the morning is one of them. Where a child has two lines in one register, a session counts once.
-- column csa: Of compulsory school age that day: yes, no or unknown (no birth date is known).
select r.place, r.line, r.child, r.school_year, r.session_date, d.day_no,
       cast(count(*) filter (where r.code = 'I') as smallint) as sessions,
       cast(count(*) filter (where r.code = 'I' and r.session = 1) as smallint) as sessions_am, r.csa
from counted_entry r
join school_day d on d.place = r.place and d.session_date = r.session_date
where r.code in ('I', 'Y4') and r.why = '' and r.told = 1
group by r.place, r.line, r.child, r.school_year, r.session_date, d.day_no, r.csa, d.sessions_held
having count(*) filter (where r.code = 'I') > 0 or count(*) = d.sessions_held
