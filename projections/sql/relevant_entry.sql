-- question: Which sessions stand as G, N, O or U, or as cancelled (Y4), of pupils on the roll that day?
-- key: line, session_date, session
-- source: PNR reg 9A(5); law.md 3.2, 5.1. Thin on purpose: whatever looks along a pupil's year reads this. Y4 stands here because many feeds tell a cancelled session by marks alone
-- refresh: line, session_date, session of register; line of roll
-- column place: The place.
-- column line: The line.
-- column pupil: The pupil, one and the same through all years; of identities that were joined, the one that stays.
-- column session_date: The day of the session.
-- column session: 1 morning, 2 afternoon.
-- column code: G, N, O, U or Y4.
-- column position: Where the ledger has the entry.
select r.place, r.line, e.child as pupil, r.session_date, r.session, r.code, r.position
from register r
join roll e on e.line = r.line and r.session_date between e.from_date and e.to_date
where r.code in ('G', 'N', 'O', 'U', 'Y4')
