-- question: On which school days has a pupil an entry G, N, O or U, and are all sessions of the day so? And which days were wholly cancelled (Y4) for that pupil, by marks alone?
-- key: line, session_date
-- source: law.md 3.2 (readings 1 to 4), 5.1. What counts: `counted_entry`; a session whose own entry is Y4 is not held for that pupil
-- refresh: place, line, session_date of relevant_entry; place, session_date of chain_day
-- column place: The place.
-- column line: The line.
-- column child: The identity that stays.
-- column chain: Whose register it is: the place, or the last one to which its register went over.
-- column session_date: The date.
-- column day_no: School days of the chain, counted from 1.
-- column week_no: School weeks of the chain, counted from 1.
-- column cancelled_before: Days wholly cancelled (Y4) before this one.
-- column sessions_held: Sessions held that day, but for those that the pupil's own entry says were cancelled (Y4): with one unmarked the day does not qualify. 0: none is left, and every count skips the day.
-- column gnou: Those with G, N, O or U; 0 where sessions_held is 0.
-- column gnou_am: 1 where the morning is one of them.
-- column gno: Those with G, N or O.
-- column csa: Of compulsory school age that day: yes, no or unknown (no birth date is known).
select r.place, r.line, r.child, d.chain, r.session_date, d.day_no, d.week_no, d.cancelled_before,
       cast(d.sessions_held - count(*) filter (where r.code = 'Y4') as smallint) as sessions_held,
       cast(count(*) filter (where r.code <> 'Y4') as smallint) as gnou,
       cast(count(*) filter (where r.session = 1 and r.code <> 'Y4') as smallint) as gnou_am,
       cast(count(*) filter (where r.code not in ('U', 'Y4')) as smallint) as gno,
       r.csa
from relevant_entry r
join chain_day d on d.place = r.place and d.session_date = r.session_date
where (r.session = 1 and d.am = 1) or (r.session = 2 and d.pm = 1)
group by r.place, r.line, r.child, d.chain, r.session_date, d.day_no, d.week_no, d.cancelled_before, d.sessions_held,
         r.csa
having count(*) filter (where r.code <> 'Y4') > 0 or count(*) = d.sessions_held
