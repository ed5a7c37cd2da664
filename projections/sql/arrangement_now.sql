-- question: What does each arrangement say now, and on which days of its line's year does it hold?
-- key: arrangement
-- source: events.md 3.1. The last word by position; refused leave and evidence hold on no day
-- refresh: line, arrangement of arrangement; line of line_now
-- column arrangement: The arrangement.
-- column line: The pupil's line.
-- column place: The place of that line.
-- column child: The pupil; of identities that were joined, the one that stays.
-- column kind: leave, part_time, activity, placement, dual_registration or evidence.
-- column stands: The event whose block stands.
-- column position: Where the ledger has its last word.
-- column recorded_on: When the ledger recorded that, local date.
-- column first_recorded_on: When the ledger first heard of it, local date.
-- column from_date: First day.
-- column from_session: 1 or 2; empty: the whole first day.
-- column to_date: Last day as known; 2999-12-31: none known.
-- column to_session: 1 or 2; empty: the whole last day.
-- column last_date: The same, but no later than the last day of the line.
-- column ended: 1: it was ended or withdrawn before its time.
-- column due_mask: Sessions of the week (bit 0 Monday AM ... bit 13 Sunday PM); empty: not said.
-- column other_place: The other place: where placed, of the activity, the other school.
-- column code: The code that it stands for, where said.
-- column asked_on: When leave was asked for.
-- column decided_on: When leave was decided on.
-- column agreed_on: When it was agreed or approved.
-- column purpose: As coded.
-- column arranger: Of a placement: school, authority, parent, not_said.
-- column basis: Of a placement: s19_1, s42_2, ...
-- column delivery: Of a placement: in_person_place, remote_home, ...
-- column registered_there: Of a placement: 1: registered there too.
-- column supervisor: Of an activity: provider_staff, school_staff, employer, parent, none, not_said.
-- column parent_agreed: Of a part-time timetable: 1: a parent is named in it.
-- column csa_from: First day of compulsory school age; empty: not known.
-- column csa_until: Last day of compulsory school age; empty: not known.
select a.arrangement, a.line, l.place, l.child, a.kind, a.stands, a.position, a.recorded_on, a.first_recorded_on,
       a.from_date, a.from_session, a.to_date, a.to_session,
       case when a.to_date > l.to_date then l.to_date else a.to_date end as last_date, a.ended, a.due_mask,
       a.place as other_place, a.code, a.asked_on, a.decided_on, a.agreed_on, a.purpose, a.arranger, a.basis,
       a.delivery, a.registered_there, a.supervisor, a.parent_agreed, l.csa_from, l.csa_until
from (
  select x.arrangement, x.line, x.kind, x.stands, x.position, x.recorded_on, x.first_recorded_on, x.from_date,
         x.from_session, x.to_date, x.to_session, x.ended, x.due_mask, x.place, x.code, x.asked_on, x.decided_on,
         x.agreed_on, x.purpose, x.arranger, x.basis, x.delivery, x.registered_there, x.supervisor, x.parent_agreed,
         row_number() over (partition by x.arrangement order by x.position desc) as age
  from arrangement x
) as a
join line_now l on l.line = a.line
where a.age = 1
