-- question: For whose entry in the admission register must a return be made, until when, and was it made?
-- key: line
-- source: PRR reg 13(1)-(3); law.md 2.7, 3. Every entry, at any age; due at the end of the fifth day after the day of entry, calendar days [I]. The day of entry: by the school's word, unless it names a day after the ledger had heard of the entry; else the day on which the ledger heard of it; never before the starting day, on which the law has the name entered
-- refresh: place of line_now; place, line of line; place, line of return_known; place of return_asked; place of place; place of school_day
-- column line: The line.
-- column place: The school.
-- column child: The identity that stays, of all that are this one child.
-- column school_year: As 202526.
-- column starting_day: The starting day.
-- column entry_day: The day of entry, as above.
-- column entry_day_by: said (the school's word), recorded (when the ledger heard of it) or starting_day.
-- column exception: Why no return is needed: junior_class, in_error, succession (the register went over), imported, before_ledger (entered before this ledger heard of the place), no_entry; asked: junior class, but the authority had asked before that day (reg 13(3): entries made after the day of the request); junior_class_not_said: it may be one, and nobody said; none.
-- column due_on: The fifth day after the day of entry; empty where none is needed.
-- column needed: 1: a return must be made.
-- column made_position: Where the ledger has the return that was made, the last of several; empty: none.
-- column made_on: When the school says that it made it, else when the ledger heard of it.
-- column superseded: 1: a return was made, and the entry was amended since (starting day, day of entry), or was in error.
-- column weaker: Always 0: no setting changes this deadline.
with known_place (place, since) as (
  select place, min(recorded_on) from place group by place
),
first_held (place, school_year, first_on) as (
  select place, school_year, min(session_date) from school_day where school_year is not null group by place, school_year
),
junior (place, school_year, nc_year) as (
  select place, school_year, min(nc_year) from line_now where on_roll = 1 group by place, school_year
),
returned (line, position, made_on, computed_at) as (
  select line, position, coalesce(made_on, recorded_on), computed_at
  from (
    select line, position, made_on, recorded_on, computed_at,
           row_number() over (partition by line order by position desc) as age
    from return_known
    where kind = 'new_pupil'
  ) as last_word
  where age = 1
),
then_said (line, from_date, entered_on, starting_day_basis) as (
  select line, from_date, entered_on, starting_day_basis
  from (
    select v.line, v.from_date, v.entered_on, v.starting_day_basis,
           row_number() over (partition by v.line order by v.position desc) as age
    from line v
    join returned r on r.line = v.line and v.position <= r.computed_at
  ) as last_word
  where age = 1
),
heard (line, place, child, school_year, from_date, entered_on, starting_day_basis, nc_year, day, day_by, standing,
       junior_said, since) as (
  select l.line, l.place, l.child, l.school_year, l.from_date, l.entered_on, l.starting_day_basis, l.nc_year,
         case when l.entered_on <= l.entry_recorded_on then l.entered_on else l.entry_recorded_on end,
         case when l.entered_on <= l.entry_recorded_on then 'said' else 'recorded' end,
         case when l.in_error = 1 then 'in_error'
              when l.entered = 0 or l.guest = 1 or l.carried = 1 then 'no_entry'
              when l.imported = 1 then 'imported'
              when l.admission = 'transferred_on_succession' then 'succession'
              else 'entered' end,
         l.junior_class_first_day, p.since
  from line_now l
  left join known_place p on p.place = l.place
),
judged (line, place, child, school_year, from_date, entered_on, starting_day_basis, day, day_by, exception) as (
  select h.line, h.place, h.child, h.school_year, h.from_date, h.entered_on, h.starting_day_basis,
         case when h.day < h.from_date then h.from_date else h.day end,
         case when h.day < h.from_date then 'starting_day' else h.day_by end,
         case when h.standing <> 'entered' then h.standing
              when h.from_date < h.since and coalesce(h.entered_on, h.from_date) < h.since then 'before_ledger'
              when h.junior_said = 1
                then case when exists (
                       select 1 from return_asked a
                       where a.place = h.place and a.kind = 'new_pupil'
                         and a.asked_on < case when h.day < h.from_date then h.from_date else h.day end)
                     then 'asked' else 'junior_class' end
              when h.junior_said is null and h.from_date <= f.first_on and h.nc_year = j.nc_year
                then 'junior_class_not_said'
              else 'none' end
  from heard h
  left join first_held f on f.place = h.place and f.school_year = h.school_year
  left join junior j on j.place = h.place and j.school_year = h.school_year
)
select j.line, j.place, j.child, j.school_year, j.from_date as starting_day, j.day as entry_day, j.day_by as entry_day_by,
       j.exception,
       case when j.exception in ('none', 'asked', 'junior_class_not_said') then j.day + 5 end as due_on,
       cast(case when j.exception in ('none', 'asked', 'junior_class_not_said') then 1 else 0 end as smallint) as needed,
       r.position as made_position, r.made_on,
       cast(case when r.position is not null
                      and (j.exception in ('in_error', 'no_entry') or t.from_date is distinct from j.from_date
                           or t.entered_on is distinct from j.entered_on
                           or t.starting_day_basis is distinct from j.starting_day_basis) then 1
                 else 0 end as smallint) as superseded,
       cast(0 as smallint) as weaker
from judged j
left join returned r on r.line = j.line
left join then_said t on t.line = j.line
where j.exception not in ('no_entry', 'in_error') or r.position is not null
