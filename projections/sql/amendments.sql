-- question: Which entries were amended or taken back: from what, to what, why, when, by whom?
-- key: position
-- source: PRR reg 6(1)(a)-(e); law.md 2.3, 8.5; events.md 2.3
-- refresh: place, line, session_date, session of change; place of source
-- column place: The place.
-- column line: The pupil's line.
-- column session_date: The day of the session.
-- column session: 1 morning, 2 afternoon.
-- column position: Where the ledger has the amendment.
-- column recorded_at: When the ledger recorded it, UTC.
-- column recorded_on: The same as a local date.
-- column kind: amendment or withdrawal.
-- column original: (a) The entry amended, as the ledger had it; empty: of a code that nobody mapped.
-- column original_said: The entry amended, as the sender says it was; empty: not said.
-- column new: (b) The entry from then on; empty for a withdrawal.
-- column reason_code: (c) The reason, as coded; texts are sealed.
-- column reason_state: given, not_given or feed_cannot_carry.
-- column has_text: 1: something sealed was said with it (reason, nature, comment).
-- column has_evidence: 1: it names evidence.
-- column amended_on: (d) The date of the amendment by the school's word; empty: not stated.
-- column said_at: When the school says that it was keyed, UTC; a claim; empty: not stated.
-- column person: (e) Who made it; empty: nobody is named.
-- column by_kind: named, shared_login, system, parent_portal, pupil, not_said.
-- column cause: typed, prefilled, copied_from_lesson, mis_rule, bulk, closure, provider_feed, import, unknown.
-- column operation: One bulk action or one change of a MIS setting; empty: none was said.
-- column rule: The MIS rule that made it.
-- column came_by: How the message came: taking, snapshot, change, audit_log, replay.
-- column withdrawn_how: Of a withdrawal: sender_said, cleared_to_blank, absent_from_whole_snapshot, pupil_removed_upstream.
-- column source: Who sent it; empty: a person at the console.
-- column delivery: How that source delivers: stream, snapshot_daily, ...
-- column imported: 1: from another system's records.
-- column unexplained: 1: no reason was given, and its source can carry one.
-- column reason_not_carried: 1: no reason, and its source cannot carry one.
-- column unnamed: 1: nobody is named, and its source can carry a name.
-- column person_not_carried: 1: nobody is named, and its source cannot carry a name.
-- column shared_login: 1: made under a shared login.
-- column missing_step: 1: the sender says that another entry stood than the ledger had.
-- column date_not_stated: 1: neither a date nor a time of the amendment was stated: it reached the ledger on recorded_on.
-- column after_the_day: 1: made after the day of the session, by the school's word, else as recorded.
-- column days_after: Days from the session to the amendment, by the school's word, else as recorded; before it: negative.
-- column n_to_o: 1: N became O.
with source_version (place, source, delivery, carries_person, carries_reason, position, next_position) as (
  select place, source, delivery, carries_person, carries_reason, position,
         lead(position, 1, 9223372036854775807) over (partition by place, source order by position)
  from source
),
day_number (session_date, number) as (
  select session_date, row_number() over (order by session_date) from day
)
select a.place, a.line, a.session_date, a.session, a.position, a.recorded_at, a.recorded_on, a.kind, a.original,
       a.original_said, a.new, a.reason_code, a.reason_state, a.has_text, a.has_evidence, a.amended_on, a.said_at,
       a.person, a.by_kind, a.cause, a.operation, a.rule, a.came_by, a.withdrawn_how, a.source, v.delivery, a.imported,
       cast(case when a.reason_state = 'not_given' and coalesce(v.carries_reason, 1) = 1 then 1 else 0 end as smallint)
         as unexplained,
       cast(case when a.reason_state = 'feed_cannot_carry'
                      or (a.reason_state = 'not_given' and v.carries_reason = 0) then 1 else 0 end as smallint)
         as reason_not_carried,
       cast(case when a.person is null and a.by_kind <> 'shared_login' and coalesce(v.carries_person, 1) = 1
            then 1 else 0 end as smallint) as unnamed,
       cast(case when a.person is null and a.by_kind <> 'shared_login' and v.carries_person = 0 then 1 else 0 end
            as smallint) as person_not_carried,
       cast(case when a.by_kind = 'shared_login' then 1 else 0 end as smallint) as shared_login,
       cast(case when a.original_said <> a.original then 1 else 0 end as smallint) as missing_step,
       cast(case when a.amended_on is null and a.said_at is null then 1 else 0 end as smallint) as date_not_stated,
       cast(case when a.made_on > a.session_date then 1 else 0 end as smallint) as after_the_day,
       cast(made.number - d.number as integer) as days_after,
       cast(case when a.original = 'N' and a.new = 'O' then 1 else 0 end as smallint) as n_to_o
from (
  select c.place, c.line, c.session_date, c.session, c.position, c.recorded_at, c.recorded_on, c.kind, c.original,
         c.original_said, c.new, c.reason_code, c.reason_state, c.has_text, c.has_evidence, c.amended_on, c.said_at,
         c.person, c.by_kind, c.cause, c.operation, c.rule, c.came_by, c.how as withdrawn_how, c.source, c.imported,
         coalesce(c.amended_on, c.said_on, c.recorded_on) as made_on
  from change c
) as a
left join source_version v
  on v.place = a.place and v.source = a.source and a.position >= v.position and a.position < v.next_position
left join day_number d on d.session_date = a.session_date
left join day_number made on made.session_date = a.made_on
