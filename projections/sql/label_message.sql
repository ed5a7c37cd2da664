-- question: What is odd about a message that brought entries?
-- key: position, label
-- source: events.md 0.1 (late at the ledger accuses nobody), 2.3, 2.4; law.md 8.5; sentences: label_rule. One row for a message, not one for each of its marks
-- refresh: place, session_date, session of entries_received; place, session_date, session of entry_message; place of source; all of setting
-- column label: Its name; label_rule says what it means.
-- column place: The place.
-- column session_date: The day of the session.
-- column session: 1 morning, 2 afternoon.
-- column position: Where the ledger has the message; the marks that came with it name it as their header.
-- column recorded_on: When the ledger recorded it, local date.
-- column imported: 1: from another system's records.
-- column source: Who sent it; empty: a person at the console.
-- column rows: Rows of the message, as sent.
-- column detail: How the message came: taking, snapshot, change, audit_log, replay, foreseen.
-- column number: Late at the ledger: minutes from the earliest entry at the school to the ledger's. Told after the day: days.
with source_version (place, source, carries_entry_time, position, next_position) as (
  select place, source, carries_entry_time, position,
         lead(position, 1, 9223372036854775807) over (partition by place, source order by position)
  from source
),
late_from (from_date, until_date, minutes) as (
  select from_date, lead(from_date, 1, cast('2999-12-31' as date)) over (order by from_date), minutes
  from (
    select applies_from as from_date, value_int as minutes,
           row_number() over (partition by applies_from order by position desc) as age
    from setting
    where setting = 'late_minutes' and value_int is not null
    union all
    select cast('1900-01-01' as date), 60, 1
  ) as told
  where age = 1
),
day_number (session_date, number) as (
  select session_date, row_number() over (order by session_date) - 1 from day
),
brought (header, timed, first_said_minute) as (
  select header, sum(timed), min(first_said_minute)
  from entry_message
  group by header
),
timed (place, session_date, session, position, recorded_on, imported, source, rows, how, medium, by_kind, waited, said,
       carries_entry_time, late_by, late_minutes, days_after, brings) as (
  select h.place, h.session_date, h.session, h.position, h.recorded_on, h.imported, h.source, h.rows, h.how, h.medium,
         h.by_kind, case when h.first_held_at is null then 0 else 1 end,
         case when h.said_at is not null or b.timed > 0 then 1 else 0 end, v.carries_entry_time,
         recorded.number * 1440 + h.recorded_minute
           - coalesce(b.first_said_minute, said.number * 1440 + h.said_minute), f.minutes,
         recorded.number - d.number, case when b.header is null then 0 else 1 end
  from entries_received h
  left join brought b on b.header = h.position
  left join source_version v
    on v.place = h.place and v.source = h.source and h.position >= v.position and h.position < v.next_position
  left join late_from f on h.recorded_on >= f.from_date and h.recorded_on < f.until_date
  left join day_number d on d.session_date = h.session_date
  left join day_number recorded on recorded.session_date = h.recorded_on
  left join day_number said on said.session_date = h.said_on
)
select n.label, t.place, t.session_date, t.session, t.position, t.recorded_on, t.imported, t.source, t.rows,
       t.how as detail,
       cast(case n.label
              when 'late_at_ledger' then t.late_by
              when 'told_after_the_day' then t.days_after
            end as integer) as number
from timed t
cross join (
  values ('late_at_ledger'), ('told_after_the_day'), ('waited_as_held'), ('keyed_from_paper'),
         ('recovered_after_outage'), ('taken_under_shared_login'), ('time_of_entry_not_said'), ('imported')
) as n (label)
where case n.label
        when 'late_at_ledger' then case when t.imported = 0 and t.late_by > t.late_minutes then 1 else 0 end
        when 'told_after_the_day' then
          case when t.imported = 0 and t.brings = 1 and t.said = 0 and t.days_after > 0 then 1 else 0 end
        when 'waited_as_held' then t.waited
        when 'keyed_from_paper' then case when t.medium = 'paper_then_keyed' then 1 else 0 end
        when 'recovered_after_outage' then case when t.medium = 'recovered_after_outage' then 1 else 0 end
        when 'taken_under_shared_login' then case when t.by_kind = 'shared_login' then 1 else 0 end
        when 'time_of_entry_not_said' then
          case when t.imported = 0 and t.brings = 1 and t.said = 0 and t.carries_entry_time = 1 then 1 else 0 end
        when 'imported' then t.imported
        else 0
      end = 1
