-- question: Of which lines is the pupil's unique pupil number (UPN) odd, and how?
-- key: line, finding
-- source: field.md 2.1 (format and check letter of the UPN); events.md 2.1 (UpnGiven, IdentitiesMerged). No number is in any fact or answer
-- refresh: pupil of number_oddity; pupil of line_now
-- column line: The line.
-- column finding: malformed, wrong_check_letter, or on_two_children: two children have it who are not joined as one.
-- column place: The place.
-- column pupil: Its pupil, whose number it is.
-- column position: Since which entry of the ledger that is so.
-- column recorded_on: When the ledger recorded that, local date.
-- column last_here: 1: the pupil's last line at that place, which is labelled; 0: an earlier one.
select l.line, n.finding, l.place, l.pupil, n.position, n.recorded_on,
       cast(case when l.age = 1 then 1 else 0 end as smallint) as last_here
from (
  select o.pupil, o.finding, o.stands, o.position, o.recorded_on,
         row_number() over (partition by o.pupil, o.finding order by o.position desc) as age
  from number_oddity o
) as n
join (
  select w.line, w.place, w.pupil,
         row_number() over (partition by w.place, w.pupil order by w.from_date desc, w.line desc) as age
  from line_now w
) as l on l.pupil = n.pupil
where n.age = 1 and n.stands = 1
