"""Opening a home: keys that no entry came to need are swept, keys in use never."""

from __future__ import annotations

import sqlite3

from console.home import Home
from domain.ledger.keystore import KeyStore, NewKey
from tests.console.conftest import Command
from tests.making import School


def age_all_keys(home: Home) -> None:
    """As if every key had been made two days ago, and none was ever confirmed."""
    connection = sqlite3.connect(home.path / "keys.sqlite")
    connection.execute("UPDATE keys SET created_at = created_at - 172800, confirmed = 0")
    connection.commit()
    connection.close()


def test_orphaned_keys_are_swept_when_a_ledger_is_opened_for_writing(school: School, at_school: Command) -> None:
    school.takes("7B", "2025-09-01 AM", "08:45", Ann="/", Nobody="/")
    school.changes("2025-09-01 AM", "11:00", Ann=("/", "I"), reason="Mother rang")
    orphan = NewKey("pupil", "pupil/" + "0" * 32)
    school.ledger.keys.new_keys([orphan])
    home = Home(at_school.home)
    with KeyStore.open(home.path / "keys.sqlite") as keys:
        assert keys.find(*orphan) is not None
    age_all_keys(home)
    with home.reading() as ledger:
        assert ledger.keys.find(*orphan) is not None
    age_all_keys(home)
    with home.writing() as ledger:
        assert ledger.keys.find(*orphan) is None
    texts = [entry.text for entry in school.entries("MarkAmended", "PupilEntered", "PersonNamed", "GroupDescribed")]
    assert texts
    assert all(texts), "every key that an entry needs is still there"
    held = at_school("held", "list", "--json").data[0]["held"]
    assert at_school("held", "show", held, "--reveal").code == 0
