-- question: What is odd about a row of an admission register?
-- key: line, label
-- source: events.md 2.2 (labels of PupilEntered ... PupilDeleted); PRR reg 8, 9; law.md 2.7, 2.8; sentences: label_rule
-- refresh: place, line of line_now; place, line of line; place, line of entry_off_roll; place of school_day; place of place
-- column label: Its name; label_rule says what it means.
-- column place: The place.
-- column line: The line.
-- column position: Where the ledger has what is odd.
-- column recorded_on: When the ledger recorded that, local date.
-- column on_date: The day from which the label holds: a leaving day stated for July is odd only once it has come.
-- column imported: 1: all that is known of it comes from another system's records.
-- column detail: What kind, as coded.
-- column number: Days late; school days; entries.
with day_number (session_date, number) as (
  select session_date, row_number() over (order by session_date) from day
),
deleted_after (line, school_days) as (
  select l.line, cast(count(*) as integer)
  from line_now l
  join school_day d on d.place = l.place and d.session_date > coalesce(l.deleted_on, l.left_on)
                   and d.session_date < l.deletion_recorded_on
  where l.deletion_position is not null and l.imported = 0
  group by l.line
),
marks_off_roll (line, entries) as (
  select line, cast(count(*) as integer) from entry_off_roll group by line
),
once_deleted (line, position, recorded_on) as (
  select line, max(position), max(recorded_on)
  from (
    select line, deletion_position, lag(deletion_position) over (partition by line order by position) as before,
           position, recorded_on
    from line
  ) as step
  where before is not null and deletion_position is null
  group by line
),
known_place (place, since) as (
  select place, min(recorded_on) from place group by place
),
special (place) as (
  select place
  from (
    select place, kind, phase, row_number() over (partition by place order by position desc) as age
    from place
  ) as last_word
  where age = 1 and (kind = 'nms_special' or phase = 'special')
),
told (line, place, position, recorded_on, from_date, imported, entry_position, entry_recorded_on, deletion_position,
      deletion_recorded_on, leaving_on, ground, entered_late, told_late, backdated, off_roll_marks, reversed_position,
      reversed_on, in_error, guest, on_roll, special, csa, consented, live) as (
  select l.line, l.place, l.position, v.recorded_on, l.from_date, l.imported, l.entry_position, l.entry_recorded_on,
         l.deletion_position, l.deletion_recorded_on, l.leaving_on, l.ground, said.number - began.number,
         case when l.from_date >= p.since then heard.number - began.number end, x.school_days, o.entries,
         r.position, r.recorded_on, l.in_error, l.guest,
         l.on_roll, case when s.place is null then 0 else 1 end,
         case when l.to_date >= l.csa_from and l.to_date <= l.csa_until then 1 else 0 end,
         case when v.la_consent_on is null then 0 else 1 end,
         case when l.entered = 1 and l.imported = 0 and l.carried = 0 then 1 else 0 end
  from line_now l
  join line v on v.position = l.position and v.line = l.line
  left join day_number began on began.session_date = l.from_date
  left join day_number said on said.session_date = l.entered_on
  left join day_number heard on heard.session_date = l.entry_recorded_on
  left join deleted_after x on x.line = l.line
  left join marks_off_roll o on o.line = l.line
  left join once_deleted r on r.line = l.line
  left join known_place p on p.place = l.place
  left join special s on s.place = l.place
)
select n.label, t.place, t.line,
       case when n.label in ('entered_late', 'entry_told_late') then t.entry_position
            when n.label in ('deletion_backdated', 'ground_not_said', 'special_school_deletion')
              then t.deletion_position
            when n.label = 'deletion_reversed' then t.reversed_position
            else t.position end as position,
       case when n.label in ('entered_late', 'entry_told_late') then t.entry_recorded_on
            when n.label in ('deletion_backdated', 'ground_not_said', 'special_school_deletion')
              then t.deletion_recorded_on
            when n.label = 'deletion_reversed' then t.reversed_on
            else t.recorded_on end as recorded_on,
       case when n.label in ('entered_late', 'entry_told_late') then t.from_date
            when n.label in ('deletion_backdated', 'ground_not_said', 'special_school_deletion')
              then t.deletion_recorded_on
            when n.label = 'deletion_reversed' then t.reversed_on
            when n.label = 'left_as_stated' then t.leaving_on + 1
            else t.from_date end as on_date,
       t.imported, case when n.label = 'special_school_deletion' then t.ground end as detail,
       cast(case n.label
              when 'entered_late' then t.entered_late
              when 'entry_told_late' then t.told_late
              when 'deletion_backdated' then t.backdated
              when 'in_error_with_marks' then t.off_roll_marks
            end as integer) as number
from told t
cross join (
  values ('entered_late'), ('entry_told_late'), ('deletion_backdated'), ('ground_not_said'),
         ('special_school_deletion'), ('left_as_stated'), ('deletion_reversed'), ('in_error_with_marks'),
         ('guest_line'), ('imported_line')
) as n (label)
where case n.label
        when 'entered_late' then case when t.live = 1 and t.entered_late > 0 then 1 else 0 end
        when 'entry_told_late' then
          case when t.live = 1 and t.told_late > 0 and coalesce(t.entered_late, 0) <= 0 then 1 else 0 end
        when 'deletion_backdated' then case when t.backdated > 0 then 1 else 0 end
        when 'ground_not_said' then
          case when t.deletion_position is not null and t.ground = 'not_said' then 1 else 0 end
        when 'special_school_deletion' then
          case when t.deletion_position is not null and t.special = 1 and t.csa = 1 and t.consented = 0
                    and t.imported = 0 and t.ground not in ('r9_1d', 'r9_1e', 'r9_1k', 'r9_1o') then 1 else 0 end
        when 'left_as_stated' then
          case when t.on_roll = 1 and t.deletion_position is null and t.leaving_on is not null then 1 else 0 end
        when 'deletion_reversed' then case when t.reversed_position is not null then 1 else 0 end
        when 'in_error_with_marks' then case when t.in_error = 1 and t.off_roll_marks > 0 then 1 else 0 end
        when 'guest_line' then case when t.guest = 1 and t.in_error = 0 then 1 else 0 end
        when 'imported_line' then t.imported
        else 0
      end = 1
