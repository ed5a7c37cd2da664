"""The page of answers, from their own headers: `python -m projections.page` prints it as Markdown.

Generated and never kept: what an answer says of itself stands in its file, once.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping

from projections.answers import Answer, read
from projections.facts.tables import DICTIONARIES, FACTS, RULES, TABLES, Table


def page(answers: Mapping[str, Answer], tables: Mapping[str, Table] = TABLES) -> str:
    """Every answer's question, key, source, inputs, columns, and how it is brought up to date; and every fact."""
    return "\n".join(_lines(answers, tables)) + "\n"


def _lines(answers: Mapping[str, Answer], tables: Mapping[str, Table]) -> Iterator[str]:
    yield "# Answers"
    yield ""
    yield "Each is one file of `projections/sql`, run unchanged on every engine. Made by `python -m projections.page`."
    yield ""
    yield "| answer | question |"
    yield "| --- | --- |"
    for answer in sorted(answers.values(), key=lambda one: one.name):
        yield f"| [{answer.name}](#{answer.name}) | {_cell(answer.question)} |"
    for answer in sorted(answers.values(), key=lambda one: one.name):
        yield from _of_answer(answer, answers)
    yield from ("", "# Facts, rules and dictionaries", "")
    for kind, group in (("fact", FACTS), ("rules", RULES), ("dictionary", DICTIONARIES)):
        for table in group.values():
            if table.name in tables:
                yield from _of_table(table, kind)


def _of_answer(answer: Answer, answers: Mapping[str, Answer]) -> Iterator[str]:
    readers = sorted(other.name for other in answers.values() if answer.name in other.inputs)
    yield from ("", f"## {answer.name}", "", answer.question, "")
    yield f"- Key: {', '.join(f'`{column}`' for column in answer.key)}"
    yield f"- Source: {answer.source}"
    yield f"- {'Stored' if answer.kind == 'table' else 'Worked out when asked'}; SHA-256 `{answer.digest}`"
    yield f"- Reads: {', '.join(_linked(name, answers) for name in answer.inputs)}"
    if readers:
        yield f"- Read by: {', '.join(_linked(name, answers) for name in readers)}"
    for name, columns in answer.refresh.items():
        carried = f"carries by {', '.join(f'`{column}`' for column in columns)}" if columns else "makes all of it anew"
        yield f"- A change of {_linked(name, answers)} {carried}"
    yield from ("", "| column | what it says |", "| --- | --- |")
    for column, says in answer.columns.items():
        yield f"| `{column}` | {_cell(says)} |"


def _of_table(table: Table, kind: str) -> Iterator[str]:
    yield from ("", f"## {table.name}", "", f"A {kind}. {table.says}", "")
    yield from ("| column | type | what it says |", "| --- | --- | --- |")
    for column in table.columns:
        yield f"| `{column.name}` | {column.type} | {_cell(column.says)} |"


def _linked(name: str, answers: Mapping[str, Answer]) -> str:
    return f"[{name}](#{name})" if name in answers or name in TABLES else f"`{name}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    sys.stdout.write(page(read()))
