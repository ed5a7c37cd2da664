-- question: Which returns must schools make, and which of them are overdue today?
-- key: kind, line, limb, run_from
-- source: PRR reg 13; law.md 3. Beside them, the counts that prompt a sickness return (needed 0), and returns made whose cause has gone
-- kind: view
-- refresh: line of return_new_pupil; line of return_deletion; line of return_attendance; line of return_sickness
-- column kind: new_pupil, deletion, attendance or sickness.
-- column place: The school.
-- column line: The line.
-- column child: The identity that stays, of all that are this one child.
-- column limb: Paragraph of regulation 13: p7a, p7b, p9_consecutive, p9_total; none.
-- column run_from: First day of the absence; of an entry or a deletion its day.
-- column run_to: Last day of the absence; empty: none.
-- column school_days: School days of it, or that count (p9_total).
-- column sessions: Sessions that count; empty where days do.
-- column ground: Of a deletion: the ground of regulation 9.
-- column exception: Why none is needed, or what to look at; none.
-- column due_on: When it is due; empty where nothing calls for one.
-- column needed: 1: it must be made.
-- column prompt: 1: a count prompts, and somebody must form a view.
-- column weaker: 1: a setting behind it is weaker than the rule.
-- column made_position: Where the ledger has the return that was made; empty: none.
-- column made_on: When it was made.
-- column superseded: 1: it was made, and what it told reads otherwise now.
-- column closed_position: Of an attendance return: where the ledger has it that the period was closed.
-- column overdue: 1: needed, not made, and the day on which it was due has passed.
select r.kind, r.place, r.line, r.child, r.limb, r.run_from, r.run_to, r.school_days, r.sessions, r.ground, r.exception,
       r.due_on, r.needed, r.prompt, r.weaker, r.made_position, r.made_on, r.superseded, r.closed_position,
       cast(case when r.needed = 1 and r.made_position is null and r.due_on < a.today then 1 else 0 end as smallint) as overdue
from (
  select 'new_pupil' as kind, place, line, child, 'none' as limb, entry_day as run_from, cast(null as date) as run_to,
         cast(null as bigint) as school_days, cast(null as bigint) as sessions, null as ground, exception, due_on, needed,
         cast(0 as smallint) as prompt, weaker, made_position, made_on, superseded, cast(null as bigint) as closed_position
  from return_new_pupil
  union all
  select 'deletion', place, line, child, 'none', coalesce(deletion_day, made_on), cast(null as date), cast(null as bigint),
         cast(null as bigint), ground, exception, due_on, needed, cast(0 as smallint), weaker, made_position, made_on,
         superseded, cast(null as bigint)
  from return_deletion
  union all
  select 'attendance', place, line, child, limb, run_from, run_to, school_days, sessions, null,
         case when csa = 'unknown' then 'age_not_known' else 'none' end, due_on, needed, cast(0 as smallint), weaker,
         made_position, made_on, superseded, closed_position
  from return_attendance
  union all
  select 'sickness', place, line, child, limb, run_from, run_to, school_days, sessions, null,
         case when csa = 'unknown' then 'age_not_known' else 'none' end, due_on, needed, prompt, weaker, made_position,
         made_on, superseded, cast(null as bigint)
  from return_sickness
) as r
cross join asked a
