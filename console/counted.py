"""How a list says whom it counts, in its first line, and what it leaves out, below it."""

from __future__ import annotations

from typing import Final

from console import say
from projections.population import LEFT_OUT, STATISTICAL, WORKING, Population

WHOM: Final = {
    STATISTICAL: "as published: aged 5 to 15 on 31 August, 15-year-olds until the spring bank holiday, nobody who "
    "first enrolled from that holiday on, no boarders and no guests",
    WORKING: "all on the roll but boarders",
}
"""Whom a cohort counts."""


def whom(population: Population) -> str:
    """Whom the figures count, as one sentence."""
    unknown = population.age_not_known
    beside = f"; {say.counted(unknown, 'pupil', 'pupils')} whose age is not known counted too" if unknown else ""
    return f"Counted: {WHOM[population.cohort]}{beside}."


def left_out(population: Population) -> str:
    """What stands in the registers and is in no figure, or was amended, as one sentence; empty where nothing does."""
    told = [f"{say.number(n)} {LEFT_OUT[why]}" for why, n in population.left_out.items() if n]
    return f"Entries left out: {', '.join(told)}." if told else ""


def heading(title: str, population: Population) -> None:
    """A list's first line: what it is of, and whom it counts."""
    say.heading(f"{title}. {whom(population)}")


def beside(population: Population) -> None:
    """Whom data count, said beside them."""
    say.remark(whom(population))


def show_left_out(population: Population) -> None:
    """Say what is left out, below a table."""
    if told := left_out(population):
        say.line(told, "dim")
