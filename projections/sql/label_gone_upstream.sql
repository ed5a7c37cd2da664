-- question: Which pupils did the ledger carry into the new school year, of whom no register has said a word since?
-- key: line
-- source: events.md 2.2 (LineCarriedForward: label gone upstream). On the roll, carried forward, no session counted, while the school has two weeks of entries in that line's days
-- kind: view
-- refresh: line of roll; line of absence_year; place of session_entries; line of boarder_spell
-- column label: gone_upstream.
-- column place: The place.
-- column line: The line.
-- column position: Where the ledger has the line's last word.
-- column on_date: First day of the line.
-- column number: Sessions of that school with entries since.
select 'gone_upstream' as label, e.place, e.line, e.position, e.from_date as on_date,
       cast(count(*) as integer) as number
from roll e
join session_entries s on s.place = e.place and s.session_date between e.from_date and e.to_date
left join boarder_spell b on b.line = e.line
left join absence_year y on y.line = e.line
where e.carried = 1 and y.line is null and b.line is null
group by e.place, e.line, e.position, e.from_date
having count(*) >= 20
