"""The test cases that the eventsourcing library ships for recorders, run on ours, with text and with UUID ids."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Literal
from uuid import UUID, uuid4

from eventsourcing.tests import persistence as shipped

from domain.ledger.sqlite_store import Datastore, SQLiteStore


class Fresh:
    """A recorder on a new file for each test."""

    id_type: Literal["uuid", "text"] = "text"

    def setUp(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.datastore = Datastore(Path(self.folder.name) / "ledger.sqlite", originator_id_type=self.id_type)

    def tearDown(self) -> None:
        self.datastore.close()
        self.folder.cleanup()

    def create_recorder(self) -> SQLiteStore:
        recorder = SQLiteStore(self.datastore)
        recorder.create_table()
        return recorder

    def new_originator_id(self) -> UUID | str:
        return uuid4() if self.id_type == "uuid" else f"attendance-register/{uuid4().hex}"


class TestApplicationRecorderWithText(Fresh, shipped.ApplicationRecorderTestCase[SQLiteStore]):
    pass


class TestTrackingRecorderWithText(Fresh, shipped.TrackingRecorderTestCase):
    pass


class TestProcessRecorderWithText(Fresh, shipped.ProcessRecorderTestCase):
    pass


class TestPositionsDoNotInterleaveWithText(Fresh, shipped.NonInterleavingNotificationIDsBaseCase):
    pass


class TestApplicationRecorderWithUUID(TestApplicationRecorderWithText):
    id_type = "uuid"


class TestTrackingRecorderWithUUID(TestTrackingRecorderWithText):
    id_type = "uuid"


class TestProcessRecorderWithUUID(TestProcessRecorderWithText):
    id_type = "uuid"


class TestPositionsDoNotInterleaveWithUUID(TestPositionsDoNotInterleaveWithText):
    id_type = "uuid"
