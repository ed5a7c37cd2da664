-- question: Who was continuously absent, marked G, N, O or U alone, for ten school days or more?
-- key: limb, chain, child, from_date
-- source: PRR reg 13(7)(b) (ten school days: G, N, O, U), reg 9(1)(i) (twenty: G, N, O; a U ends it); law.md 3.2; reading 8: the days of compulsory school age are counted by themselves; a day on which the pupil boards is no such day and ends the run. School days only, so a run crosses half terms and years; a day wholly cancelled (Y4) is skipped, and counted in cancelled_days for a person to look at
-- refresh: chain, child of absence_day
-- column limb: GNOU (return after ten school days) or GNO (deletion after twenty).
-- column chain: Whose register it is: the place, or the last one to which its register went over.
-- column child: The identity that stays.
-- column from_date: First school day of the run.
-- column to_date: Last school day of the run, by the entries that stand.
-- column place: The place at the end of the run.
-- column line: The line at the end of the run.
-- column school_days: School days.
-- column tenth_on: The tenth school day.
-- column twentieth_on: The twentieth; empty where there is none.
-- column twenty: 1: twenty school days or more.
-- column cancelled_days: Days wholly cancelled within it, by the calendar or by the pupil's own marks (Y4), which are not counted: for a person to look at.
-- column csa: Of compulsory school age on the tenth school day: yes, no or unknown.
-- column csa_days: School days on which the pupil was of compulsory school age.
-- column csa_unknown_days: School days for which that is not known, as no birth date is.
-- column csa_from_date: The first of the school days on which the pupil was, or may have been, of compulsory school age; empty: none.
-- column csa_to_date: The last of them.
-- column csa_tenth_on: The tenth of them; empty: there are fewer.
-- column csa_of_tenth: Of that day: yes or unknown; empty: there are fewer.
select limb, chain, child, min(session_date) as from_date, max(session_date) as to_date,
       max(case when place_in_run = days_in_run then place end) as place,
       max(case when place_in_run = days_in_run then line end) as line,
       count(*) as school_days,
       max(case when place_in_run = 10 then session_date end) as tenth_on,
       max(case when place_in_run = 20 then session_date end) as twentieth_on,
       cast(case when count(*) >= 20 then 1 else 0 end as smallint) as twenty,
       cast(max(cancelled_before + skipped_before) - min(cancelled_before + skipped_before) as integer) as cancelled_days,
       max(case when place_in_run = 10 then csa end) as csa,
       count(*) filter (where csa = 'yes') as csa_days,
       count(*) filter (where csa = 'unknown') as csa_unknown_days,
       min(case when of_age = 1 then session_date end) as csa_from_date,
       max(case when of_age = 1 then session_date end) as csa_to_date,
       max(case when of_age = 1 and of_age_so_far = 10 then session_date end) as csa_tenth_on,
       max(case when of_age = 1 and of_age_so_far = 10 then csa end) as csa_of_tenth
from (
  select limb, chain, child, island, place, line, session_date, cancelled_before, csa, absent, of_age,
         sum(of_age) over (partition by limb, chain, child, island order by day_no
                           rows between unbounded preceding and current row) as of_age_so_far,
         sum(absent) over (partition by limb, chain, child, island order by day_no
                           rows between unbounded preceding and current row) as place_in_run,
         sum(1 - absent) over (partition by limb, chain, child, island order by day_no
                               rows between unbounded preceding and current row) as skipped_before,
         sum(absent) over (partition by limb, chain, child, island) as days_in_run
  from (
    select limb, chain, child, place, line, session_date, day_no, cancelled_before, csa, absent,
           case when absent = 1 and csa <> 'no' then 1 else 0 end as of_age,
           day_no - row_number() over (partition by limb, chain, child order by day_no) as island
    from (
      select limb, chain, child, place, max(line) as line, session_date, day_no, cancelled_before, max(csa) as csa,
             max(absent) as absent
      from (
        select 'GNOU' as limb, chain, child, place, line, session_date, day_no, cancelled_before, csa,
               case when gnou > 0 then 1 else 0 end as absent
        from absence_day
        where gnou = sessions_held
        union all
        select 'GNO' as limb, chain, child, place, line, session_date, day_no, cancelled_before, csa,
               case when gno > 0 then 1 else 0 end as absent
        from absence_day
        where gno = sessions_held
      ) as qualifying
      group by limb, chain, child, place, session_date, day_no, cancelled_before
    ) as one_a_day
  ) as numbered
) as island_of
where absent = 1 and days_in_run >= 10
group by limb, chain, child, island
