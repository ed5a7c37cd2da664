"""What the ids of a schema registry mean: a schema of ours in whatever words, or none; nobody else's, and never a guess."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumers.ahead import read
from consumers.deliveries import Delivery
from consumers.intake import Intake
from consumers.schema_ids import (
    SECONDS_TO_BELIEVE,
    SECONDS_TO_DOUBT,
    SECONDS_TO_WAIT,
    Meaning,
    RegistrySilent,
    SchemaIds,
    id_in,
    meaning_of,
)
from domain.ledger.held import kept_bytes
from schemas.catalogue import KINDS, Schema, current, id_of, issued, mis, read_schema
from schemas.codec import decode, encode, encode_body
from tests.making import School

MON = "2025-09-01 AM"
EVERY = [schema for kind in KINDS for schema in current(kind).values()]
REGISTER = mis("RegisterTaken")
STRANGE = json.dumps({"type": "record", "name": "Menu", "fields": [{"name": "dish", "type": "string"}]})


def said(text: str, **more: Any) -> bytes:
    return json.dumps({"schema": text, **more}).encode()


class Asked:
    """A registry that answers at once, a clock that stands still until it is moved, and who was asked what."""

    def __init__(self, **texts: str) -> None:
        self.now = 0.0
        self.seconds = 0.0
        """What one answer takes."""
        self.asked: list[int] = []
        self.texts = {int(number.removeprefix("id")): text for number, text in texts.items()}
        self.silent = ""
        self.ids = SchemaIds(self.ask, lambda: self.now)

    def ask(self, number: int) -> Meaning | None:
        self.asked.append(number)
        self.now += self.seconds
        if self.silent:
            raise RegistrySilent(self.silent)
        text = self.texts.get(number)
        return None if text is None else meaning_of(said(text))

    def learn(self, *values: bytes) -> SchemaIds:
        self.ids.learn(values)
        return self.ids

    def denying(self, *values: bytes) -> SchemaIds:
        """Asked as often as it takes to believe that it knows no such schemas."""
        self.learn(*values)
        self.now += SECONDS_TO_DOUBT
        return self.learn(*values)


def framed(number: int, body: bytes = b"body") -> bytes:
    return b"\x00" + number.to_bytes(4, "big") + body


def register(school: School, number: int, **codes: Any) -> Delivery:
    """A register framed with an id of a registry's."""
    school.framed = lambda schema, record: framed(number, encode_body(schema, record))
    return school.taking("7B", MON, "08:45", **codes)


# --- what an answer means


@pytest.mark.parametrize("schema", EVERY, ids=lambda schema: f"{schema.kind}/{schema.name}")
def test_the_text_as_issued_is_ours(schema: Schema) -> None:
    assert meaning_of(said(schema.text)) == Meaning(schema.fingerprint, "")


def otherwise_told(node: Any) -> Any:
    """The same schema as another program writes it: attributes of its own, no order, primitives spelt out."""
    if isinstance(node, dict):
        told = {key: otherwise_told(value) for key, value in reversed(node.items()) if key != "doc"}
        if node.get("type") == "string":
            told["type"] = {"type": "string", "avro.java.string": "String"}
        return told | ({"doc": "Marram Ltd"} if "fields" in node else {})
    if isinstance(node, list):
        return [otherwise_told(one) for one in node]
    return node


@pytest.mark.parametrize("schema", current("mis").values(), ids=lambda schema: schema.name)
def test_a_schema_of_ours_in_other_words_and_another_order_is_ours(schema: Schema) -> None:
    text = json.dumps(otherwise_told(json.loads(schema.text)), indent=3)
    assert text != schema.text
    assert meaning_of(said(text, schemaType="AVRO", references=[])) == Meaning(schema.fingerprint, "")


def test_a_schema_that_was_never_issued_is_none_and_keeps_its_fingerprint() -> None:
    meaning = meaning_of(said(STRANGE))
    assert meaning.fingerprint == read_schema("mis", STRANGE).fingerprint
    assert "never issued" in meaning.fault


def test_a_field_more_makes_it_another_schema() -> None:
    stated = json.loads(REGISTER.text)
    stated["fields"].append({"name": "mood", "type": "string"})
    assert meaning_of(said(json.dumps(stated))).fault


def forged(target: bytes) -> str:
    """A schema of other fields whose fingerprint is that of one of ours: a CRC adds up bit by bit, so it is solved."""

    def text(bits: int) -> str:
        name = "".join("ca"[bits >> n & 1] for n in range(72))  # c and a differ in one bit
        return json.dumps({"type": "record", "name": "Forged", "fields": [{"name": name, "type": "string"}]})

    def crc(bits: int) -> int:
        return int.from_bytes(read_schema("mis", text(bits)).fingerprint, "big")

    none = crc(0)
    basis: dict[int, tuple[int, int]] = {}
    for n in range(72):
        value, bits = crc(1 << n) ^ none, 1 << n
        while value and (known := basis.get(value.bit_length())):
            value, bits = value ^ known[0], bits ^ known[1]
        if value:
            basis[value.bit_length()] = (value, bits)
    left, chosen = int.from_bytes(target, "big") ^ none, 0
    while left:
        value, bits = basis[left.bit_length()]
        left, chosen = left ^ value, chosen ^ bits
    return text(chosen)


def test_a_schema_with_a_forged_fingerprint_is_not_taken_for_ours() -> None:
    text = forged(REGISTER.fingerprint)
    assert read_schema("mis", text).fingerprint == REGISTER.fingerprint
    meaning = meaning_of(said(text))
    assert (meaning.fingerprint, "only has the fingerprint" in meaning.fault) == (None, True)


@pytest.mark.parametrize(
    "answer",
    [
        said(REGISTER.text, schemaType="JSON"),
        said('syntax = "proto3";', schemaType="PROTOBUF"),
        said(REGISTER.text, references=[{"name": "Mark", "subject": "mark-value", "version": 1}]),
        said("no JSON"),
        said('{"type": "record"}'),
        said("[" * 100_000),
    ],
    ids=["JSON", "Protobuf", "references", "not JSON", "half a schema", "deep"],
)
def test_what_is_no_avro_schema_of_its_own_is_none_of_ours(answer: bytes) -> None:
    meaning = meaning_of(answer)
    assert meaning.fingerprint is None
    assert meaning.fault


@pytest.mark.parametrize("answer", [b"", b"<html>", b"null", b"[]", b"{}", b'{"schema": 7}', b"\xff", b"[" * 100_000])
def test_what_is_no_answer_of_a_registry_says_nothing_of_the_id(answer: bytes) -> None:
    with pytest.raises(ValueError, match="not what a schema registry says"):
        meaning_of(answer)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["type", "name", "fields", "items", "symbols", "size", "schema", "schemaType", "references", "x"]
            ),
            inner | st.sampled_from(["record", "enum", "fixed", "array", "string", "A"]),
            max_size=5,
        )
    ),
    max_leaves=20,
)


@given(json_values | st.binary(max_size=60), st.booleans())
def test_any_answer_is_a_meaning_or_none_and_never_an_error(found: Any, as_schema: bool) -> None:
    text = found.decode("latin-1") if isinstance(found, bytes) else json.dumps(found)
    answer = said(text) if as_schema else text.encode()
    try:
        meaning = meaning_of(answer)
    except ValueError:
        assert not as_schema
    else:
        assert meaning.fault


# --- what a number means


def test_a_number_means_what_the_registry_says_though_we_have_issued_the_same_number() -> None:
    ours = id_of(mis("PupilLeft"))
    asked = Asked(**{f"id{ours}": REGISTER.text})
    value = asked.learn(framed(ours)).by_fingerprint(framed(ours))
    assert value == b"\xc3\x01" + REGISTER.fingerprint + b"body"


def test_a_number_that_the_registry_does_not_know_is_held_though_we_have_issued_it() -> None:
    ours = id_of(REGISTER)
    asked = Asked()
    came = read(Delivery("", "", 0, framed(ours)), asked.denying(framed(ours)))
    assert (came.message, came.delivery.value) == (None, framed(ours))
    assert f"the schema registry knows no schema with the id {ours}." in came.fault


def test_of_a_schema_that_we_never_issued_its_number_is_named_and_its_fingerprint_kept() -> None:
    asked = Asked(id7=STRANGE)
    came = read(Delivery("", "", 0, framed(7)), asked.learn(framed(7)))
    assert "the id 7, which is a schema there that was never issued" in came.fault
    assert came.delivery.value == b"\xc3\x01" + read_schema("mis", STRANGE).fingerprint + b"body"


def test_what_is_framed_otherwise_is_none_of_a_registry_s_business() -> None:
    asked = Asked()
    for value in (b"", b"\x00", b"\x00\x00\x00\x07", b"\xc3\x01" + bytes(8), b"\x07" + bytes(9)):
        assert asked.learn(value).knows(value)
        assert asked.ids.by_fingerprint(value) == value
    asked.ids.learn([None])  # a record without a value
    assert asked.asked == []


def test_the_digest_is_of_the_bytes_that_came(school: School) -> None:
    asked = Asked(id7=REGISTER.text)
    delivery = register(school, 7, Ann="/")
    asked.learn(delivery.value)
    assert read(delivery, asked.ids).digest == read(delivery).digest


# --- asking


def test_a_number_is_asked_for_once() -> None:
    asked = Asked(id7=REGISTER.text, id8=STRANGE)
    for _ in range(3):
        asked.learn(framed(7), framed(8), framed(7))
        asked.now += 100_000
    assert asked.asked == [7, 8]


def test_a_number_is_denied_twice_before_it_is_believed_and_asked_for_again_a_minute_later() -> None:
    asked = Asked()
    assert not asked.learn(framed(7)).knows(framed(7))
    asked.learn(framed(7))
    assert (asked.asked, asked.ids.may_ask) == ([7], False)
    asked.now += SECONDS_TO_DOUBT
    assert asked.learn(framed(7)).knows(framed(7))
    asked.learn(framed(7))
    assert asked.asked == [7, 7]
    asked.texts[7] = REGISTER.text
    asked.now += SECONDS_TO_BELIEVE
    assert asked.learn(framed(7)).by_fingerprint(framed(7))[:2] == b"\xc3\x01"


def test_a_schema_that_was_registered_a_moment_ago_is_found_the_second_time() -> None:
    asked = Asked()
    asked.learn(framed(7))
    asked.texts[7] = REGISTER.text
    asked.now += SECONDS_TO_DOUBT
    assert asked.learn(framed(7)).by_fingerprint(framed(7))[:2] == b"\xc3\x01"


def test_a_registry_that_is_silent_is_asked_less_and_less_often_and_what_it_told_is_known() -> None:
    asked = Asked(id7=REGISTER.text)
    asked.learn(framed(7))
    asked.silent = "It sleeps."
    for _ in range(100):
        asked.learn(framed(8), framed(7))
        asked.now += SECONDS_TO_WAIT
    assert 5 <= len(asked.asked) <= 12
    assert (asked.ids.trouble, asked.ids.knows(framed(8)), asked.ids.knows(framed(7))) == ("It sleeps.", False, True)
    asked.silent, asked.texts[8] = "", STRANGE
    asked.now += 60
    assert asked.learn(framed(8)).knows(framed(8))
    assert asked.ids.trouble == ""


@pytest.mark.parametrize("number", [0, 1 << 31, (1 << 32) - 1])
def test_what_cannot_be_the_number_of_a_schema_is_not_asked_for(number: int) -> None:
    asked = Asked()
    assert asked.learn(framed(number)).knows(framed(number))
    came = read(Delivery("", "", 0, framed(number)), asked.ids)
    assert (asked.asked, f"the id {number}." in came.fault) == ([], True)


def test_the_numbers_of_one_batch_do_not_keep_it_for_ever() -> None:
    asked = Asked()
    asked.seconds = 1.0
    values = [framed(number) for number in range(100, 0, -1)]
    asked.learn(*values)
    assert asked.now < 10
    rounds = 0
    while values and (rounds := rounds + 1) < 200:
        asked.now += SECONDS_TO_DOUBT
        asked.learn(*values)
        while values and asked.ids.knows(values[0]):
            values.pop(0)
    assert values == []


# --- what is held and tried again


def takes(school: School, asked: Asked, *deliveries: Delivery) -> None:
    """As the intake from Kafka does."""
    school.intake = Intake(school.ledger, ids=asked.ids)
    school.intake.take_read([read(delivery, asked.ids) for delivery in deliveries])


def tries_again(school: School, asked: Asked) -> None:
    """As the intake from Kafka does when it starts."""
    school.intake = Intake(school.ledger, ids=asked.ids)
    school.intake.replay_waiting()


def test_a_row_that_waits_for_its_pupil_needs_no_registry_when_the_pupil_comes(school: School) -> None:
    asked = Asked(id7=REGISTER.text)
    delivery = register(school, 7, Ann="/", Dee="N")
    asked.learn(delivery.value)
    takes(school, asked, delivery)
    assert [item.rule for item in school.held] == ["g3"]
    later = school.reopened()
    later.enters("Dee")
    assert (later.register(MON), later.held) == ({"Ann": "/", "Dee": "N"}, [])
    later.close()


def test_what_no_registry_could_explain_is_never_read_by_our_own_numbers(school: School) -> None:
    asked = Asked()
    delivery = register(school, id_of(REGISTER), Ann="/")
    asked.denying(delivery.value)
    takes(school, asked, delivery)
    assert decode(delivery.value)[0] is REGISTER, "so our own number would explain it"
    later = school.reopened()
    later.intake.replay_waiting()
    assert (later.register(MON), [item.rule for item in later.held]) == ({}, ["g1"])
    asked = Asked(**{f"id{id_of(REGISTER)}": REGISTER.text})
    tries_again(later, asked)
    assert (later.register(MON), later.held) == ({"Ann": "/"}, [])
    later.close()


def test_what_came_before_a_registry_was_set_is_explained_once_it_is(school: School) -> None:
    school.take(register(school, 100_007, Ann="/"))
    assert "no schema has the id 100007" in school.held[0].fields["sentence"]
    tries_again(school, Asked(id100007=REGISTER.text))
    assert (school.register(MON), school.held) == ({"Ann": "/"}, [])


def test_what_is_held_by_our_own_number_is_not_explained_by_a_registry_that_came_later(school: School) -> None:
    school.takes("7B", MON, "08:45", Ann="/", Dee="N")
    asked = Asked(**{f"id{number}": STRANGE for number in issued()})
    asked.learn(*(framed(number) for number in issued()))
    tries_again(school, asked)
    assert [item.rule for item in school.held] == ["g3"]
    school.enters("Dee")
    assert (school.register(MON), school.held) == ({"Ann": "/", "Dee": "N"}, [])


def test_a_registry_that_is_silent_leaves_waiting_what_waits(school: School) -> None:
    asked = Asked()
    delivery = register(school, 7, Ann="/")
    asked.denying(delivery.value)
    takes(school, asked, delivery)
    asked = Asked(id7=REGISTER.text)
    asked.silent = "It sleeps."
    tries_again(school, asked)
    assert ([item.rule for item in school.held], asked.asked) == (["g1"], [7])


def test_the_same_bytes_again_are_a_duplicate_whether_they_were_taken_or_held(school: School) -> None:
    asked = Asked(id7=REGISTER.text, id8=STRANGE)
    good, strange = register(school, 7, Ann="/"), Delivery(school.source.hex(), "", 0, framed(8))
    asked.learn(good.value, strange.value)
    takes(school, asked, good, strange)
    takes(school, asked, good, strange)
    assert (school.chain(MON, "Ann"), len(school.held)) == (["MarkRecorded /"], 1)


def test_what_is_kept_of_an_unissued_schema_can_be_read_once_it_is_issued(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    stated = json.loads(REGISTER.text)
    stated["fields"].append({"name": "mood", "type": ["null", "string"], "default": None})
    tomorrow = read_schema("mis", json.dumps(stated))
    find: Callable[[bytes], Schema | None] = decode.__globals__["find"]
    asked = Asked(id7=tomorrow.text)
    delivery = register(school, 7, Ann="/")
    delivery = delivery._replace(value=delivery.value + b"\x00")  # mood: null
    asked.learn(delivery.value)
    takes(school, asked, delivery)
    kept = decode(kept_bytes(school.ledger.store, school.ledger.keys, school.held[0].id))[1]["value"]
    assert id_in(kept) is None
    monkeypatch.setitem(
        decode.__globals__, "find", lambda print_: tomorrow if print_ == tomorrow.fingerprint else find(print_)
    )
    later = school.reopened()
    later.intake.replay_waiting()
    assert (later.register(MON), later.held) == ({"Ann": "/"}, [])
    later.close()


def test_a_stored_event_that_someone_sends_is_no_message(school: School) -> None:
    event = current("ledger")["MarkRecorded"]
    asked = Asked(id7=event.text)
    asked.learn(framed(7))
    came = read(Delivery("", "", 0, framed(7)), asked.ids)
    assert came.message is None
    assert encode(mis("Delivery"), {"source": "", "key": "", "received_at": 0, "value": came.delivery.value})
