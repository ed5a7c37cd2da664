-- question: What does each line of the admission registers say now?
-- key: line
-- source: PRR reg 8 and 9; law.md 2.7, 2.8
-- refresh: line of line; pupil of child
-- column line: The line.
-- column place: Its place.
-- column pupil: Its pupil; a line whose identity is gone has a pupil of its own.
-- column school_year: As 202526.
-- column entered: 1: entered in the register; 0: a place is agreed only.
-- column in_error: 1: entered in error.
-- column guest: 1: registered elsewhere and taught here: outside the roll.
-- column on_roll: 1: entered, no guest, not in error. The days are those from `from_date` to `to_date`.
-- column from_date: The starting day.
-- column to_date: The last day on the roll as known: of the deletion, else of the leaving day stated, else the end of the school year (31 August).
-- column carried: 1: carried forward from the year before.
-- column entry_position: Where it was first entered; null: not entered.
-- column entry_recorded_on: When the ledger heard of the entry, local date.
-- column entered_on: When the school says that it made the entry.
-- column starting_day_basis: agreed, told, first_attendance or not_said.
-- column admission: intake, in_year, managed_move, fair_access, direction, sao, reinstatement, transferred_on_succession, other.
-- column junior_class_first_day: 1: placed in the most junior class, starting on the year's first day; null: not said.
-- column nc_year: National curriculum year, -2 to 14; null: not known.
-- column age_31_aug: Age on the 31 August before the school year's lessons; null: not known.
-- column csa_from: First day of compulsory school age; null: not known.
-- column csa_until: Last day of compulsory school age; null: not known.
-- column class: Registration group; null: none said.
-- column leaving_on: Leaving day stated and not followed by a deletion; null: none.
-- column deletion_position: Where the deletion that stands was recorded; null: not deleted.
-- column deletion_recorded_on: Its local date.
-- column deleted_on: The date of the deletion by the school's word.
-- column left_on: The last day attended, by the school's word: what census and CTF count by.
-- column ground: Of regulation 9, as r9_1a ... r9_3e, pre2024 or not_said.
-- column destination: Where the pupil went, as coded.
-- column imported: 1: all that is known of it comes from another system's records.
-- column child: The identity that stays, of all that are this one child.
-- column position: Where the entry stands that said so last.
select n.line, n.place, n.pupil, n.school_year, n.entered, n.in_error, n.guest, n.on_roll, n.from_date, n.to_date,
       n.carried, n.entry_position, n.entry_recorded_on, n.entered_on, n.starting_day_basis,
       n.admission, n.junior_class_first_day, n.nc_year, n.age_31_aug, n.csa_from, n.csa_until, n.class,
       n.leaving_on, n.deletion_position, n.deletion_recorded_on, n.deleted_on, n.left_on, n.ground, n.destination,
       n.imported, coalesce(c.child, n.pupil) as child, n.position
from (
  select l.line, l.place, l.pupil, l.school_year, l.entered, l.in_error, l.guest, l.on_roll, l.from_date, l.to_date,
         l.carried, l.entry_position, l.entry_recorded_on, l.entered_on, l.starting_day_basis,
         l.admission, l.junior_class_first_day, l.nc_year, l.age_31_aug, l.csa_from, l.csa_until, l.class,
         l.leaving_on, l.deletion_position, l.deletion_recorded_on, l.deleted_on, l.left_on, l.ground, l.destination,
         l.imported, l.position, row_number() over (partition by l.line order by l.position desc) as age
  from line l
) as n
left join child c on c.pupil = n.pupil
where n.age = 1
