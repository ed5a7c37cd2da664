"""One table says which events lead where: nobody else makes a fact, and whoever looks one up finds it in the table."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from domain import identity
from domain.identity import GIVES, facts_of, parent_scope
from domain.pupil import Fact
from schemas import catalogue

ROOT = Path(identity.__file__).parent.parent
ROOMS = ("domain", "consumers", "projections", "evidence", "console")
LOOK_UPS = {"find", "find_many", "identity_key"}


def calls() -> Iterator[tuple[str, ast.Call, str]]:
    """Every call in the program: file, call, the name that is called."""
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Call):
                    name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                    yield path.relative_to(ROOT).as_posix(), node, name


def constant(call: ast.Call) -> str | None:
    """The first argument of a call, where it is a text written there."""
    first = call.args[0] if call.args else None
    return first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else None


CALLS = list(calls())
PUBLIC_NUMBERS = {"urn", "laestab", "ukprn"}
"""Made in one loop."""
MADE = {constant(call) for _, call, name in CALLS if name == "Fact"} | PUBLIC_NUMBERS
LOOKED_UP = {
    (path, kind)
    for path, call, name in CALLS
    if name in LOOK_UPS and len(call.args) > 2 and (kind := constant(call)) is not None
}


def test_facts_are_made_by_what_knows_the_events_and_by_nobody_who_writes_or_hears_them() -> None:
    made_in = {path for path, _, name in CALLS if name == "Fact"}
    assert "domain/identity.py" in made_in
    assert {path for path in made_in if not path.startswith("domain/") or path.startswith("domain/ledger/")} == set()


def test_nobody_but_the_unit_of_work_writes_a_row_into_the_index_and_it_writes_what_the_table_gives() -> None:
    written = {path for path, call, name in CALLS if name == "IdentityRow" and call.args}
    assert {path for path in written if not path.endswith("_store.py")} == {"domain/ledger/unit.py"}
    asked = [path for path, _, name in CALLS if name == "facts_of"]
    assert asked == ["domain/ledger/rebuild.py", "domain/ledger/unit.py"]
    unit = (ROOT / "domain/ledger/unit.py").read_text("utf-8")
    assert unit.count("_new_facts.setdefault(") == 1
    assert not re.search(r"_new_facts(\[.*\])? *=[^=]", unit.replace("_new_facts: dict", ""))


@pytest.mark.parametrize(("path", "kind"), sorted(LOOKED_UP))
def test_every_kind_that_is_looked_up_is_given_by_the_table(path: str, kind: str) -> None:
    assert kind in MADE, f"{path} looks up {kind}"


@pytest.mark.parametrize("topic", GIVES)
def test_the_table_names_topics_that_are_issued(topic: str) -> None:
    assert catalogue.ledger(topic).name == topic


def test_an_event_whose_text_cannot_be_opened_leads_only_where_its_clear_part_does() -> None:
    stream = f"pupil/{'0' * 32}"
    for topic in ("UpnGiven", "LocalIdGiven", "LineOpened"):
        assert list(facts_of(stream, topic, {"known_to": bytes(16)}, None)) == []
    place = {"place": b"p" * 16, "laestab": "8051234", "urn": None, "from": 20_000}
    assert [fact.kind for fact in facts_of(f"place/{'0' * 32}", "PlaceDescribed", place, None)] == ["laestab"]


def test_a_parent_is_found_by_the_id_of_the_source_that_named_them_within_one_child() -> None:
    stream, source, parent = f"pupil/{'61' * 16}", b"s" * 16, b"m" * 16
    body = {"parent": parent, "source": source}
    [fact] = facts_of(stream, "ParentNamed", body, {"name": "Mrs Carp", "mis_parent": "C7"})
    assert fact == Fact("parent", parent_scope(b"a" * 16, source), "C7", parent)
    assert list(facts_of(stream, "ParentNamed", body, {"name": "Mrs Carp"})) == []
    assert list(facts_of(stream, "ParentNamed", body, None)) == []
