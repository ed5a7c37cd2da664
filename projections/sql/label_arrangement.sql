-- question: What is odd about an arrangement?
-- key: arrangement, label
-- source: events.md 3.1 (labels); PRR reg 10(11), 11; law.md 1.3, 6; sentences: label_rule
-- refresh: line, arrangement of arrangement_now
-- column label: Its name; label_rule says what it means.
-- column place: The place of the pupil's line.
-- column line: The line.
-- column arrangement: The arrangement.
-- column kind: leave, part_time, activity, placement or dual_registration.
-- column position: Where the ledger has its last word.
-- column recorded_on: When the ledger recorded that, local date.
-- column from_date: First day of the arrangement.
-- column detail: What kind, as coded; of one recorded late: in_time_as_stated, if it was decided by its first day by the school's word.
-- column number: Days late.
with day_number (session_date, number) as (
  select session_date, row_number() over (order by session_date) from day
),
told (arrangement, place, line, kind, stands, position, recorded_on, from_date, to_date, ended, code, asked_on,
      decided_on, agreed_on, purpose, arranger, basis, delivery, registered_there, supervisor, parent_agreed,
      over_boundary, days_recorded, days_asked, days_decided) as (
  select a.arrangement, a.place, a.line, a.kind, a.stands, a.position, a.recorded_on, a.from_date, a.to_date, a.ended,
         a.code, a.asked_on, a.decided_on, a.agreed_on, a.purpose, a.arranger, a.basis, a.delivery,
         a.registered_there, a.supervisor, a.parent_agreed,
         case when (a.from_date < a.csa_from and a.last_date >= a.csa_from)
                   or (a.from_date <= a.csa_until and a.last_date > a.csa_until) then 1 else 0 end,
         heard.number - began.number, asked.number - began.number, decided.number - began.number
  from arrangement_now a
  left join day_number began on began.session_date = a.from_date
  left join day_number heard on heard.session_date = a.first_recorded_on
  left join day_number asked on asked.session_date = a.asked_on
  left join day_number decided on decided.session_date = coalesce(a.decided_on, a.agreed_on)
  where a.kind <> 'evidence'
)
select n.label, t.place, t.line, t.arrangement, t.kind, t.position, t.recorded_on, t.from_date,
       case n.label
         when 'recorded_late' then case when t.days_decided <= 0 then 'in_time_as_stated' end
         when 'unfit_supervisor' then t.supervisor
         when 'school_arranged_under_authority_basis' then t.basis
       end as detail,
       cast(case n.label
              when 'recorded_late' then t.days_recorded
              when 'asked_after_start' then t.days_asked
              when 'decided_after_start' then t.days_decided
            end as integer) as number
from told t
cross join (
  values ('recorded_late'), ('asked_after_start'), ('decided_after_start'), ('over_school_age_boundary'),
         ('part_time_for_behaviour'), ('part_time_without_end'), ('part_time_without_parent'), ('unfit_supervisor'),
         ('school_arranged_under_authority_basis')
) as n (label)
where case n.label
        when 'recorded_late' then case when t.days_recorded > 0 then 1 else 0 end
        when 'asked_after_start' then case when t.kind = 'leave' and t.days_asked > 0 then 1 else 0 end
        when 'decided_after_start' then
          case when t.days_decided > 0 and t.stands in ('LeaveGranted', 'PartTimeAgreed', 'ActivityApproved')
               then 1 else 0 end
        when 'over_school_age_boundary' then
          case when t.over_boundary = 1
                    and (t.kind = 'part_time' or (t.kind = 'leave' and t.code in ('X', 'C2'))) then 1 else 0 end
        when 'part_time_for_behaviour' then
          case when t.kind = 'part_time' and t.purpose = 'behaviour' then 1 else 0 end
        when 'part_time_without_end' then
          case when t.kind = 'part_time' and t.ended = 0 and t.to_date = cast('2999-12-31' as date) then 1 else 0 end
        when 'part_time_without_parent' then
          case when t.kind = 'part_time' and t.parent_agreed = 0 then 1 else 0 end
        when 'unfit_supervisor' then
          case when t.kind = 'activity' and t.supervisor in ('parent', 'none') then 1 else 0 end
        when 'school_arranged_under_authority_basis' then
          case when t.kind = 'placement' and t.arranger = 'school' and t.basis in ('s19_1', 's42_2', 's61_1')
               then 1 else 0 end
        else 0
      end = 1
