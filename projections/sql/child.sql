-- question: Which identities are one child, as a person decided?
-- key: pupil
-- source: events.md 2.1 (IdentitiesMerged)
-- refresh: pupil of same_child
-- column pupil: An identity that was ever joined to another.
-- column child: The identity that stays; itself where it was parted again.
select pupil, child
from (
  select s.pupil, s.child, row_number() over (partition by s.pupil order by s.position desc) as age
  from same_child s
) as last_word
where age = 1
