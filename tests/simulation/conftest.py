"""One simulated year for all tests that only look at it."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulation import Summary, simulate_year


@pytest.fixture(scope="session")
def a_year(tmp_path_factory: pytest.TempPathFactory) -> Summary:
    """Four places over a third of the year."""
    return simulate_year(tmp_path_factory.mktemp("year") / "year.avro", places=4, pupils=600, weeks=14, seed=11)


@pytest.fixture(scope="session")
def without_faults(tmp_path_factory: pytest.TempPathFactory) -> Summary:
    """The same authority, and nothing that ends held."""
    out = tmp_path_factory.mktemp("faultless") / "year.avro"
    return simulate_year(out, places=4, pupils=600, weeks=14, seed=11, faults=False)


@pytest.fixture(scope="session")
def published_csv() -> Path:
    """The published counts of three authorities."""
    return Path(__file__).parent.parent / "data" / "attendance_by_reason_three_authorities_202425.csv"
