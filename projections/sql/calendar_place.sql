-- question: Which places have told their calendar?
-- key: place
-- source: law.md 6.3. Where a provider has none, its sessions are those of the school
-- refresh: place of calendar
-- column place: The place.
select distinct place from calendar
