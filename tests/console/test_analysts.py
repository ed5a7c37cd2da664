"""Answers in PostgreSQL from the command line: the operator sets them up, lets an analyst in, and the analyst reads."""

from __future__ import annotations

from dataclasses import dataclass

import psycopg
import pytest

from tests.console.conftest import Command, Said
from tests.postgres import Database, Server


@dataclass(frozen=True)
class Authority:
    """A home of the server profile with one school, and its database."""

    database: Database
    rollbook: Command
    owner: str

    def __call__(self, *typed: str) -> Said:
        """A verb, which must succeed."""
        said = self.rollbook(*typed)
        assert said.code == 0, said.err
        return said

    def as_analyst(self, login: str, question: str) -> list[tuple[object, ...]]:
        """What an analyst reads."""
        with psycopg.connect(**self.database.as_role(login).arguments) as session:
            return session.execute(question.encode()).fetchall()


@pytest.fixture
def authority(postgres_server: Server, postgres_database: Database, rollbook: Command) -> Authority:
    name = postgres_database.dbname
    made = Authority(postgres_database, rollbook, f"owner_of_{name}")
    postgres_server.role(made.owner, "LOGIN CREATEROLE")
    postgres_database.execute(f"ALTER DATABASE {name} OWNER TO {made.owner}")
    # A schema of its own: roles are called after it, and roles are the whole server's.
    made(
        *("init", "--authority", "805", "--name", "Hartlepool", "--profile", "server"),
        *("--database", postgres_database.as_role(made.owner).url, "--schema", name),
        *("--writer", f"writer_of_{name}", "--reader", f"reader_of_{name}"),
    )
    made("place", "add", "--laestab", "8052001", "--name", "Marram Primary", "--phase", "primary")
    return made


def test_an_operator_sets_answers_up_and_an_analyst_reads_those_of_a_school(authority: Authority) -> None:
    name, owner = authority.database.dbname, ("--owner", authority.owner)
    assert f"Made the role {name}_projector" in authority("server", "answers", *owner).out
    assert "Nothing to do" in authority("server", "answers", *owner).out
    authority("project")
    login = f"jo_of_{name}"
    said = authority("server", "analyst", "add", login, "--place", "8052001", *owner).out
    assert f"{login} sees 1 place." in said
    assert authority.as_analyst(login, "SELECT laestab, name FROM place") == [("8052001", "Marram Primary")]
    assert authority("server", "analyst", "list", "--json", *owner).data[0]["login"] == login
    authority("server", "analyst", "remove", login, *owner)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        authority.as_analyst(login, f"SELECT * FROM {name}_analyst.place")


def test_a_home_without_a_server_has_no_analysts(rollbook: Command) -> None:
    rollbook("init", "--authority", "805", "--name", "Hartlepool")
    said = rollbook("server", "analyst", "list", "--owner", "anybody")
    assert (said.code, said.err.count("\n")) == (1, 1)
    assert "embedded profile" in said.err


def test_an_analyst_must_be_said_to_see_something(authority: Authority) -> None:
    said = authority.rollbook("server", "analyst", "add", "jo", "--owner", authority.owner)
    assert (said.code, "Say what the analyst sees" in said.err) == (2, True)


def test_before_the_first_project_a_school_is_not_known_and_it_says_so(authority: Authority) -> None:
    authority("server", "answers", "--owner", authority.owner)
    said = authority.rollbook("server", "analyst", "add", "jo", "--place", "8052001", "--owner", authority.owner)
    assert said.code == 1
    assert "run rollbook project first" in said.err
