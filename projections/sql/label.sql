-- question: What is odd about what the registers say: every label, of every kind?
-- key: family, label, place, line, session_date, session, position
-- source: DESIGN (record and label, do not refuse); events.md; sentences: label_rule
-- kind: view
-- refresh: place of label_mark; place of label_amendment; place of label_message; place of label_session; place of label_foreseen; place of label_y4_missing; place of label_placed; place of label_line; place of label_main_twice; place of label_gone_upstream; place of label_number; place of label_arrangement; place of label_place; place of dual_registration; place of nobody_looking; all of asked
-- column family: What it is about: mark, amendment, message, session, line, arrangement or place.
-- column label: Its name; label_rule says what it means.
-- column place: The place.
-- column line: The pupil's line; empty where it is about none.
-- column session_date: The day of the session; empty where it is about none.
-- column session: 1 morning, 2 afternoon; empty where it is about none.
-- column on_date: The day concerned: of the session, else from which it holds.
-- column position: Where the ledger has what is odd; empty where it is what is missing.
-- column recorded_on: When the ledger recorded that, local date; empty where that is not one entry.
-- column code: The code of the entry; empty where it is about none.
-- column arrangement: The arrangement; empty where it is about none.
-- column imported: 1: from another system's records, never contemporaneous.
-- column stands: 0: of an entry that a later one replaced or took back; else 1.
-- column detail: What kind, as coded.
-- column number: How much: minutes, days, sessions, entries; label_rule says which.
select l.family, l.label, l.place, l.line, l.session_date, l.session, l.on_date, l.position, l.recorded_on, l.code,
       l.arrangement, l.imported, l.stands, l.detail, l.number
from (
  select 'mark' as family, label, place, line, session_date, session, session_date as on_date, position, recorded_on,
         code, cast(null as integer) as arrangement, imported, stands, detail, number
  from label_mark
  union all
  select 'amendment' as family, label, place, line, session_date, session, session_date as on_date, position,
         recorded_on, code, cast(null as integer) as arrangement, imported, cast(1 as smallint) as stands, detail,
         number
  from label_amendment
  union all
  select 'message' as family, label, place, cast(null as integer) as line, session_date, session,
         session_date as on_date, position, recorded_on, null as code, cast(null as integer) as arrangement, imported,
         cast(1 as smallint) as stands, detail, number
  from label_message
  union all
  select 'session' as family, label, place, cast(null as integer) as line, session_date, session,
         session_date as on_date, position, recorded_on, null as code, cast(null as integer) as arrangement,
         cast(0 as smallint) as imported, cast(1 as smallint) as stands, detail, number
  from label_session
  union all
  select 'mark' as family, label, place, line, session_date, session, session_date as on_date, position, recorded_on,
         code, cast(null as integer) as arrangement, cast(0 as smallint) as imported, cast(1 as smallint) as stands,
         null as detail, cast(null as integer) as number
  from label_foreseen
  union all
  select 'mark' as family, label, place, line, session_date, session, session_date as on_date, position, recorded_on,
         code, cast(null as integer) as arrangement, cast(0 as smallint) as imported, cast(1 as smallint) as stands,
         null as detail, cast(null as integer) as number
  from label_y4_missing
  union all
  select 'mark' as family, label, place, line, session_date, session, session_date as on_date, position,
         cast(null as date) as recorded_on, code, arrangement, cast(0 as smallint) as imported,
         cast(1 as smallint) as stands, detail, cast(null as integer) as number
  from label_placed
  union all
  select 'mark' as family, finding as label, place, line, session_date, session, session_date as on_date, position,
         cast(null as date) as recorded_on, 'D' as code, cast(null as integer) as arrangement,
         cast(0 as smallint) as imported, cast(1 as smallint) as stands, other_code as detail,
         cast(null as integer) as number
  from dual_registration
  where finding <> 'kept'
  union all
  select 'arrangement' as family,
         case finding when 'nobody' then 'nobody_looking' else 'other_place_silent' end as label, place, line,
         session_date, session, session_date as on_date, cast(null as bigint) as position,
         cast(null as date) as recorded_on, home_code as code, arrangement, cast(0 as smallint) as imported,
         cast(1 as smallint) as stands, kind as detail, cast(null as integer) as number
  from nobody_looking
  union all
  select 'line' as family, label, place, line, cast(null as date) as session_date, cast(null as smallint) as session,
         on_date, position, recorded_on, null as code, cast(null as integer) as arrangement, imported,
         cast(1 as smallint) as stands, detail, number
  from label_line
  union all
  select 'line' as family, label, place, line, cast(null as date) as session_date, cast(null as smallint) as session,
         from_date as on_date, position, recorded_on, null as code, cast(null as integer) as arrangement,
         cast(0 as smallint) as imported, cast(1 as smallint) as stands, null as detail,
         cast(null as integer) as number
  from label_main_twice
  union all
  select 'line' as family, label, place, line, cast(null as date) as session_date, cast(null as smallint) as session,
         on_date, position, cast(null as date) as recorded_on, null as code, cast(null as integer) as arrangement,
         cast(0 as smallint) as imported, cast(1 as smallint) as stands, null as detail, number
  from label_gone_upstream
  union all
  select 'line' as family, label, place, line, cast(null as date) as session_date, cast(null as smallint) as session,
         recorded_on as on_date, position, recorded_on, null as code, cast(null as integer) as arrangement,
         cast(0 as smallint) as imported, cast(1 as smallint) as stands, null as detail,
         cast(null as integer) as number
  from label_number
  union all
  select 'arrangement' as family, label, place, line, cast(null as date) as session_date,
         cast(null as smallint) as session, from_date as on_date, position, recorded_on, null as code, arrangement,
         cast(0 as smallint) as imported, cast(1 as smallint) as stands, detail, number
  from label_arrangement
  union all
  select 'place' as family, label, place, cast(null as integer) as line, cast(null as date) as session_date,
         cast(null as smallint) as session, on_date, position, recorded_on, null as code,
         cast(null as integer) as arrangement, cast(0 as smallint) as imported, cast(1 as smallint) as stands, detail,
         number
  from label_place
) as l
cross join asked a
where l.on_date is null or l.on_date <= a.today or l.family in ('place', 'arrangement')
