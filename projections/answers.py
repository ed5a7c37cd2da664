"""The answers: what each file of `projections/sql` asks, of what it is made, and in which order they are to be made.

Nothing here touches a database. A file is one plain `select` under a header that says its question, its key and, input
by input, by which columns a change carries (reference/sql.md 1 and 3); the engines run the text, as it stands, three
ways, by pointing the names after `from` and `join` at other tables.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Final, Literal, NamedTuple

from projections.facts.tables import DICTIONARIES, TABLES, Table

SQL: Final = Path(__file__).parent / "sql"
Kind = Literal["table", "view"]

_HEADER: Final = re.compile(r"--\s*([a-z]+)(?:\s+([a-z][a-z0-9_]*))?:\s*(.*)")
_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")
_CARRY: Final = re.compile(r"(?:(all)|([a-z0-9_]+(?:\s*,\s*[a-z0-9_]+)*))\s+of\s+([a-z][a-z0-9_]*)")
_TOKEN: Final = re.compile(r"'(?:[^']|'')*'|--[^\n]*|[A-Za-z_][A-Za-z0-9_]*|\d+|[^\s]")
_AFTER_A_TABLE: Final = frozenset(
    "where join left right full inner cross on group order having window union except intersect limit".split()
)


class AnswerUnreadable(ValueError):
    """A file of `projections/sql` that cannot be used; the message says which, and what to do."""


class Mention(NamedTuple):
    """Where a text names a table, after `from` or `join`."""

    name: str
    start: int
    end: int
    aliased: bool
    """Whether the text gives it another name there."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer: a file's header and its `select`."""

    name: str
    question: str
    key: tuple[str, ...]
    source: str
    kind: Kind
    """`table`: stored. `view`: worked out when asked."""
    refresh: Mapping[str, tuple[str, ...]]
    """By input: the columns by which a change of it carries; none: whatever changed, all is made anew."""
    columns: Mapping[str, str]
    """Every column of the answer, in order, with what it says."""
    text: str
    """The `select`, without the header."""
    mentions: tuple[Mention, ...]
    """Where the text names its inputs."""
    digest: str
    """SHA-256 of the file, in hexadecimal."""

    @property
    def inputs(self) -> tuple[str, ...]:
        """Facts, rules and answers that it reads, in the order in which it names them."""
        return tuple(dict.fromkeys(mention.name for mention in self.mentions))

    def pointed(self, at: Callable[[str], str]) -> str:
        """The text with every input replaced by what `at` says of its name, e.g. `fact.mark` for `mark`."""
        pieces, last = [], 0
        for mention in self.mentions:
            target = at(mention.name)
            called = "" if mention.aliased or target.rpartition(".")[2] == mention.name else f" as {mention.name}"
            pieces += [self.text[last : mention.start], target, called]
            last = mention.end
        return "".join([*pieces, self.text[last:]])

    def narrowed(
        self, by: Collection[str], at: Callable[[str, tuple[str, ...]], str], views: Mapping[str, Answer]
    ) -> str:
        """The text with every input pointed at the rows that keys of the columns `by` can come from, or more.

        `at` says what stands for an input, looked up by those of these columns that the header lists of it; by none,
        it is read whole. A view is its own text over its own inputs, looked up by what is left of the columns: no more
        of them, as whoever reads it by a line needs all of its days."""

        def stands(name: str) -> str:
            shared = tuple(column for column in by if column in self.refresh.get(name, ()))
            return f"({views[name].narrowed(shared, at, views)})" if name in views else at(name, shared)

        return self.pointed(stands)

    def within(self, before: str, after: str) -> Answer:
        """The same with other text before and after its own."""
        moved = tuple(m._replace(start=m.start + len(before), end=m.end + len(before)) for m in self.mentions)
        return replace(self, text=f"{before}{self.text}{after}", mentions=moved)

    def carried(self, changed: str) -> tuple[str, ...]:
        """Columns of this answer by which its rows are found anew when that input changed; none: all of them are."""
        return tuple(column for column in self.refresh.get(changed, ()) if column in self.columns)


def read(folder: Path = SQL, tables: Mapping[str, Table] = TABLES) -> dict[str, Answer]:
    """Every answer of a folder, each after those that it reads.

    Refused, each with a sentence that names the file: a header that lacks something or says what is not so, an input
    that does not exist, a circle, and a table that reads what only the moment of asking knows.
    """
    return arranged(
        (parse(path.stem, path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.sql"))), tables
    )


@cache
def every() -> Mapping[str, Answer]:
    """The answers as this version of Rollbook has them: their files are read once in a process."""
    return read()


def parse(name: str, file: str) -> Answer:
    """An answer from its file's text; what it says of other tables is checked by `arranged`."""
    said: dict[str, str] = {}
    columns: dict[str, str] = {}
    lines = file.splitlines(keepends=True)
    body = 0
    while body < len(lines) and (lines[body].startswith("--") or not lines[body].strip()):
        _read_header(name, lines[body].strip(), said, columns)
        body += 1
    missing = [word for word in ("question", "key", "source", "refresh") if not said.get(word)]
    if missing or not columns:
        raise AnswerUnreadable(f"{name}.sql does not say its {', '.join(missing or ['columns'])}: add it to the header")
    kind = said.get("kind", "table")
    if kind not in ("table", "view"):
        raise AnswerUnreadable(f"{name}.sql calls itself a {kind}: an answer is a table or a view")
    text = "".join(lines[body:]).strip().rstrip(";").rstrip()
    return Answer(
        name,
        said["question"],
        tuple(column.strip() for column in said["key"].split(",")),
        said["source"],
        "view" if kind == "view" else "table",
        _carries(name, said["refresh"]),
        columns,
        text,
        tuple(mentions(name, text)),
        hashlib.sha256(file.encode("utf-8")).hexdigest(),
    )


def _read_header(name: str, line: str, said: dict[str, str], columns: dict[str, str]) -> None:
    if not line:
        return
    found = _HEADER.fullmatch(line)
    word, of, rest = found.groups() if found else (None, None, line)
    if word == "column" and of and rest and of not in columns:
        columns[of] = rest
    elif word in ("question", "key", "source", "kind", "refresh") and not of and word not in said:
        said[word] = rest.strip()
    else:
        raise AnswerUnreadable(
            f"{name}.sql has a header line that nobody understands, or has it twice: {line!r}."
            " It takes question, key, source, kind, refresh and one 'column NAME: what it says' a column"
        )


def _carries(name: str, text: str) -> dict[str, tuple[str, ...]]:
    """`a, b of mark; all of place` by input."""
    found: dict[str, tuple[str, ...]] = {}
    for part in filter(None, (piece.strip() for piece in text.split(";"))):
        match = _CARRY.fullmatch(part)
        if match is None or match[3] in found:
            raise AnswerUnreadable(
                f"{name}.sql says 'refresh: {part}': write 'columns of input' or 'all of input', each input once,"
                " with semicolons between"
            )
        found[match[3]] = () if match[1] else tuple(column.strip() for column in match[2].split(","))
    return found


def mentions(name: str, text: str) -> list[Mention]:
    """Where a `select` names tables after `from` and `join`: its own `with` names, and sub-selects, are none."""
    tokens = [(m.group(), m.start(), m.end()) for m in _TOKEN.finditer(text) if not m.group().startswith("--")]
    words = [token.lower() for token, _, _ in tokens]
    own = _own_names(words)
    found = []
    for at, word in enumerate(words[:-1]):
        if word not in ("from", "join") or (word == "from" and at and words[at - 1] == "distinct"):
            continue
        token, start, end = tokens[at + 1]
        if words[at + 1] in ("(", "lateral"):
            continue
        after = words[at + 2] if at + 2 < len(words) else ""
        if not _NAME.fullmatch(token) or after in (".", "("):
            raise AnswerUnreadable(
                f"{name}.sql reads from {token!r}: name a fact, a rule or an answer, bare and in lower case"
            )
        if token not in own:
            aliased = bool(_NAME.fullmatch(after)) and after not in _AFTER_A_TABLE
            found.append(Mention(token, start, end, aliased))
    return found


def _own_names(words: list[str]) -> set[str]:
    """Names given by `with NAME as (` or `with NAME (columns) as (`, and by those that follow after a comma."""
    found = set()
    for at, word in enumerate(words):
        opens = words[at + 1 : at + 2] == ["("] and at and words[at - 1] in ("with", "recursive", ",")
        if words[at + 1 : at + 3] == ["as", "("] and at and words[at - 1] in ("with", "recursive", ","):
            found.add(word)
        elif opens and _NAME.fullmatch(word):
            close = next((i for i in range(at + 2, len(words)) if words[i] in "()"), len(words))
            if words[close : close + 3] == [")", "as", "("]:
                found.add(word)
    return found


def arranged(answers: Iterable[Answer], tables: Mapping[str, Table] = TABLES) -> dict[str, Answer]:
    """Answers in an order in which each comes after those that it reads; what they say of each other is checked."""
    by_name = {answer.name: answer for answer in answers}
    for answer in by_name.values():
        _check(answer, by_name, tables)
    found: dict[str, Answer] = {}
    for name in by_name:
        _place(name, by_name, found, ())
    for answer in found.values():
        late = [name for name in answer.inputs if name == "asked" or (name in found and _asks(found[name], found))]
        if answer.kind == "table" and late:
            raise AnswerUnreadable(
                f"{answer.name}.sql is stored, and reads {late[0]}, which depends on the moment of asking:"
                " make it 'kind: view'"
            )
    return found


def _place(name: str, answers: Mapping[str, Answer], found: dict[str, Answer], above: tuple[str, ...]) -> None:
    if name in found:
        return
    if name in above:
        circle = " reads ".join((*above[above.index(name) :], name))
        raise AnswerUnreadable(f"answers go in a circle: {circle}; one of them must not")
    for below in sorted(answers[name].inputs):
        if below in answers:
            _place(below, answers, found, (*above, name))
    found[name] = answers[name]


def _asks(answer: Answer, answers: Mapping[str, Answer]) -> bool:
    """Whether it depends on the moment of asking, by itself or by what it reads."""
    return any(name == "asked" or (name in answers and _asks(answers[name], answers)) for name in answer.inputs)


def unchanging(tables: Mapping[str, Table] = TABLES) -> frozenset[str]:
    """Inputs that no header speaks of: rules, which are the same at every moment."""
    return frozenset(n for n, table in tables.items() if not table.dated and n not in DICTIONARIES and n != "asked")


def _check(answer: Answer, answers: Mapping[str, Answer], tables: Mapping[str, Table]) -> None:
    where = f"{answer.name}.sql"
    if answer.name in tables:
        raise AnswerUnreadable(f"{where} has the name of a table of facts or rules: give it another")
    for name in answer.inputs:
        if name not in tables and name not in answers:
            raise AnswerUnreadable(f"{where} reads {name}, and there is no such fact, rule or answer")
    wanted = set(answer.inputs) - unchanging(tables) - {"asked"}
    unsaid, idle = wanted - set(answer.refresh), set(answer.refresh) - set(answer.inputs)
    if unsaid:
        raise AnswerUnreadable(
            f"{where} does not say by what a change of {sorted(unsaid)[0]} carries: add it to refresh"
        )
    if idle:
        raise AnswerUnreadable(f"{where} speaks in refresh of {sorted(idle)[0]}, which it does not read")
    strange = set(answer.key) - set(answer.columns)
    if strange:
        raise AnswerUnreadable(f"{where} has {sorted(strange)[0]} in its key and no such column")
    for name, carried in answer.refresh.items():
        has = set(tables[name].names if name in tables else answers[name].columns)
        if set(carried) - has:
            raise AnswerUnreadable(
                f"{where} refreshes by {sorted(set(carried) - has)[0]} of {name}, which has no such column"
            )


def lineages(answers: Mapping[str, Answer], tables: Mapping[str, str]) -> dict[str, str]:
    """By answer: a digest of its file and of all that it is made of, down to the tables' digests, as given.

    Two stores whose lineages of an answer agree, and who hold the same facts, hold the same rows.
    """
    found: dict[str, str] = {}
    for name, answer in answers.items():
        below = sorted(f"{other} {found.get(other) or tables.get(other, '')}" for other in answer.inputs)
        found[name] = hashlib.sha256("\n".join([answer.digest, *below]).encode("utf-8")).hexdigest()
    return found


def digest_of(table: Table) -> str:
    """Of a table's definition: its columns and their types."""
    told = "\n".join(f"{column.name} {column.type}" for column in table.columns)
    return hashlib.sha256(f"{table.name}\n{told}".encode()).hexdigest()


def downstream(answers: Mapping[str, Answer], changed: Iterable[str]) -> tuple[str, ...]:
    """The answers that stand on any of these tables or answers, directly or not, in order."""
    found = set(changed)
    for name, answer in answers.items():
        if found & set(answer.inputs):
            found.add(name)
    return tuple(name for name in answers if name in found and name in answers)
