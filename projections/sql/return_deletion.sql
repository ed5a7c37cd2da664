-- question: For whose deletion from the admission register must a return be made, on which ground, and was it made?
-- key: line
-- source: PRR reg 13(4)-(6); law.md 2.8, 3. Every deletion that stands, at any age; due when the name is deleted, on the roll's last day by the ledger. Most senior class: the highest year group on the school's roll that year [I]. Where the calendar does not reach the last half term, the end of the final term is not known, and nothing is excepted
-- refresh: place of line_now; place, line of line; place, line of return_known; place of return_asked; place of school_day
-- column line: The line.
-- column place: The school.
-- column child: The identity that stays, of all that are this one child.
-- column school_year: As 202526.
-- column deletion_day: The day of the deletion, as the roll has it; empty where no deletion stands.
-- column deletion_recorded_on: When the ledger heard of it.
-- column ground: The ground of regulation 9, as r9_1a ... r9_3e, pre2024 or not_said.
-- column destination: Where the pupil went, as coded.
-- column exception: Why no return is needed: senior_class (deleted at or after the end of the final term), imported, no_deletion; asked: senior class, but the authority had asked before that day; none.
-- column due_on: The day of the deletion; empty where none is needed.
-- column needed: 1: a return must be made.
-- column made_position: Where the ledger has the return that was made, the last of several; empty: none.
-- column made_on: When the school says that it made it, else when the ledger heard of it.
-- column made_ground: The ground that it named.
-- column superseded: 1: a return was made, and the ground or the day of the deletion is another now, or it was reversed.
-- column weaker: Always 0: no setting changes this deadline.
with last_held (place, school_year, last_on) as (
  select place, school_year, max(session_date) from school_day where school_year is not null group by place, school_year
  having max(half_term) = 6
),
senior (place, school_year, nc_year) as (
  select place, school_year, max(nc_year) from line_now where on_roll = 1 group by place, school_year
),
returned (line, position, made_on, computed_at, ground) as (
  select line, position, coalesce(made_on, recorded_on), computed_at, ground
  from (
    select line, position, made_on, recorded_on, computed_at, ground,
           row_number() over (partition by line order by position desc) as age
    from return_known
    where kind = 'deletion'
  ) as last_word
  where age = 1
),
then_said (line, to_date) as (
  select line, to_date
  from (
    select v.line, v.to_date, row_number() over (partition by v.line order by v.position desc) as age
    from line v
    join returned r on r.line = v.line and v.position <= r.computed_at
  ) as last_word
  where age = 1
),
judged (line, place, child, school_year, to_date, recorded_on, ground, destination, exception) as (
  select l.line, l.place, l.child, l.school_year, case when l.deletion_position is not null then l.to_date end,
         l.deletion_recorded_on, l.ground, l.destination,
         case when l.deletion_position is null or l.entered = 0 or l.guest = 1 or l.in_error = 1 then 'no_deletion'
              when l.imported = 1 then 'imported'
              when l.nc_year = s.nc_year and l.to_date >= f.last_on
                then case when exists (
                       select 1 from return_asked a
                       where a.place = l.place and a.kind = 'deletion' and a.asked_on < l.to_date)
                     then 'asked' else 'senior_class' end
              else 'none' end
  from line_now l
  left join last_held f on f.place = l.place and f.school_year = l.school_year
  left join senior s on s.place = l.place and s.school_year = l.school_year
)
select j.line, j.place, j.child, j.school_year, j.to_date as deletion_day, j.recorded_on as deletion_recorded_on, j.ground,
       j.destination, j.exception,
       case when j.exception in ('none', 'asked') then j.to_date end as due_on,
       cast(case when j.exception in ('none', 'asked') then 1 else 0 end as smallint) as needed,
       r.position as made_position, r.made_on, r.ground as made_ground,
       cast(case when r.position is not null
                      and (j.exception = 'no_deletion' or r.ground is distinct from j.ground
                           or t.to_date is distinct from j.to_date) then 1
                 else 0 end as smallint) as superseded,
       cast(0 as smallint) as weaker
from judged j
left join returned r on r.line = j.line
left join then_said t on t.line = j.line
where j.exception <> 'no_deletion' or r.position is not null
