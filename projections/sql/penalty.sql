-- question: For whom must a penalty notice be considered: was the threshold met then, is it met now, and when could the school first know?
-- key: chain, child
-- source: PNR reg 9A: a duty to consider, not to issue; law.md 5.1. Met then and not now: an N that was resolved after a notice, for instance
-- kind: view
-- refresh: chain, child of penalty_threshold; chain, child of penalty_known
-- column chain: Whose register it is: the place, or the last one to which its register went over.
-- column child: The identity that stays, of all that are this one child.
-- column place: The place on the last of those days; where not met now, the last of the chain.
-- column met_now: 1: by the entries that stand, ten were reached in some 10 school weeks.
-- column met_then: 1: they were at some moment, by the entries that stood then.
-- column known_position: Where the ledger has the entry by which ten were first reached; empty where that cannot be said.
-- column known_at: When it was recorded, UTC: from then on the school could know.
-- column first_met_on: The first day on which ten were reached, by the entries that stand; empty where not met now.
-- column last_met_on: The last day on which it held.
-- column most_in_window: The most in any 10 consecutive school weeks now; empty where not met now.
-- column sessions: All such sessions since 19 August 2024; empty where not met now.
-- column line: The line on the last of those days; empty where not met now.
-- column csa: yes; unknown where no birth date is known; empty where not met now.
select coalesce(t.chain, k.chain) as chain, coalesce(t.child, k.child) as child,
       coalesce(t.place, k.chain) as place,
       cast(case when t.child is null then 0 else 1 end as smallint) as met_now,
       cast(case when k.child is null then 0 else 1 end as smallint) as met_then,
       k.known_position, k.known_at, t.first_met_on, t.last_met_on, t.most_in_window, t.sessions, t.line, t.csa
from penalty_threshold t
full join penalty_known k on k.chain = t.chain and k.child = t.child
