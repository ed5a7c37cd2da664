"""Statements that somebody else wrote: which are taken, and how their names are kept from restricted children.

One `select` at a time, and nothing else. A name of an answer or fact with lines or pupils in it means, for such a
statement, that table without the lines that must not be shown: a name is redefined around the statement. That is
against oversight and no wall: whoever runs this holds the ledger's keys (projections/who.py).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Final

from projections.answers import Answer
from projections.facts.tables import TABLES

_WORD: Final = re.compile(r"'(?:[^']|'')*'|--[^\n]*|/\*.*?\*/|[A-Za-z_][A-Za-z0-9_]*|\S", re.DOTALL)
CHARACTERISTICS: Final = frozenset({"characteristic", "characteristic_now", "absence_by_characteristic"})
"""Only for those who may see them."""


class NotTaken(ValueError):
    """A statement that is not run; the message says why."""


def only_select(statement: str) -> str:
    """The statement without its end mark. Refuses, with NotTaken, several, and what does not begin as a `select`.

    The engine refuses the rest by itself: a session that may only read, and a statement that stands in parentheses.
    """
    words = [word for word in _WORD.findall(statement) if not word.startswith(("--", "/*"))]
    while words and words[-1] == ";":
        words.pop()
    if not words:
        raise NotTaken("There is no statement; write one select, such as: select * from place_now.")
    if ";" in words:
        raise NotTaken("This is more than one statement; ask one select at a time.")
    if words[0].lower() not in ("select", "with", "from", "values", "("):
        raise NotTaken(f"Only a select is taken here, and this begins with {words[0][:20]!r}.")
    return statement.rstrip().rstrip(";").rstrip()


def names_in(statement: str, answers: Mapping[str, Answer]) -> list[str]:
    """The facts and answers that a statement may be about: its words that are names of such."""
    words = {word.lower() for word in _WORD.findall(statement)}
    return sorted(word for word in words if word in answers or word in TABLES)


def guarded(statement: str, answers: Mapping[str, Answer], lines: Collection[int], pupils: Collection[int]) -> str:
    """The statement with its names redefined around it, without these lines and pupils.

    A line break before the end keeps a comment in the statement's last line from eating the parenthesis.
    """
    around = []
    for name in names_in(statement, answers):
        columns = answers[name].columns if name in answers else TABLES[name].names
        kept = []
        if lines and "line" in columns:
            kept.append(f"coalesce(line, 0) not in ({', '.join(f'{one:d}' for one in sorted(lines))})")
        for column in ("pupil", "child"):
            if pupils and column in columns and "line" not in columns:
                kept.append(f"coalesce({column}, 0) not in ({', '.join(f'{one:d}' for one in sorted(pupils))})")
        if kept:
            around.append(f"{name} as (select * from {name} where {' and '.join(kept)})")  # noqa: S608
    opening = f"with {', '.join(around)} " if around else ""
    return f"{opening}select * from ({statement}\n) as asked_for"  # noqa: S608
