"""The short form of the soak: a few rounds of kills, freezes and broken brokers. `make soak` is the long one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kafka import require_kafka
from tests.soak import Soak, check

pytestmark = pytest.mark.on_disk


def test_every_row_is_in_the_ledger_once_though_intakes_and_broker_are_killed_and_frozen(tmp_path: Path) -> None:
    require_kafka()
    soak = Soak(tmp_path, rounds=8, seed=1)
    home, authority = soak.run()
    assert {"kill", "freeze", "broker"} <= soak.done.keys()
    with home.reading() as ledger:
        check(soak, ledger, authority)
