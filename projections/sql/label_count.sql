-- question: How many labels of each kind does each place have, and since when?
-- key: place, label
-- source: as `label`
-- kind: view
-- refresh: place of label
-- column place: The place.
-- column family: What it is about: mark, amendment, message, session, line, arrangement or place.
-- column label: Its name; label_rule says what it means.
-- column labels: How many.
-- column standing: Of entries that still stand.
-- column imported: Of them, from another system's records.
-- column first_date: The first day concerned.
-- column last_date: The last day concerned.
select place, family, label, count(*) as labels, count(*) filter (where stands = 1) as standing,
       count(*) filter (where imported = 1) as imported, min(on_date) as first_date, max(on_date) as last_date
from label
group by place, family, label
