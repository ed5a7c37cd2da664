-- question: What is each place, as described last?
-- key: place
-- source: events.md 1.2 (PlaceDescribed)
-- refresh: place of place
-- column place: The place.
-- column laestab: Seven digits; empty where it has none.
-- column urn: URN; empty where it has none.
-- column name: Of a registered school or organisation; empty where none was said.
-- column kind: maintained, academy, pru, unregistered_provider, ...
-- column phase: As described: primary, secondary, middle_p, ...
-- column education_phase: As published: Primary, Secondary, Special, ...
-- column state_funded: 1: state-funded.
-- column reg11_binds: 1: regulation 11 binds it.
-- column la_code: The authority's three digits; empty where not known.
-- column age_low: Lowest age; empty where not said.
-- column age_high: Highest age; empty where not said.
-- column closed_on: Last day by the closure that stands; empty: open.
select n.place, n.laestab, n.urn, n.name, n.kind, n.phase, r.education_phase, n.state_funded, n.reg11_binds, n.la_code,
       n.age_low, n.age_high, n.closed_on
from (
  select p.place, p.laestab, p.urn, p.name, p.kind, p.phase, p.state_funded, p.reg11_binds, p.la_code,
         p.age_low, p.age_high, p.closed_on,
         row_number() over (partition by p.place order by p.position desc) as age
  from place p
) as n
left join phase_rule r on r.phase = n.phase
where n.age = 1
