-- question: Of which pupils must more than one register, or a provider, be asked?
-- key: line
-- source: law.md 6.3, 7.4. Pupils with lines at two places in one school year, and pupils placed, at an activity of another place, or registered twice
-- refresh: all of line_now; all of arrangement_now
-- column line: A line of such a pupil.
-- column place: Its place.
-- column child: The pupil.
select l.line, l.place, l.child
from line_now l
where l.child in (
  select child
  from line_now
  where entered = 1 and in_error = 0
  group by child, school_year
  having min(place) < max(place)
  union all
  select child from arrangement_now where kind in ('placement', 'activity', 'dual_registration')
)
