-- question: What is recorded of a pupil's characteristics? For those who may see them
-- key: line, kind, from_date
-- source: events.md 2.2 (CharacteristicRecorded); IIP Sch 1A
-- kind: view
-- refresh: line of characteristic
-- column line: The line.
-- column kind: sen_provision, ehcp, fsm, looked_after, social_worker, ethnicity, ...
-- column value: As recorded last.
-- column from_date: From this day; 1900-01-01 where not said.
-- column to_date: Until this day; 2999-12-31 where no end is known.
-- column latest: 1: the one of its kind that holds on the day asked about; of several, the one that began last.
select w.line, w.kind, w.value, w.from_date, w.to_date,
       cast(case when w.from_date <= a.today and w.to_date >= a.today
                      and row_number() over (partition by w.line, w.kind,
                                                          case when w.from_date <= a.today and w.to_date >= a.today
                                                               then 1 else 0 end
                                             order by w.from_date desc) = 1
                 then 1 else 0 end as smallint) as latest
from (
  select c.line, c.kind, c.value, coalesce(c.from_date, cast('1900-01-01' as date)) as from_date,
         coalesce(c.to_date, cast('2999-12-31' as date)) as to_date,
         row_number() over (partition by c.line, c.kind, coalesce(c.from_date, cast('1900-01-01' as date))
                            order by c.position desc) as age
  from characteristic c
) as w
cross join asked a
where w.age = 1
