# ruff: noqa: S608 -- what is put into these statements is numbers, dates and names of our own, never what was typed
"""Questions asked of the answers: who is persistently absent, by what marks, what is odd; as statements and rows.

Each works on a reader that was told for which moment to answer. Integers of facts become the ledger's ids here, and
lines that must not be shown are left out of every list. Sums are of all: a total tells nobody where a child is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from domain.ledger.ledger import Ledger
from projections.facts.names import KIND_OF
from projections.roll_names import names_of_lines
from projections.who import SEALED, Restrictions

if TYPE_CHECKING:
    from projections.engines.engine import Reader

COHORTS: Final = ("persistent", "severe")
LEVELS: Final[Mapping[str, str]] = {
    "authority": "authority",
    "phase": "phase",
    "school": "school",
    "year-group": "year_group",
}
"""What totals can be of, and how `absence_total` calls it."""
DIGITS: Final = frozenset("0123456789abcdef")


@dataclass(frozen=True, slots=True)
class About:
    """What a question is about, as numbers of the answers."""

    place: int | None = None
    la_code: str | None = None
    hidden: tuple[int, ...] = ()
    """Lines that are not to be shown."""

    def where(self, alias: str) -> str:
        """For rows of lines: the condition, with `and` before it."""
        return self.of_place(alias) + self.shown(alias)

    def of_place(self, alias: str) -> str:
        """For rows of places."""
        found = "" if self.place is None else f" and {alias}.place = {self.place:d}"
        if self.la_code is not None:
            code = f"{int(self.la_code):03d}"
            found += f" and {alias}.place in (select w.place from place_now w where w.la_code = '{code}')"
        return found

    def shown(self, alias: str) -> str:
        """Leaves out lines that are not to be shown; rows about no line stay."""
        if not self.hidden:
            return ""
        listed = ", ".join(f"{line:d}" for line in self.hidden)
        return f" and coalesce({alias}.line, 0) not in ({listed})"


def number_of(reader: Reader, kind: str, id_: bytes) -> int | None:
    """The number of an id in these answers; None where they do not know it."""
    found = reader.ask(f"select {kind} from {kind}_id where id = '{id_.hex()}'")
    return found[kind][0] if len(found) else None


def places_of(reader: Reader, la_code: str) -> int:
    """How many places are of an authority."""
    found = reader.ask(f"select count(*) as places from place_now n where 1 = 1{About(la_code=la_code).of_place('n')}")
    return int(found["places"][0])


def places_about(reader: Reader, about: About) -> list[int] | None:
    """The numbers of the places that a question is about; None: all there are."""
    if about.place is None and about.la_code is None:
        return None
    return reader.ask(f"select n.place from place_now n where 1 = 1{about.of_place('n')}")["place"].to_list()


def numbers_of(reader: Reader, kind: str, ids: Iterable[bytes]) -> list[int]:
    """The numbers of those ids that the answers know."""
    listed = ", ".join(f"'{one.hex()}'" for one in ids)
    return reader.ask(f"select {kind} from {kind}_id where id in ({listed})")[kind].to_list() if listed else []


def lines_beginning(reader: Reader, digits: str) -> list[tuple[int, str]]:
    """Lines whose id begins so: (number, id). Digits are hexadecimal; anything else leads nowhere."""
    if not digits or not DIGITS.issuperset(digits) or len(digits) > 32:
        return []
    found = reader.ask(
        f"select line, id from line_id where id >= '{digits}' and id <= '{digits.ljust(32, 'f')}' order by id limit 6"
    )
    return found.rows()


def hidden_pupils(ledger: Ledger, reader: Reader) -> list[int]:
    """Restricted children, by number, of whatever level."""
    return numbers_of(reader, "pupil", Restrictions(ledger).levels)


def hidden_lines(ledger: Ledger, reader: Reader, asked_for: bytes | None) -> tuple[int, ...]:
    """Lines of restricted children, who are shown to their own place only if that asks for itself; sealed ones never.

    By the restrictions that stand now in the ledger, however far the answers are, and whatever moment is asked for.
    """
    restrictions = Restrictions(ledger)
    levels = restrictions.levels
    if not levels:
        return ()
    named = ", ".join(f"'{pupil.hex()}'" for pupil in levels)
    found = reader.ask(
        "select distinct l.line, p.id as pupil, w.id as place from line l join pupil_id p on p.pupil = l.pupil"
        f" join place_id w on w.place = l.place where p.id in ({named}) order by l.line"
    )
    own = None if asked_for is None else asked_for.hex()
    return tuple(
        line for line, pupil, place in found.iter_rows() if place != own or levels[bytes.fromhex(pupil)] == SEALED
    )


def with_ids(reader: Reader, frame: pl.DataFrame) -> pl.DataFrame:
    """Numbers of places, lines, pupils, persons, ... as the ledger's ids; what is no such column stays."""
    for column in frame.columns:
        kind = KIND_OF.get(column)
        if kind is None or frame[column].dtype not in (pl.Int32, pl.Int64):
            continue
        wanted = frame[column].drop_nulls().unique().to_list()
        if len(wanted) > 2000:
            known = reader.ask(f"select {kind} as number, id from {kind}_id")
        else:
            listed = ", ".join(f"{number:d}" for number in wanted) or "0"
            known = reader.ask(f"select {kind} as number, id from {kind}_id where {kind} in ({listed})")
        ids = dict(known.select("number", "id").iter_rows())
        frame = frame.with_columns(pl.col(column).replace_strict(ids, default=None, return_dtype=pl.String))
    return frame


def with_names(ledger: Ledger, frame: pl.DataFrame, position: int) -> pl.DataFrame:
    """A frame with columns `place` and `line` as ids, and before them the pupils' names as known at a position: null
    where a name is destroyed, or its key is not at hand."""
    pairs = {
        (bytes.fromhex(place), bytes.fromhex(line))
        for place, line in frame.select("place", "line").unique().iter_rows()
        if place and line
    }
    names = names_of_lines(ledger, pairs, position)
    told = {line.hex(): name for line, name in names.items() if name}
    column = pl.col("line").replace_strict(told, default=None, return_dtype=pl.String).alias("name")
    return frame.select(column, *frame.columns)


# --- absence


def latest_year(reader: Reader) -> int | None:
    """The latest school year of which absence is counted."""
    found = reader.ask("select max(y.school_year) as school_year from persistent_absence y")
    return found["school_year"][0] if len(found) else None


def cohort(
    reader: Reader,
    about: About,
    which: str,
    *,
    year: int,
    statistical: bool = False,
    nc_years: Sequence[int] = (),
    near: int | None = None,
) -> pl.DataFrame:
    """The pupils persistently or severely absent in a school year, worst first: numerator, denominator, since when.

    With `near`: instead, whoever is within so many sessions, one after another, of coming in or out.
    """
    assert which in COHORTS
    chosen = (
        f"p.{which} = 1"
        if near is None
        else f"((p.{which} = 1 and p.{which}_out <= {near:d}) or (p.{which} = 0 and p.{which}_in <= {near:d}))"
    )
    years = f" and p.nc_year in ({', '.join(f'{one:d}' for one in nc_years)})" if nc_years else ""
    return reader.ask(
        f"""
select p.place, n.laestab, n.name as school_name, p.line, p.pupil, p.school_year, p.nc_year, p.cohort,
       p.absent, p.possible, p.authorised, p.unauthorised, p.{which} as {which},
       p.{which}_since as since, p.{which}_in as sessions_to_enter, p.{which}_out as sessions_to_leave
from persistent_absence p
left join place_now n on n.place = p.place
where p.cohort = '{"statistical" if statistical else "working"}' and p.school_year = {year:d} and {chosen}{years}
{about.where("p")}
order by {"2 * p.absent - p.possible" if which == "severe" else "10 * p.absent - p.possible"} desc, p.place, p.line
"""
    )


def cohort_totals(reader: Reader, about: About, level: str, *, year: int, statistical: bool = False) -> pl.DataFrame:
    """How many enrolments, and how many of them persistently and severely absent, by a level of `LEVELS`."""
    wanted = LEVELS[level]
    if wanted == "year_group" and about.place is not None:
        wanted = "school_year_group"
    of_place = about.of_place("t") if "school" in wanted else ""
    return reader.ask(
        f"""
select t.school_year, t.cohort, t.education_phase, t.place, n.laestab, n.name as school_name, t.nc_year, t.enrolments,
       t.persistent, t.severe, t.possible, t.absent, t.authorised, t.unauthorised
from absence_total t
left join place_now n on n.place = t.place
where t.level = '{wanted}' and t.school_year = {year:d}
  and t.cohort = '{"statistical" if statistical else "working"}'{of_place}
order by t.education_phase, t.place, t.nc_year
"""
    )


def cohort_characteristics(reader: Reader, about: About, *, year: int, statistical: bool = False) -> pl.DataFrame:
    """The same by characteristic, of the authority or of one place: for those who may see characteristics."""
    of = "t.place is null" if about.place is None else f"t.place = {about.place:d}"
    return reader.ask(
        f"""
select t.school_year, t.cohort, t.kind, t.value, t.enrolments, t.persistent, t.severe, t.possible, t.absent
from absence_by_characteristic t
where t.school_year = {year:d} and t.cohort = '{"statistical" if statistical else "working"}' and {of}
order by t.kind, t.value
"""
    )


def behind(reader: Reader, line: int, *, statistical: bool = False) -> pl.DataFrame:
    """Every entry of a line that counts as absence (`counted_entry`), of a cohort (`published_line`)."""
    left_out = " and r.week_start < p.weeks_before" if statistical else ""
    return reader.ask(
        f"""
select r.place, r.line, r.session_date, r.session, r.code, r.class, r.half_term, r.kind, m.recorded_at, r.position
from counted_entry r
join published_line p on p.line = r.line
join mark m on m.position = r.position
where r.line = {line:d} and r.absent = 1 and r.why = ''{left_out}
order by r.session_date, r.session
"""
    )


def standing_of(reader: Reader, line: int) -> pl.DataFrame:
    """What `persistent_absence` says of a line: a row for each cohort that it is in."""
    return reader.ask(
        f"""
select p.place, p.line, p.pupil, p.school_year, p.nc_year, p.cohort, p.absent, p.possible, p.persistent, p.severe,
       p.persistent_in, p.persistent_out, p.severe_in, p.severe_out, p.persistent_since, p.severe_since
from persistent_absence p where p.line = {line:d} order by p.cohort desc
"""
    )


# --- a week of a register, in numbers

GROUPS: Final[Mapping[str, str]] = {"school": "e.place", "class": "e.class", "year-group": "e.nc_year"}
"""What a week can be summed by, and the column of the roll that says so."""


def week_counts(reader: Reader, about: About, week: date, by: str) -> pl.DataFrame:
    """The sessions of a week of one place, by class, year group or for the whole school: pupils with an entry, possible
    sessions, attended, late, absent, and sessions that nobody has marked though the pupil was due.

    `week` is its Monday. Classes are numbers; of what counts (`counted_entry`).
    """
    grouped = GROUPS[by]
    monday = f"cast('{week.isoformat()}' as date)"
    return reader.ask(
        f"""
select w.part, cast(sum(w.pupils) as bigint) as pupils, cast(sum(w.possible) as bigint) as possible,
       cast(sum(w.present) as bigint) as present, cast(sum(w.late) as bigint) as late,
       cast(sum(w.authorised) as bigint) as authorised, cast(sum(w.unauthorised) as bigint) as unauthorised,
       cast(sum(w.unmarked) as bigint) as unmarked
from (
  select {grouped} as part, count(distinct r.line) as pupils,
         sum(r.possible) as possible, sum(r.present) as present, sum(r.late) as late,
         count(*) filter (where r.class = 'AUTH') as authorised,
         count(*) filter (where r.class = 'UNAUTH') as unauthorised, 0 as unmarked
  from counted_entry r
  join roll e on e.line = r.line
  where r.week_start = {monday} and r.why = ''{about.of_place("r")}
  group by {grouped}
  union all
  select {grouped} as part, 0, 0, 0, 0, 0, 0, count(*)
  from unmarked_session u
  join day d on d.session_date = u.session_date
  join roll e on e.line = u.line
  where d.week_start = {monday}{about.of_place("u")}
  group by {grouped}
) as w
group by w.part
order by w.part
"""
    )


# --- labels


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which labels are wanted."""

    label: str | None = None
    family: str | None = None
    first: date | None = None
    last: date | None = None
    standing: bool = False

    @property
    def where(self) -> str:
        """The condition on `l`, with `and` before it. Names were looked up: nothing typed is in it."""
        found = "" if self.label is None else f" and l.label = '{self.label}'"
        found += "" if self.family is None else f" and l.family = '{self.family}'"
        found += "" if self.first is None else f" and l.on_date >= cast('{self.first.isoformat()}' as date)"
        found += "" if self.last is None else f" and l.on_date <= cast('{self.last.isoformat()}' as date)"
        return found + (" and l.stands = 1" if self.standing else "")


def label_rules(reader: Reader) -> pl.DataFrame:
    """What each label says."""
    return reader.ask(
        "select r.label, r.family, r.event, r.says, r.counts, r.source from label_rule r order by r.label"
    )


def label_counts(reader: Reader, about: About, chosen: Chosen) -> pl.DataFrame:
    """How many labels of each kind there are, most first, and what each says."""
    return reader.ask(
        f"""
select l.family, l.label, count(*) as labels, count(*) filter (where l.stands = 1) as standing,
       count(*) filter (where l.imported = 1) as imported, min(l.on_date) as first_date, max(l.on_date) as last_date,
       min(r.says) as says
from label l
left join label_rule r on r.label = l.label and r.family = l.family
where 1 = 1{chosen.where}{about.of_place("l")}
group by l.family, l.label
order by l.family, count(*) desc, l.label
"""
    )


def labels(reader: Reader, about: About, chosen: Chosen, limit: int | None = None) -> pl.DataFrame:
    """The labels themselves, by place and day."""
    most = "" if limit is None else f" limit {limit:d}"
    return reader.ask(
        f"""
select l.family, l.label, l.place, n.laestab, n.name as school_name, l.line, l.on_date, l.session, l.code, l.detail,
       l.number, l.stands, l.imported, l.position, l.recorded_on
from label l
left join place_now n on n.place = l.place
where 1 = 1{chosen.where}{about.where("l")}
order by l.place, l.on_date, l.session, l.line, l.label{most}
"""
    )


# --- settings


def setting(reader: Reader, name: str, otherwise: int) -> int:
    """A setting of the authority as it applies on the day asked for; else its default, else what the caller says."""
    assert name.replace("_", "").isalpha()
    found = reader.ask(
        f"""
select s.value_int
from setting s cross join asked a
where s.setting = '{name}' and s.applies_from <= a.today and s.value_int is not null
order by s.applies_from desc, s.position desc limit 1
"""
    )
    if not len(found):
        found = reader.ask(
            f"select r.value_int from setting_rule r where r.setting = '{name}' and r.value_int is not null"
        )
    return int(found["value_int"][0]) if len(found) else otherwise


def as_plain(value: Any) -> Any:
    """A value of a frame for JSON: days and moments as text."""
    return value.isoformat() if hasattr(value, "isoformat") else value
