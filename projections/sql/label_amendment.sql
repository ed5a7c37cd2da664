-- question: What is odd about an amendment or a withdrawal?
-- key: position, label
-- source: PRR reg 6; law.md 2.3, 8.5; events.md 2.3 (labels of MarkAmended); sentences: label_rule. A view: most of a nightly feed's amendments carry some label
-- kind: view
-- refresh: place, line, session_date, session of amendments
-- column label: Its name; label_rule says what it means.
-- column place: The place.
-- column line: The pupil's line.
-- column session_date: The day of the session.
-- column session: 1 morning, 2 afternoon.
-- column position: Where the ledger has the amendment.
-- column recorded_on: When the ledger recorded it, local date.
-- column code: The entry from then on; empty for a withdrawal.
-- column imported: 1: from another system's records, never contemporaneous.
-- column detail: What kind, as coded: by whom, of which rule, what the sender says stood before.
-- column number: After the day: days.
select n.label, a.place, a.line, a.session_date, a.session, a.position, a.recorded_on, a.new as code, a.imported,
       case n.label
         when 'unnamed' then a.by_kind
         when 'missing_step' then a.original_said
         when 'rule_change' then a.rule
         when 'withdrawn_upstream' then a.withdrawn_how
         when 'after_the_day' then case when a.date_not_stated = 1 then 'as_recorded' else 'as_stated' end
       end as detail,
       case n.label when 'after_the_day' then a.days_after end as number
from amendments a
cross join (
  values ('unexplained'), ('reason_not_carried'), ('unnamed'), ('person_not_carried'), ('shared_login'),
         ('missing_step'), ('date_not_stated'), ('after_the_day'), ('rule_change'), ('one_operation'),
         ('closure_after_marks'), ('withdrawn_upstream'), ('imported_amendment')
) as n (label)
where case n.label
        when 'unexplained' then a.unexplained
        when 'reason_not_carried' then a.reason_not_carried
        when 'unnamed' then a.unnamed
        when 'person_not_carried' then a.person_not_carried
        when 'shared_login' then a.shared_login
        when 'missing_step' then a.missing_step
        when 'date_not_stated' then a.date_not_stated
        when 'after_the_day' then a.after_the_day
        when 'rule_change' then case when a.cause = 'mis_rule' then 1 else 0 end
        when 'one_operation' then case when a.operation is not null then 1 else 0 end
        when 'closure_after_marks' then case when a.cause = 'closure' then 1 else 0 end
        when 'withdrawn_upstream' then
          case when a.withdrawn_how in ('absent_from_whole_snapshot', 'pupil_removed_upstream', 'cleared_to_blank')
               then 1 else 0 end
        when 'imported_amendment' then a.imported
        else 0
      end = 1
