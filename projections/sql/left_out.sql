-- question: What is left out of the figures, beside which they stand, and why?
-- key: place, school_year, cohort, why
-- source: law.md 2.3, 4; `counted_entry` says why an entry does not count, `published_line` whose sessions are in no published figure
-- kind: view
-- refresh: place, line of attendance_week; line of line_now; place of published_line; place, line of mark_history
-- column place: The place.
-- column school_year: Of the line, as 202526.
-- column cohort: working: left out of every count; statistical: of published figures besides.
-- column why: As of counted_entry: unmapped, no_mark, off_roll, guest, boarder, not_held. Then overtaken (amended since) and withdrawn. Of published figures: age (not 5 to 15 on 31 August), late_joiner (enrolled from the spring bank holiday on), year_11 (sessions of 15-year-olds from then on).
-- column entries: How many entries.
-- column lines: Of how many lines.
select u.place, u.school_year, u.cohort, u.why, cast(sum(u.entries) as bigint) as entries, count(distinct u.line) as lines
from (
  select w.place, l.school_year, 'working' as cohort, w.why, w.line, w.sessions as entries
  from attendance_week w
  join line_now l on l.line = w.line
  where w.why <> ''
  union all
  select h.place, l.school_year, 'working' as cohort,
         case when n.kind = 'withdrawal' then 'withdrawn' else 'overtaken' end as why, h.line, 1 as entries
  from mark_history h
  join mark_history n
    on n.line = h.line and n.session_date = h.session_date and n.session = h.session and n.step = h.step + 1
  join line_now l on l.line = h.line
  where h.kind <> 'withdrawal'
  union all
  select w.place, p.school_year, 'statistical' as cohort, case when p.left_out = '' then 'year_11' else p.left_out end as why,
         w.line, w.sessions as entries
  from attendance_week w
  join published_line p on p.line = w.line
  where w.why = '' and w.week_start >= p.weeks_before
) as u
group by u.place, u.school_year, u.cohort, u.why
