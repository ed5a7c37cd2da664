-- question: Which entries count, and why do the others not?
-- key: line, session_date, session
-- source: PRR reg 10(1); law.md 0.3, 1.4, 2.7, 4, 5.1. The one definition, which every answer that counts reads: an entry of a pupil on the roll who does not board, with a national code, in a session that the place held by its calendar as known at the moment asked. Where no calendar was told, nobody can say that a session was not held: the entry counts
-- kind: view
-- refresh: place, line, week_start, session_date, session of register; line of line_now; line of boarder_spell; place, week_start, session_date of counted_day
-- column place: The place.
-- column line: The pupil's line.
-- column pupil: The identity that the line has.
-- column child: The identity that stays, of all that are this one child.
-- column school_year: Of the line, as 202526.
-- column session_date: The day of the session.
-- column week_start: The Monday of its week.
-- column half_term: 1 to 6; 0 where the date lies in no half term.
-- column session: 1 morning, 2 afternoon.
-- column code: The code; empty text where the source sent what nobody mapped.
-- column class: How the code is counted: ATT, AEA, AUTH, UNAUTH, NPA or ADM; empty for an unmapped one.
-- column possible: 1: the code is one of a possible session.
-- column present: 1: attended, or at an approved educational activity.
-- column absent: 1: absent, authorised or not.
-- column late: 1: published as late.
-- column kind: mark, or amendment of an earlier entry.
-- column position: Where the ledger has the entry.
-- column told: 1: the place's calendar says something of this session; 0: no calendar told.
-- column csa: Of compulsory school age that day: yes, no or unknown (no birth date is known).
-- column why: Empty where the entry counts. Else the first that holds: unmapped (nobody mapped the code), no_mark (Z or #), off_roll (the line was not on the roll that day), guest, boarder (boards that day), not_held (no session held: closure, INSET, outside term, cancelled).
select r.place, r.line, l.pupil, l.child, l.school_year, r.session_date, r.week_start,
       coalesce(d.half_term, cast(0 as smallint)) as half_term, r.session, r.code, coalesce(c.class, '') as class,
       coalesce(c.possible, cast(0 as smallint)) as possible, coalesce(c.present, cast(0 as smallint)) as present,
       coalesce(c.absent, cast(0 as smallint)) as absent, coalesce(c.late, cast(0 as smallint)) as late,
       r.kind, r.position,
       cast(case when (r.session = 1 and d.am is null) or (r.session = 2 and d.pm is null) then 0 else 1 end as smallint)
         as told,
       case when l.csa_from is null or l.csa_until is null then 'unknown'
            when r.session_date between l.csa_from and l.csa_until then 'yes'
            else 'no' end as csa,
       case when c.code is null then 'unmapped'
            when c.class = 'ADM' then 'no_mark'
            when l.line is null or l.in_error = 1 or (l.entered = 0 and l.guest = 0)
                 or r.session_date < l.from_date or r.session_date > l.to_date then 'off_roll'
            when l.guest = 1 then 'guest'
            when b.line is not null then 'boarder'
            when (r.session = 1 and d.am = 0) or (r.session = 2 and d.pm = 0) then 'not_held'
            else '' end as why
from register r
left join code_rule c on c.code = r.code
left join line_now l on l.line = r.line
left join boarder_spell b on b.line = r.line and r.session_date >= b.from_date and r.session_date < b.until_date
left join counted_day d on d.place = r.place and d.session_date = r.session_date
