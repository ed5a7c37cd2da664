-- question: On which school days is a pupil recorded unable to attend by sickness, and in how many sessions? And which days were wholly cancelled (Y4) for that pupil, by marks alone?
-- key: line, session_date
-- source: PRR reg 13(9)-(11); law.md 3.4: code I alone. Entries in sessions that were not held count for nothing here; a day wholly Y4 breaks no run
-- refresh: place, line, session_date of register; line of roll; place, session_date of calendar; place, session_date of school_day
-- column place: The place.
-- column line: The line.
-- column pupil: The pupil; of identities that were joined, the one that stays.
-- column school_year: Of the line, as 202526.
-- column session_date: The date.
-- column day_no: School days of the place, counted from 1.
-- column sessions: Sessions with I; 0: none of the day was held for the pupil, and every count skips it.
-- column csa: Of compulsory school age that day: yes, no or unknown (no birth date is known).
select r.place, r.line, e.child as pupil, e.school_year, r.session_date, d.day_no,
       cast(count(*) filter (where r.code = 'I') as smallint) as sessions,
       case when e.csa_from is null or e.csa_until is null then 'unknown'
            when r.session_date between e.csa_from and e.csa_until then 'yes'
            else 'no' end as csa
from register r
join roll e on e.line = r.line and r.session_date between e.from_date and e.to_date
join calendar k on k.place = r.place and k.session_date = r.session_date and k.session = r.session and k.status = 'held'
join school_day d on d.place = r.place and d.session_date = r.session_date
where r.code in ('I', 'Y4')
group by r.place, r.line, e.child, e.school_year, r.session_date, d.day_no, e.csa_from, e.csa_until, d.sessions_held
having count(*) filter (where r.code = 'I') > 0 or count(*) = d.sessions_held
