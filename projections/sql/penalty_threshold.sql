-- question: Which pupils have 10 entries G, N, O or U in some 10 consecutive school weeks, by the entries that stand?
-- key: chain, child
-- source: PNR reg 9A (SI 2024/210), first day counted 19 Aug 2024; law.md 5.1. Any window counts, not only the last; a school week is one with a session, so windows cross holidays and years. Sessions outside compulsory school age are left out; where no birth date is known they count, and csa says unknown. Where a child has two lines in one register, a session counts once
-- refresh: chain, child of absence_day
-- column chain: Whose register it is: the place, or the last one to which its register went over.
-- column child: The identity that stays, of all that are this one child.
-- column first_met_on: The first day on which ten were reached within 10 school weeks.
-- column last_met_on: The last day on which it held, looking back 10 school weeks.
-- column most_in_window: The most in any 10 consecutive school weeks.
-- column sessions: All such sessions of the pupil since 19 August 2024, in whatever window.
-- column place: The place on the last of those days.
-- column line: The line on the last of those days.
-- column csa: yes; unknown where the pupil's birth date is not known.
select chain, child, min(session_date) as first_met_on, max(session_date) as last_met_on,
       max(in_window) as most_in_window, max(sessions) as sessions,
       max(case when choice = 1 then place end) as place, max(case when choice = 1 then line end) as line,
       max(case when choice = 1 then csa end) as csa
from (
  select chain, child, session_date, place, line, csa, in_window, sessions,
         row_number() over (partition by chain, child order by session_date desc) as choice
  from (
    select chain, child, session_date, place, line, csa,
           cast(sum(gnou) over (partition by chain, child order by session_date
                                rows between unbounded preceding and current row) as bigint)
           - cast(coalesce(sum(gnou) over (partition by chain, child order by week_no
                                           range between unbounded preceding and 10 preceding), 0) as bigint) as in_window,
           cast(sum(gnou) over (partition by chain, child) as bigint) as sessions
    from (
      select chain, child, session_date, week_no, max(place) as place, max(line) as line, max(csa) as csa,
             max(gnou_am) + max(gnou - gnou_am) as gnou
      from absence_day
      where gnou > 0 and csa <> 'no' and session_date >= cast('2024-08-19' as date)
      group by chain, child, session_date, week_no
    ) as one_a_day
  ) as summed
  where in_window >= 10
) as met
group by chain, child
