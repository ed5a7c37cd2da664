-- question: Which returns were made to the authority, of whom, and from what absence were they computed?
-- key: position
-- source: PRR reg 13 (ReturnMade, events.md 3.3). The absence is what it said then; where its days lie now, the calendar says
-- refresh: position, place, line of return_made; line of line_now; place of register_chain; chain of chain_day
-- column position: Where the ledger has it.
-- column recorded_on: When it recorded it, local date.
-- column kind: new_pupil, deletion, attendance or sickness.
-- column place: The school.
-- column chain: Whose register its register goes on in.
-- column line: The line.
-- column child: The identity that stays, of all that are this one child.
-- column school_year: Of the line, as 202526.
-- column limb: p7a, p7b, p9_consecutive, p9_total or none.
-- column made_on: When the school says that it made it; empty where not said.
-- column computed_at: The ledger's last position when it was computed.
-- column run_from: First day of the absence that it names; empty: none.
-- column run_to: The last of its days, counted in the calendar as it is now; empty where that cannot be said.
-- column run_days: School days of that absence, as computed then.
-- column ground: The ground of regulation 9 that it names.
-- column channel: portal, file, email, api, paper or not_said.
-- column receipt: The authority's receipt; empty: none.
with first_no (position, day_no) as (
  select r.position, min(d.day_no)
  from return_made r
  join register_chain c on c.place = r.place
  join chain_day d on d.chain = c.chain and d.session_date >= r.run_from
  where r.run_from is not null and r.run_days > 0
  group by r.position
)
select r.position, r.recorded_on, r.kind, r.place, c.chain, r.line, l.child, l.school_year, r.limb, r.made_on,
       r.computed_at, r.run_from, t.session_date as run_to, r.run_days, r.ground, r.channel, r.receipt
from return_made r
join line_now l on l.line = r.line
join register_chain c on c.place = r.place
left join first_no n on n.position = r.position
left join chain_day t on t.chain = c.chain and t.day_no = n.day_no + r.run_days - 1
