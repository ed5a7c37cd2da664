-- question: Which sessions stand as G, N, O or U, or as cancelled (Y4), and count?
-- key: line, session_date, session
-- source: PNR reg 9A(5); law.md 3.2, 5.1; which entries count: `counted_entry`. Thin on purpose: whatever looks along a pupil's year reads this. Y4 stands here because many feeds tell a cancelled session by marks alone
-- refresh: place, line, session_date, session of counted_entry
-- column place: The place.
-- column line: The line.
-- column child: The identity that stays, one and the same through all years.
-- column session_date: The day of the session.
-- column session: 1 morning, 2 afternoon.
-- column code: G, N, O, U or Y4.
-- column position: Where the ledger has the entry.
-- column csa: Of compulsory school age that day: yes, no or unknown (no birth date is known).
-- column told: 1: the place's calendar has the session; 0: no calendar told, so that no run, threshold or deadline can be counted by it.
select place, line, child, session_date, session, code, position, csa, told
from counted_entry
where code in ('G', 'N', 'O', 'U', 'Y4') and why = ''
