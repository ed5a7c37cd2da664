"""Real Kafka brokers for tests. Without Java or Maven a test is skipped with one line; on CI it fails instead."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.kafka import Broker, User, missing_tools

ADMINISTRATOR = User("administrator", "known-to-this-test-only")
STRANGER = User("stranger", "a-password-and-no-rights")


def require_kafka() -> None:
    """Skip where no broker can run; never on CI, where it must."""
    lacking = missing_tools()
    if lacking is not None and os.environ.get("CI") != "true":
        pytest.skip(lacking)


def running(home: Path, *users: User, **settings: str) -> Iterator[Broker]:
    """A broker that runs while the test does."""
    require_kafka()
    broker = Broker(home, users=users, settings={name.replace("_", "."): value for name, value in settings.items()})
    try:
        broker.start()
        yield broker
    finally:
        broker.wipe()
