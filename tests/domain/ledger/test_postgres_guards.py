"""PostgreSQL refuses to alter what is recorded, to the owner of the tables too: until somebody removes the guards."""

from __future__ import annotations

import psycopg
import pytest

from domain.ledger.postgres_store import open_postgres
from domain.ledger.store import Batch, Chunk
from tests.postgres import Database


@pytest.mark.parametrize("table", ["stored_events", "streams", "topics"])
@pytest.mark.parametrize("change", ["DELETE FROM {}", "TRUNCATE {} CASCADE", "UPDATE {} SET {column} = {column}"])
def test_even_the_owner_cannot_change_what_is_recorded(postgres_database: Database, table: str, change: str) -> None:
    store = open_postgres(**postgres_database.arguments)
    store.append(Batch([Chunk("people/x", 0, "PersonNamed", [b"state"])]))
    column = "state" if table == "stored_events" else "id"
    with pytest.raises(psycopg.errors.RaiseException, match=f"refuses [A-Z]+ of {table}: nothing recorded is altered"):
        postgres_database.execute(change.format(table, column=column))
    assert store.head()[0] == 1
    store.close()
