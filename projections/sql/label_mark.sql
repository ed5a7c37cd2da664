-- question: What is odd about an entry of an attendance register?
-- key: position, label
-- source: events.md 2.3 (labels of MarkRecorded); law.md 1, 2.2-2.4; sentences: label_rule. Entries that stand, and those that were overtaken (stands = 0)
-- refresh: place, line, session_date, session of mark; place, line, session_date, session of change; place, line, session_date, session of older_entry; place, session_date, session of register_opened; place, session_date, session of register_closed; place, session_date, session of school_session; place, session_date, session of calendar; place, line of line; line of boarder_spell
-- column label: Its name; label_rule says what it means.
-- column place: The place in whose register the entry stands.
-- column line: The pupil's line.
-- column session_date: The day of the session.
-- column session: 1 morning, 2 afternoon.
-- column position: Where the ledger has the entry.
-- column recorded_on: When the ledger recorded it, local date.
-- column code: Its code; empty: what was sent is mapped to none.
-- column stands: 1: this entry stands; 0: a later one replaced it or took it back.
-- column imported: 1: from another system's records, never contemporaneous.
-- column detail: What kind, as coded: what was sent, what the calendar says.
-- column number: Late at the school: minutes after the taking ended. L after the taking ended: minutes.
with closed (place, session_date, session, closed_minute) as (
  select place, session_date, session, closed_minute
  from (
    select place, session_date, session, closed_on, closed_minute,
           row_number() over (partition by place, session_date, session order by position desc) as age
    from register_closed
  ) as last_word
  where age = 1 and closed_on = session_date
),
session_about (place, session_date, session, begins, closes, doubtful) as (
  select place, session_date, session, max(begins), coalesce(max(closed_minute), max(opened_until), max(planned_until)),
         max(doubtful)
  from (
    select place, session_date, session, begins_minute as begins, closes_minute as planned_until,
           cast(null as smallint) as opened_until, cast(null as smallint) as closed_minute, 0 as doubtful
    from calendar
    union all
    select place, session_date, session, cast(null as smallint) as begins, cast(null as smallint) as planned_until,
           closes_minute as opened_until, cast(null as smallint) as closed_minute, 0 as doubtful
    from register_opened
    union all
    select place, session_date, session, cast(null as smallint) as begins, cast(null as smallint) as planned_until,
           cast(null as smallint) as opened_until, closed_minute, 0 as doubtful
    from closed
    union all
    select place, session_date, session, cast(null as smallint) as begins, cast(null as smallint) as planned_until,
           cast(null as smallint) as opened_until, cast(null as smallint) as closed_minute, 1 as doubtful
    from school_session
    where status <> 'held'
  ) as told
  group by place, session_date, session
),
session_version (place, session_date, session, status, position, next_position) as (
  select place, session_date, session, status, position,
         lead(position, 1, 9223372036854775807) over (partition by place, session_date, session order by position)
  from school_session
),
line_version (line, on_roll, guest, from_date, to_date, position, next_position, recorded_on, next_recorded_on) as (
  select line, on_roll, guest, from_date, to_date, position,
         lead(position, 1, 9223372036854775807) over (partition by line order by position), recorded_on,
         lead(recorded_on, 1, cast('2999-12-31' as date)) over (partition by line order by position)
  from line
),
line_about (line, settled, from_date, to_date) as (
  select line, coalesce(max(next_position) filter (where on_roll = 0), min(position)),
         max(from_date) filter (where on_roll = 1), min(to_date) filter (where on_roll = 1)
  from (
    select line, on_roll, from_date, to_date, position,
           lead(position, 1, 9223372036854775807) over (partition by line order by position) as next_position
    from line
  ) as version
  group by line
),
changed (line, session_date, session, last_position, n_position) as (
  select line, session_date, session, max(position), min(position) filter (where original = 'N' or original_said = 'N')
  from change
  group by line, session_date, session
),
older (line, session_date, session, any_n) as (
  select line, session_date, session, max(case when code = 'N' then 1 else 0 end)
  from older_entry
  group by line, session_date, session
),
day_number (session_date, number) as (
  select session_date, row_number() over (order by session_date) from day
),
code_about (code, valid_from, valid_to, wrong_session, needs_nature, ordinary) as (
  select code, valid_from, valid_to, case when am = 0 then 1 when pm = 0 then 2 else 0 end, needs_nature,
         case when needs_nature = 1 or code in ('L', 'U', 'Z', '#') then 0 else 1 end
  from code_rule
),
flagged (place, line, session_date, session, position, recorded_on, kind, code, code_sent, imported, said_on,
         said_minute, closes, late_arrival, doubtful, unsettled, late, unmapped, retired, early, wrong_half, no_nature,
         uncounted, boards, u) as (
  select m.place, m.line, m.session_date, m.session, m.position, m.recorded_on, m.kind, m.code, m.code_sent, m.imported,
          m.said_on, m.said_minute, s.closes,
         case when m.code = 'L' and cast(s.begins as integer) + m.minutes_late > s.closes
              then cast(s.begins as integer) + m.minutes_late - s.closes else 0 end,
         coalesce(s.doubtful, 0),
         case when m.position < l.settled or m.session_date < l.from_date or m.session_date > l.to_date
                   or (l.line is not null and l.from_date is null) then 1 else 0 end,
         case when m.kind = 'mark' and m.imported = 0 and m.cause <> 'closure'
                   and (m.said_on > m.session_date or (m.said_on = m.session_date and m.said_minute > s.closes))
              then 1 else 0 end,
         case when m.code = '' then 1 else 0 end,
         case when m.session_date > c.valid_to then 1 else 0 end,
         case when m.session_date < c.valid_from then 1 else 0 end,
         case when m.session = c.wrong_session then 1 else 0 end,
         case when c.needs_nature = 1 and m.has_text = 0 and m.arrangement is null then 1 else 0 end,
         case when m.code in ('Z', '#') then 1 else 0 end,
         case when b.line is not null then 1 else 0 end,
         case when m.code = 'U' then 1 else 0 end
  from mark m
  left join code_about c on c.code = m.code
  left join session_about s on s.place = m.place and s.session_date = m.session_date and s.session = m.session
  left join line_about l on l.line = m.line
  left join boarder_spell b on b.line = m.line and m.session_date >= b.from_date and m.session_date < b.until_date
  where m.kind <> 'withdrawal'
    -- Nearly all entries are ordinary; to see that they are takes a few comparisons, to work out every flag takes thrice
    -- as long. Whatever could be flagged comes through here, and some that are not.
    and (coalesce(c.ordinary, 0) = 0 or m.session = c.wrong_session
         or m.session_date > c.valid_to or m.session_date < c.valid_from
         or s.doubtful = 1 or b.line is not null
         or m.position < l.settled or m.session_date < l.from_date or m.session_date > l.to_date or l.from_date is null
         or (m.imported = 0 and (m.said_on > m.session_date or m.said_minute > s.closes)))
),
told (place, line, session_date, session, position, recorded_on, code, code_sent, imported, stands, kind, minutes,
      late_arrival, late, unmapped, retired, early, wrong_half, no_nature, uncounted, boards, u, n_before, heard_of,
      status_then, status_now, on_roll_then, on_roll_that_day, on_roll_now, guest) as (
  select f.place, f.line, f.session_date, f.session, f.position, f.recorded_on, f.code, f.code_sent, f.imported,
         case when g.last_position > f.position then 0 else 1 end, f.kind,
         (on_said.number - on_day.number) * 1440 + f.said_minute - f.closes,
         f.late_arrival, f.late, f.unmapped, f.retired, f.early, f.wrong_half, f.no_nature, f.uncounted, f.boards, f.u,
         case when g.n_position <= f.position or o.any_n = 1 then 1 else 0 end,
         case when o.line is null then 0 else 1 end,
         k_then.status, k_now.status,
         case when l_then.line is null then null
              when l_then.on_roll = 1 and f.session_date between l_then.from_date and l_then.to_date then 1 else 0 end,
         case when l_day.line is null or l_day.position >= l_then.position then null
              when l_day.on_roll = 1 and f.session_date between l_day.from_date and l_day.to_date then 1 else 0 end,
         case when l_now.line is null then null
              when l_now.on_roll = 1 and f.session_date between l_now.from_date and l_now.to_date then 1 else 0 end,
         case when l_then.guest = 1 or l_now.guest = 1 then 1 else 0 end
  from flagged f
  left join changed g on g.line = f.line and g.session_date = f.session_date and g.session = f.session
  left join older o on o.line = f.line and o.session_date = f.session_date and o.session = f.session
  left join day_number on_day on on_day.session_date = f.session_date
  left join day_number on_said on on_said.session_date = f.said_on
  left join session_version k_then
    on k_then.place = f.place and k_then.session_date = f.session_date and k_then.session = f.session
   and f.doubtful = 1 and f.position >= k_then.position and f.position < k_then.next_position
  left join calendar k_now
    on k_now.place = f.place and k_now.session_date = f.session_date and k_now.session = f.session and f.doubtful = 1
  left join line_version l_then
    on l_then.line = f.line and f.unsettled = 1
   and f.position >= l_then.position and f.position < l_then.next_position
  left join line_version l_day
    on l_day.line = f.line and f.unsettled = 1
   and f.session_date >= l_day.recorded_on and f.session_date < l_day.next_recorded_on
  left join line_version l_now
    on l_now.line = f.line and f.unsettled = 1 and l_now.next_position = 9223372036854775807
  where f.late_arrival > 0
     or f.doubtful + f.unsettled + f.late + f.unmapped + f.retired + f.early + f.wrong_half + f.no_nature
        + f.uncounted + f.boards + f.u > 0
)
select n.label, t.place, t.line, t.session_date, t.session, t.position, t.recorded_on, t.code,
       cast(t.stands as smallint) as stands, t.imported,
       case n.label
         when 'code_not_mapped' then t.code_sent
         when 'no_session_then' then t.status_then
         when 'no_session_now' then t.status_now
       end as detail,
       cast(case n.label when 'late_at_school' then t.minutes when 'l_after_taking' then t.late_arrival end as integer)
         as number
from told t
cross join (
  values ('late_at_school'), ('l_after_taking'), ('u_without_n'), ('nature_missing'), ('code_not_mapped'),
         ('code_retired'), ('code_not_yet_in_use'), ('code_of_other_half'), ('never_counted'), ('boarder'), ('guest'),
         ('not_on_roll_then'), ('not_on_roll_that_day'), ('not_on_roll_now'), ('no_session_then'), ('no_session_now'),
         ('cancelled')
) as n (label)
where case n.label
        when 'late_at_school' then case when t.late = 1 and t.heard_of = 0 then 1 else 0 end
        when 'l_after_taking' then case when t.late_arrival > 0 then 1 else 0 end
        when 'u_without_n' then case when t.u = 1 and t.n_before = 0 then 1 else 0 end
        when 'nature_missing' then t.no_nature
        when 'code_not_mapped' then t.unmapped
        when 'code_retired' then t.retired
        when 'code_not_yet_in_use' then t.early
        when 'code_of_other_half' then t.wrong_half
        when 'never_counted' then t.uncounted
        when 'boarder' then t.boards
        when 'guest' then t.guest
        when 'not_on_roll_then' then case when t.on_roll_then = 0 and t.guest = 0 and t.code <> 'Z' then 1 else 0 end
        when 'not_on_roll_that_day' then
          case when t.on_roll_then = 1 and t.on_roll_that_day = 0 and t.imported = 0 then 1 else 0 end
        when 'not_on_roll_now' then
          case when t.on_roll_then = 1 and t.on_roll_now = 0 and t.guest = 0 and t.stands = 1 then 1 else 0 end
        when 'no_session_then' then
          case when t.status_then in ('planned_closure', 'no_such_session', 'outside_term')
                    and t.uncounted = 0 then 1 else 0 end
        when 'no_session_now' then
          case when t.status_now in ('planned_closure', 'no_such_session', 'outside_term')
                    and (t.status_then is null or t.status_then in ('held', 'cancelled', 'not_known'))
                    and t.uncounted = 0 and t.stands = 1 then 1 else 0 end
        when 'cancelled' then case when t.status_now = 'cancelled' and t.code <> 'Y4' and t.stands = 1 then 1 else 0 end
        else 0
      end = 1
