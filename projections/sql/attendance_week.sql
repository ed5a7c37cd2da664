-- question: How many sessions of each code has each pupil, week by week?
-- key: line, week_start, half_term, boarder, code
-- source: law.md 1.4, 4 (EES-M): an enrolment's own sessions, on days on which it is on the roll
-- refresh: line, week_start of register; line of roll; line of boarder_spell; place of half_term_day
-- column line: The line: one pupil, one place, one stay, one school year.
-- column place: The place.
-- column week_start: The Monday of the week.
-- column half_term: 1 to 6; 0 where the date lies in no half term.
-- column boarder: 1: the pupil boards on those days, and they are counted nowhere.
-- column code: A national code.
-- column class: How it is counted: ATT, AEA, AUTH, UNAUTH, NPA or ADM.
-- column sessions: Sessions with this code.
-- column possible: Those in the denominator.
-- column present: Those attended, or at an approved educational activity.
-- column absent: Those absent, authorised or not.
-- column late: Those published as late.
select g.line, e.place, g.week_start, g.half_term, g.boarder, g.code, c.class, g.sessions,
       g.sessions * c.possible as possible, g.sessions * c.present as present, g.sessions * c.absent as absent,
       g.sessions * c.late as late
from (
  select r.line, r.week_start, cast(coalesce(h.half_term, 0) as smallint) as half_term,
         cast(case when b.line is null then 0 else 1 end as smallint) as boarder, r.code,
         cast(count(*) as integer) as sessions
  from register r
  join roll e on e.line = r.line and r.session_date between e.from_date and e.to_date
  left join half_term_day h on h.place = r.place and h.session_date = r.session_date
  left join boarder_spell b on b.line = r.line and r.session_date >= b.from_date and r.session_date < b.until_date
  group by r.line, r.week_start, coalesce(h.half_term, 0), case when b.line is null then 0 else 1 end, r.code
) as g
join roll e on e.line = g.line
join code_rule c on c.code = g.code
