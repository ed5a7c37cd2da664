"""What a provider reports, in whatever order it comes: held against a model of a few lines."""

from __future__ import annotations

from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.attendance_register.decide import Header
from domain.attendance_register.register import Register, evolve, stream_of
from domain.attendance_register.reporting import ReportRow, decide_reports
from domain.attendance_register.reports import ATTENDED, CLEAR, SEALED
from domain.events import Origin, Stored
from schemas.catalogue import ledger, sealed
from schemas.codec import decode as read
from schemas.codec import encode
from tests.examples import examples

ACORN, HOME = b"A" * 16, b"H" * 16
STREAM = stream_of(ACORN, 20_000, "AM")


class Said(NamedTuple):
    """One row: who, what, and when it was said and sent."""

    line: bytes
    attended: str
    said_at: int | None
    sent_at: int
    reason: str | None


rows = st.builds(
    Said,
    st.sampled_from([b"1" * 16, b"2" * 16]),
    st.sampled_from(["yes", "no", "part"]),
    st.none() | st.integers(0, 5),
    st.integers(0, 5),
    st.sampled_from([None, None, "Bus"]),
)


def row_of(said: Said) -> ReportRow:
    fields = {"due": True, "attended": said.attended, "arrived_at": None, "left_at": None}
    fields |= {"minutes": None, "told_home_school_at": None}
    text = {"reason": said.reason}
    return ReportRow("ProviderAttendanceReported", said.line, HOME, fields, text, said.said_at)


def hear(register: Register, *said: Said) -> tuple[list[Stored], list[bool]]:
    """One message; its events as they come back out of their bytes."""
    header = Header("taking", len(said), Origin(source=b"S" * 16, sent_at=said[0].sent_at))
    first = register.version + 1
    decision, new = decide_reports(register, header, [row_of(one) for one in said])
    stored = []
    for version, event in enumerate(decision.events, first):
        _, fields = read(encode(ledger(event.topic), {"salt": bytes(16), **event.fields}))
        text = None
        if event.seal is not None:
            _, text = read(encode(sealed(event.seal.schema), event.seal.text))
        stored.append(Stored(version, event.topic, fields, text))
    return stored, new


def older(said: Said, than: Said) -> bool:
    """By the time that it was said; where one of them has none, or they are the same, by the time sent."""
    if said.said_at is not None and than.said_at is not None and said.said_at != than.said_at:
        return said.said_at < than.said_at
    return said.sent_at < than.sent_at


@settings(max_examples=examples(100), deadline=None)
@given(st.lists(rows, min_size=1, max_size=12))
def test_a_report_is_new_or_not_current_or_not_as_the_model_says(history: list[Said]) -> None:
    register = Register(STREAM)
    current: dict[bytes, Said] = {}
    earlier: dict[bytes, list[Said]] = {}

    def same(said: Said, other: Said) -> bool:
        return said.attended == other.attended and said.reason in (None, other.reason)

    for said in history:
        stands = current.get(said.line)
        before = earlier.setdefault(said.line, [])
        is_older = stands is not None and older(said, stands)
        known = stands is not None and (same(said, stands) or (is_older and any(same(said, e) for e in before)))
        events, new = hear(register, said)
        assert new == [not known]
        reports = [event for event in events if event.topic == "ProviderAttendanceReported"]
        assert len(reports) == (not known)
        if known:
            continue
        assert (reports[0].fields["amends"] is None) == (stands is None or is_older)
        if stands is None or not is_older:
            current[said.line] = said
            before += [] if stands is None else [stands]
        else:
            before.append(said)
        assert {key[1]: report.values[1] for key, report in register.reports.items()} == {
            line: one.attended for line, one in current.items()
        }


@settings(max_examples=examples(50), deadline=None)
@given(st.lists(st.lists(rows, min_size=1, max_size=4), min_size=1, max_size=6))
def test_a_register_folded_from_its_bytes_is_the_register_that_was_decided_on(messages: list[list[Said]]) -> None:
    register, folded = Register(STREAM), Register(STREAM)
    for message in messages:
        events, _ = hear(register, *message)
        for event in events:
            evolve(folded, event)
        assert [e.topic for e in events].count("EntriesReceived") <= 1
    assert folded == register
    assert folded.entries == {}, "reports are no marks"


def test_the_words_of_a_report_are_those_of_its_schema() -> None:
    (attended,) = (f for f in ledger("ProviderAttendanceReported").fields if f["name"] == "attended")
    assert set(attended["type"]["symbols"]) == set(ATTENDED)
    for topic, names in CLEAR.items():
        assert set(names) <= {field["name"] for field in ledger(topic).fields}
        assert set(SEALED[topic]) <= {field["name"] for field in sealed("ProvisionText").fields}
