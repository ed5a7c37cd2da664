-- question: Where were many N turned to O at once?
-- key: place, position
-- source: PRR reg 10(7)-(9) (the circumstances are to be established, one by one); law.md 2.4, 8.5. Ten or more by one person within a minute, or by one operation
-- kind: view
-- refresh: place of bulk_change
-- column place: The place.
-- column person: Who did it; empty: nobody is named.
-- column operation: The operation, where one was said.
-- column position: Where the ledger has the last of them.
-- column first_position: Where it has the first of them.
-- column from_at: When the first was made, by the school's word, else as recorded; UTC.
-- column to_at: When the last was made.
-- column changes: N that became O.
-- column sessions_from: The first day of a session changed.
-- column sessions_to: The last day of a session changed.
-- column lines: Lines whose entries were changed.
-- column unexplained: Without a reason, though the source can carry one.
-- column after_the_day: Made after the day of the session.
-- column imported: 1: told by another system's records.
select place, person, operation, position, first_position, from_at, to_at, changes, sessions_from, sessions_to, lines,
       unexplained, after_the_day, imported
from bulk_change
where what = 'n_to_o'
