-- question: Which pupils have a number (UPN) that is wrong, at each place where they have a line?
-- key: line, label
-- source: events.md 2.1 (UpnGiven: label check letter wrong, already another pupil's); sentences: label_rule
-- kind: view
-- refresh: place of number_finding
-- column label: Its name; label_rule says what it means, and what mends it.
-- column place: The place.
-- column line: The pupil's last line there.
-- column position: Since which entry of the ledger that is so.
-- column recorded_on: When the ledger recorded that, local date.
select n.label, f.place, f.line, f.position, f.recorded_on
from number_finding f
cross join (values ('upn_malformed'), ('upn_wrong_check_letter'), ('upn_on_two_children')) as n (label)
where f.last_here = 1
  and f.finding = case n.label
                    when 'upn_malformed' then 'malformed'
                    when 'upn_wrong_check_letter' then 'wrong_check_letter'
                    else 'on_two_children'
                  end
