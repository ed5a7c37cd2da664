"""The verb `plot`: attendance by week and cohorts by year group as pictures, for people who would rather look.

Colours differ in lightness too, and series are told apart by hatching or marker as well, and are named beside what they
show: nobody needs to see colour. Matplotlib is loaded when something is drawn.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final

import polars as pl
import typer

from console import counted, say
from console.absence import year_text
from console.answering import Asking, AuthorityOption, NoCatchUp, PlaceOption, asking, written
from console.options import AsAt, home_of, school_year_of
from console.problems import Misused, Refused
from domain.moments import academic_year_label
from projections import charts
from projections.population import STATISTICAL, WORKING, cohort_name, population

DARK, LIGHT, INK = "#12436D", "#F46A25", "#0b0c0c"
"""The dark blue and the orange of the Government Statistical Service's palette, three to one and more between them and
with white; and the ink of GOV.UK."""
MADE_UP: Final = "Simulated ledger: no child of this is real"
SIZE: Final = (9.0, 5.0)
DOTS: Final = 150
ENDINGS: Final = (".png", ".svg")


class Chart(StrEnum):
    """What is drawn."""

    ATTENDANCE = "attendance"
    COHORT = "cohort"


def plot_verb(
    context: typer.Context,
    chart: Annotated[Chart, typer.Argument(help="Attendance by week, or persistent and severe absence by year group.")],
    out: Annotated[Path, typer.Argument(metavar="FILE", help="Where to draw it: a name that ends in .png or .svg.")],
    year: Annotated[
        int | None, typer.Option("--school-year", metavar="YEAR", help="As 202526 (default: the latest).")
    ] = None,
    statistical: Annotated[
        bool, typer.Option("--statistical", help="Of the pupils whom published figures count. Else of all on the roll.")
    ] = False,
    place: PlaceOption = None,
    authority: AuthorityOption = None,
    as_at: AsAt = None,
    no_catch_up: NoCatchUp = False,
) -> None:
    """Draw attendance by week, or who is persistently and severely absent by year group, into a PNG or SVG."""
    cohort = cohort_name(statistical=statistical)
    named_year = None if year is None else school_year_of(year)
    if out.suffix.lower() not in ENDINGS:
        raise Misused(f"{out.name} ends neither in .png nor in .svg, the two kinds of picture that are drawn.")
    with asking(
        home_of(context), as_at=as_at, place=place, authority=authority, no_catch_up=no_catch_up, data=True
    ) as asked:
        of_year = named_year or charts.latest_year_of_sessions(asked.reader)
        rows: pl.DataFrame | None = None
        if of_year is not None and chart is Chart.ATTENDANCE:
            rows = charts.attendance_by_week(asked.reader, asked.about, of_year, cohort)
        elif of_year is not None:
            rows = charts.cohort_by_year_group(asked.reader, asked.about, of_year, cohort)
        if rows is None or of_year is None or not len(rows):
            raise Refused("There is no possible session to draw.")
        where = _where(asked, place, authority)
        whom = population(asked.reader, asked.about, cohort, [of_year])
        simulated = asked.ledger.simulated
    if chart is Chart.ATTENDANCE:
        title, figure = _attendance(rows, where, of_year, asked.as_at, cohort)
    else:
        title, figure = _cohort(rows, where, of_year, asked.as_at, cohort)
    if simulated:
        (axes,) = figure.axes
        axes.set_xlabel(f"{axes.get_xlabel()}\n{MADE_UP}")
    with written(out) as beside:
        # Of one ledger and moment, the same file each time: no date of drawing, no random ids.
        kind = out.suffix.lower()[1:]
        figure.savefig(
            beside, format=kind, dpi=DOTS, metadata={"Title": title, **({"Date": None} if kind == "svg" else {})}
        )
    say.remark(f"{out}: {title}. {counted.whom(whom)}")
    if beside_it := counted.left_out(whom):
        say.remark(beside_it)


def _where(asked: Asking, place: str | None, authority: str | None) -> str:
    if asked.about.place is not None:
        found = asked.reader.ask(f"select n.name, n.laestab from place_now n where n.place = {asked.about.place:d}")  # noqa: S608
        name, laestab = found.row(0) if len(found) else (None, None)
        return str(name or laestab or place)
    return asked.ledger.founding.name if authority is None else f"authority {authority}"


def _canvas(title: str) -> tuple[Any, Any]:
    """A figure and its axes, drawn without a screen."""
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    matplotlib.rcParams.update({"svg.hashsalt": "rollbook", "svg.fonttype": "none", "font.size": 11})
    figure = Figure(figsize=SIZE, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.set_title(title, loc="left", fontsize=13, color=INK, wrap=True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.grid(axis="y", color="#b1b4b6", linewidth=0.6)
    axes.set_axisbelow(True)
    return figure, axes


COUNTED: Final = {STATISTICAL: "pupils whom published figures count", WORKING: "all on the roll but boarders"}


def _attendance(rows: pl.DataFrame, where: str, year: int, as_at: str, cohort: str) -> tuple[str, Any]:
    """Attendance of each week, on an axis that says where it begins, and absence by kind below it."""
    title = f"Attendance and absence by week, {where}, {academic_year_label(year)}{as_at}"
    figure, axes = _canvas(title)
    weeks = [f"{day.day} {day:%b}" for day in rows["week_start"].to_list()]
    whole = rows["possible"].to_list()
    at = list(range(len(weeks)))
    bottom = [0.0] * len(weeks)
    for name, colour, hatch in (("authorised", DARK, ""), ("unauthorised", LIGHT, "//")):
        share = [100 * n / of for n, of in zip(rows[name].to_list(), whole, strict=True)]
        axes.bar(at, share, 0.7, bottom, color=colour, hatch=hatch, edgecolor="white", label=f"Absent, {name}")
        bottom = [low + high for low, high in zip(bottom, share, strict=True)]
    for x, top in zip(at, bottom, strict=True):
        if len(at) <= 20:
            axes.annotate(f"{100 - top:.1f} %", (x, top), (0, 3), textcoords="offset points", ha="center", fontsize=9)
    axes.set_ylabel("Absence, % of possible sessions")
    above = "above each: attendance, %; " if len(at) <= 20 else ""
    axes.set_xlabel(f"Week beginning ({above}{COUNTED[cohort]})")
    step = max(1, len(at) // 20)
    axes.set_xticks(
        at[::step], weeks[::step], rotation=45 if len(at) > 8 else 0, ha="right" if len(at) > 8 else "center"
    )
    axes.set_ylim(0, max(bottom) * 1.25 or 1)
    axes.legend(facecolor="white", edgecolor="none", framealpha=1, loc="upper left", ncols=2)
    return title, figure


def _cohort(rows: pl.DataFrame, where: str, year: int, as_at: str, cohort: str) -> tuple[str, Any]:
    """Of each year group, the share that is persistently and that is severely absent."""
    title = f"Persistent and severe absence by year group, {where}, {academic_year_label(year)}{as_at}"
    figure, axes = _canvas(title)
    groups = [year_text(one) or "not known" for one in rows["nc_year"].to_list()]
    everybody = rows["enrolments"].to_list()
    at = list(range(len(groups)))
    top = 0.0
    for name, says, colour, hatch, aside in (
        ("persistent", "Persistently absent (10 % or more)", DARK, "", -0.2),
        ("severe", "Severely absent (50 % or more)", LIGHT, "//", 0.2),
    ):
        counts = rows[name].to_list()
        share = [100 * n / of for n, of in zip(counts, everybody, strict=True)]
        bars = axes.bar([x + aside for x in at], share, 0.38, color=colour, hatch=hatch, edgecolor="white", label=says)
        axes.bar_label(bars, [str(n) for n in counts], padding=2, fontsize=9, color=INK)
        top = max([top, *share])
    axes.set_ylabel("Pupils, % of the year group")
    axes.set_xlabel(f"Year group ({COUNTED[cohort]}; above each bar: pupils)")
    axes.set_xticks(at, groups)
    axes.set_ylim(0, top * 1.25 or 1)
    axes.legend(facecolor="white", edgecolor="none", framealpha=1, loc="upper left", ncols=2)
    return title, figure
