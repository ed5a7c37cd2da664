-- question: How many amendments did each person make at each school, and how many of them would be attacked?
-- key: place, academic_year, person
-- source: PRR reg 6; law.md 8.5
-- kind: view
-- refresh: place of amendments
-- column place: The place.
-- column academic_year: Of the sessions, as 202526; begins on 1 August.
-- column person: Who made them; empty: nobody is named.
-- column amendments: Amendments and withdrawals.
-- column sessions_from: The first day of a session amended.
-- column sessions_to: The last day of a session amended.
-- column unexplained: Without reason, though the source can carry one.
-- column reason_not_carried: Without reason, from a source that cannot carry one.
-- column unnamed: Without a name, though the source can carry one.
-- column person_not_carried: Without a name, from a source that cannot carry one.
-- column shared_login: Under a shared login.
-- column after_the_day: Made after the day of the session.
-- column after_a_week: Made more than seven days after the session.
-- column n_to_o: N became O.
-- column to_present: An absence became a code of attendance.
-- column to_absent: A code of attendance became an absence.
-- column withdrawn: Taken back.
-- column missing_step: The sender says that another entry stood than the ledger had.
-- column imported: From another system's records.
select a.place, d.academic_year, a.person, count(*) as amendments, min(a.session_date) as sessions_from,
       max(a.session_date) as sessions_to,
       count(*) filter (where a.unexplained = 1) as unexplained,
       count(*) filter (where a.reason_not_carried = 1) as reason_not_carried,
       count(*) filter (where a.unnamed = 1) as unnamed,
       count(*) filter (where a.person_not_carried = 1) as person_not_carried,
       count(*) filter (where a.shared_login = 1) as shared_login,
       count(*) filter (where a.after_the_day = 1) as after_the_day,
       count(*) filter (where a.days_after > 7) as after_a_week,
       count(*) filter (where a.n_to_o = 1) as n_to_o,
       count(*) filter (where o.absent = 1 and w.present = 1) as to_present,
       count(*) filter (where o.present = 1 and w.absent = 1) as to_absent,
       count(*) filter (where a.kind = 'withdrawal') as withdrawn,
       count(*) filter (where a.missing_step = 1) as missing_step,
       count(*) filter (where a.imported = 1) as imported
from amendments a
join day d on d.session_date = a.session_date
left join code_rule o on o.code = a.original
left join code_rule w on w.code = a.new
group by a.place, d.academic_year, a.person
