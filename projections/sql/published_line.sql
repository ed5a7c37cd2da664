-- question: Whose sessions count in published figures, and until which week?
-- key: line
-- source: law.md 4 (EES-M): aged 5 to 15 on 31 August; of 15-year-olds the sessions before the spring bank holiday; no enrolment that first began in the second half of the summer term, from that holiday on (a line carried forward, or transferred on a succession, began before; a re-entry did not). Whose age is not known counts. The ages are the daily series' own rule too; the cut-off of 15-year-olds is a reading for it [I]
-- refresh: line of roll
-- column line: The line: one enrolment.
-- column place: The place.
-- column school_year: As 202526.
-- column age_known: 1: the age on 31 August is known.
-- column left_out: Empty where it counts; else age (not 5 to 15) or late_joiner.
-- column weeks_before: The weeks that begin before this day count; 2999-12-31: all of them; 1900-01-01: none.
select e.line, e.place, e.school_year, e.age_known, e.left_out,
       case when e.left_out <> '' then cast('1900-01-01' as date)
            when e.age_31_aug = 15 then coalesce(e.holiday_week, cast('2999-12-31' as date))
            else cast('2999-12-31' as date) end as weeks_before
from (
  select r.line, r.place, r.school_year, r.age_31_aug, h.week_start as holiday_week,
         cast(case when r.age_31_aug is null then 0 else 1 end as smallint) as age_known,
         case when r.age_31_aug < 5 or r.age_31_aug > 15 then 'age'
              when r.from_date >= h.on_date and r.carried = 0
                   and coalesce(r.admission, 'other') <> 'transferred_on_succession' then 'late_joiner'
              else '' end as left_out
  from roll r
  left join holiday_rule h on h.school_year = r.school_year
) as e
