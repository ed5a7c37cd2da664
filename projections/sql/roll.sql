-- question: Who is on the roll of each school, and on which days, year by year?
-- key: line
-- source: PRR reg 8, 9; law.md 2.7, 2.8. Guests are outside it; so is who was entered in error, or is not entered yet
-- refresh: line of line_now
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
select line, place, pupil, school_year, entered, in_error, guest, on_roll, from_date, to_date,
       carried, entry_position, entry_recorded_on, entered_on, starting_day_basis, admission, junior_class_first_day,
       nc_year, age_31_aug, csa_from, csa_until, class, leaving_on, deletion_position, deletion_recorded_on,
       deleted_on, left_on, ground, destination, imported, child, position
from line_now
where on_roll = 1 and from_date <= to_date
