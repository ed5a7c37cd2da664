"""The templates write what fastavro writes, and the container is an Avro container."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.catalogue import mis
from schemas.codec import encode_confluent
from simulation import Summary
from simulation.records import message
from simulation.writing import (
    Deliveries,
    mark_row,
    place_part,
    register_snapshot,
    register_taken,
    snapshot_row,
    with_sequence,
)
from tests.simulation.model import deliveries

texts = st.text(max_size=70)
instants = st.integers(min_value=0, max_value=2**62)
details = st.none() | st.fixed_dictionaries(
    {},
    optional={
        "cause": texts,
        "minutes_late": st.integers(min_value=0, max_value=500),
        "arrived_at": instants,
        "nature": texts,
        "comment": texts,
        "by": texts,
        "by_kind": texts,
        "said_at": instants,
        "amended_on": texts,
        "reason_code": texts,
        "reason": texts,
        "operation": st.binary(min_size=16, max_size=16),
        "rule": texts,
        "evidence": st.binary(min_size=16, max_size=16),
        "arrangement": st.binary(min_size=16, max_size=16),
    },
)
rows = st.lists(st.tuples(texts, texts, details), max_size=80)
heads = st.fixed_dictionaries(
    {
        "message": st.binary(min_size=16, max_size=16),
        "source": st.binary(min_size=16, max_size=16),
        "sequence": st.none() | st.integers(min_value=0, max_value=2**40),
        "sent_at": instants,
    }
)
places = st.fixed_dictionaries({"laestab": st.none() | texts, "urn": st.none(), "local_id": st.none() | texts})


@given(
    heads,
    places,
    st.fixed_dictionaries(
        {
            "date": texts,
            "session": texts,
            "group": st.none() | texts,
            "taker": st.none() | texts,
            "by_kind": st.none() | texts,
            "opened_at": st.none() | instants,
            "saved_at": st.none() | instants,
            "medium": st.none() | texts,
            "cause": texts,
        }
    ),
    rows,
)
def test_a_register_from_the_template_has_the_bytes_that_fastavro_writes(
    head: dict[str, Any], place: dict[str, Any], own: dict[str, Any], marks: list[tuple[str, str, Any]]
) -> None:
    written = register_taken(
        **head,
        **own,
        place=place_part(place["laestab"], place["local_id"]),
        rows=[mark_row(pupil, code, detail) for pupil, code, detail in marks],
    )
    record = {**head, **place, **own, "closed_at": None, "paper_ref": None, "whole": False}
    record["marks"] = [{"mis_pupil": p, "upn": None, "code": c, "detail": d or None} for p, c, d in marks]
    assert written == encode_confluent(mis("RegisterTaken"), record)


@given(heads, places, texts, texts, st.booleans(), rows)
def test_a_snapshot_from_the_template_has_the_bytes_that_fastavro_writes(
    head: dict[str, Any], place: dict[str, Any], day: str, session: str, whole: bool, marks: list[tuple[str, str, Any]]
) -> None:
    written = register_snapshot(
        **head,
        place=place_part(place["laestab"], place["local_id"]),
        first=day,
        last=day,
        whole=whole,
        rows=[snapshot_row(day, session, pupil, code, detail) for pupil, code, detail in marks],
    )
    record = {**head, **place, "from": day, "to": day, "whole": whole}
    record["marks"] = [
        {"date": day, "session": session, "mis_pupil": p, "upn": None, "code": c, "detail": d or None}
        for p, c, d in marks
    ]
    assert written == encode_confluent(mis("RegisterSnapshot"), record)


@given(heads, st.integers(min_value=0, max_value=2**40))
def test_a_sequence_given_later_is_the_sequence_that_fastavro_writes(head: dict[str, Any], sequence: int) -> None:
    own = {"date": "2025-09-01", "session": "AM", "whole": True, "why": "weather", "reversed": False}
    schema = mis("ClosureStated")
    before = encode_confluent(schema, {**head, **own, "sequence": None})
    assert with_sequence(before, sequence) == encode_confluent(schema, {**head, **own, "sequence": sequence})


def test_every_message_of_a_year_has_the_bytes_that_fastavro_writes(a_year: Summary) -> None:
    names = set()
    for delivered in deliveries(a_year.path):
        if delivered.record:
            names.add(delivered.name)
            assert delivered.value == encode_confluent(mis(delivered.name), delivered.record)
    assert {"PupilsStated", "ArrangementStated", "PlacementStated", "ProviderAttendance", "TransferReceived"} <= names


def test_a_field_that_a_message_lacks_or_needs_is_our_own_mistake() -> None:
    with pytest.raises(ValueError, match="has no field colour"):
        message("StaffStated", {"colour": 1})
    with pytest.raises(ValueError, match="needs its field message"):
        message("StaffStated", {"source": bytes(16)})


def test_the_container_gives_back_what_was_put_in_and_refuses_to_go_back_in_time(tmp_path: Path) -> None:
    out = tmp_path / "out.avro"
    value = encode_confluent(
        mis("ClosureStated"),
        {
            "message": bytes(16),
            "source": bytes(16),
            "sent_at": 1,
            "date": "2025-09-01",
            "session": "AM",
            "whole": True,
            "why": "other",
            "reversed": False,
        },
    )
    with Deliveries(out, bytes(16)) as file:
        for n in range(5000):
            file.put("operator", "k", n, value)
        with pytest.raises(ValueError, match="comes after"):
            file.put("operator", "k", 3, value)
    read = list(deliveries(out))
    assert [d.received_at for d in read] == list(range(5000))
    assert {d.value for d in read} == {value}


def test_a_file_that_failed_half_way_leaves_nothing_behind(tmp_path: Path) -> None:
    def fails() -> None:
        with Deliveries(tmp_path / "out.avro", bytes(16)) as file:
            file.put("operator", "k", 1, b"x")
            file.put("operator", "k", 0, b"x")

    with pytest.raises(ValueError, match="comes after"):
        fails()
    assert not list(tmp_path.iterdir())
