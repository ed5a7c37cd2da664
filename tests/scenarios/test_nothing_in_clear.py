"""No name, number or free text of a pupil or person stands in clear anywhere in the event store: its bytes are searched."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from consumers.file_import import import_file
from domain.events import Person
from domain.ledger.bodies import open_state
from domain.ledger.held import kept_bytes
from domain.ledger.keystore import KeyStore
from domain.ledger.ledger import Ledger
from domain.ledger.sqlite_store import open_sqlite
from tests.making import SIMS, School, container, mark, pupil

MONDAY, TUESDAY = "2025-09-01 AM", "2025-09-02 AM"
SECRETS = {
    "full name": "Amaryllis Featherstonehaugh",
    "accented name": "Zoë Ó Súilleabháin-Łukasiewicz",
    "name used": "Ammykins",
    "address": "17 Quandary Terrace",
    "last school": "St Wilfrida's of Xanadu",
    "former name": "Amaryllis Cholmondeley",
    "upn": "H801200001001",
    "former upn": "Q801200009099",
    "mis id": "PUPIL-0000777-QX",
    "second mis id": "PUPIL-0000778-QX",
    "unknown mis id": "PUPIL-0000779-QX",
    "unknown upn": "T801200005551",
    "class": "7-Marmaduke",
    "user id": "mrs.bagshot-okonkwo",
    "staff name": "Philippa Bagshot-Okonkwo",
    "nature": "grandmother's funeral in Kraków",
    "comment": "seen crying by the bins",
    "reason": "mother rang, ward 12 of St Bede's",
    "later reason": "paediatrician's letter of the 3rd",
    "foreseen reason": "hip operation booked",
    "mis reason": "fled to refuge",
    "destination": "a women's refuge in Dunston",
    "paper": "blue folder of Mr Ravensworth",
    "closure reason": "caretaker Osbert fell ill",
    "why dismissed": "typed by Gwendolen as a joke",
    "home": "Featherstonehaugh family home",
    "home address": "99 Secretive Mews",
    "proprietor": "Mr Ebenezer Hightower",
    "garbage": "this is no Avro but names Peregrine Oakenshaw",
    "date for a name": "Leopold Bartholomew",
    "session for a name": "Cordelia Fitzgerald",
    "code for a name": "Hyacinth Bucketworth",
    "rule for a note": "Marigold Threlkeld left early, as her aunt had asked",
    "site for a note": "the annexe where Barnaby Winterbottom is taught",
    "parent": "Thaddeus Featherstonehaugh",
    "parent's other names": "Thaddeus Quillfeather",
    "parent's id": "PARENT-0000991-QX",
    "parent's address": "3 Bramblewick Steps",
    "parent's telephone": "01429-555-0147",
    "parent's email": "thaddeus@quillfeather.example",
    "relationship": "stepfather's half-brother",
    "future address": "The Old Ropery, Whinmoor",
    "future parents": "Ottoline Featherstonehaugh",
    "other school": "Cloisterham Grammar",
    "characteristic": "sickle cell disorder",
    "unknown kind": "believes in Zoroaster",
    "marks of before": "LLIIMMGGOOUULLQX",
    "school of before": "Dotheboys Hall",
    "place reason": "grandmother Perpetua said no",
}


def forms(secret: str) -> dict[str, bytes]:
    """What a secret could look like to somebody who searches the bytes."""
    found: dict[str, bytes] = {}
    for text in {secret, secret.upper(), secret.lower()}:
        for coding in ("utf-8", "utf-16-le", "utf-16-be"):
            found[f"{coding} {text}"] = text.encode(coding)
        raw = text.encode()
        found[f"hex {text}"] = raw.hex().encode()
        found[f"HEX {text}"] = raw.hex().upper().encode()
        for shift in range(3):
            # Whatever stands before it, a text in base64 shows all but its first and last few signs.
            coded = base64.b64encode(b"\0" * shift + raw)[4 if shift else 0 :]
            kept = coded[: len(coded) // 4 * 4 - 4]
            found[f"base64+{shift} {text}"] = kept
            found[f"base64url+{shift} {text}"] = kept.replace(b"+", b"-").replace(b"/", b"_")
        found[f"json {text}"] = json.dumps(text).strip('"').encode()
    return found


def bytes_of(folder: Path) -> bytes:
    """Every byte of the event store, with the files that SQLite keeps beside it."""
    files = sorted(folder.glob("ledger.sqlite*"))
    assert {f.name for f in files} >= {"ledger.sqlite"}
    return b"".join(f.read_bytes() for f in files)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[School]:
    """A ledger that was told every kind of secret, in every kind of message that can carry it."""
    folder = tmp_path_factory.mktemp("told")
    school = School.ready(folder, ())
    say(school)
    more = tmp_path_factory.mktemp("file")
    import_file(school.ledger, container(more / f"{SECRETS['full name']}.avro", *imported(school)))
    school = school.reopened()
    dismissed = next(w.id for w in school.held if w.rule == "g1")
    school.intake.dismiss(dismissed, Person(), SECRETS["why dismissed"])
    school.enters("Extra", at="2025-10-02 08:00")
    yield school
    school.close()


def say(school: School) -> None:
    s = SECRETS
    child: dict[str, Any] = {
        "upn": s["upn"],
        "former_upn": s["former upn"],
        "name_used": s["name used"],
        "address": s["address"],
        "last_school": s["last school"],
        "birth_date": "2013-05-06",
        "sex": "F",
        "group": s["class"],
        "by": s["user id"],
    }
    first = pupil(s["mis id"], full_name=s["full name"], **child)
    second = pupil(s["second mis id"], full_name=s["accented name"])
    school.says("PupilsStated", "2025-08-29 08:00", whole=False, pupils=[first, second])
    again = {**first, "full_name": s["former name"], "reason": s["reason"]}
    school.says("PupilsStated", "2025-08-30 08:00", whole=False, pupils=[again])
    say_beside(school, first)
    staff = {
        "user_id": s["user id"],
        "name": s["staff name"],
        "kind": "staff",
        "office": "head",
        "office_from": "2020-09-01",
    }
    school.says("StaffStated", "2025-08-30 08:01", staff=[staff])
    about = {"by": s["user id"], "paper_ref": s["paper"], "medium": "paper_then_keyed"}
    rows = [
        {"mis_pupil": s["mis id"], "code": "B", "detail": mark("B", nature=s["nature"], comment=s["comment"])[1]},
        {"mis_pupil": s["second mis id"], "code": "N"},
        {"mis_pupil": s["unknown mis id"], "upn": s["unknown upn"], "code": "/"},
    ]
    taken = school.taking(s["class"], MONDAY, "09:01", **about)
    assert taken.source == SIMS.hex()
    fields: dict[str, Any] = {"date": "2025-09-01", "session": "AM", "group": s["class"], "taker": s["user id"]}
    fields |= {"paper_ref": s["paper"], "medium": "paper_then_keyed", "whole": False, "cause": "typed", "marks": rows}
    school.says("RegisterTaken", "2025-09-01 09:01", **fields)
    change = {"date": "2025-09-01", "session": "AM", "mis_pupil": s["second mis id"], "old": "N"}
    for reason, new in ((s["reason"], "I"), (s["later reason"], "M")):
        detail = {"by": s["user id"], "reason": reason, "reason_code": "parent_contact"}
        school.says("MarkChanged", "2025-09-01 11:00", changes=[{**change, "new": new, "detail": detail}])
    detail = {"reason": s["foreseen reason"], "nature": s["nature"]}
    foreseen = {"date": "2025-09-20", "session": "AM", "mis_pupil": s["mis id"], "code": "M", "detail": detail}
    school.says("MarksForeseen", "2025-09-01 12:00", marks=[foreseen])
    gone = {"date": "2025-09-01", "session": "AM", "mis_pupil": s["second mis id"], "detail": {"reason": s["reason"]}}
    school.says("MarkRemoved", "2025-09-01 13:00", removals=[gone])
    older = {"date": "2025-09-01", "session": "AM", "mis_pupil": s["mis id"], "code": "N", "held_to": 1}
    school.says(
        "ChangesLogged",
        "2025-09-01 14:00",
        changes=[{**older, "detail": {"reason": s["reason"], "comment": s["comment"]}}],
    )
    closure = {"date": "2025-09-02", "session": "PM", "whole": True, "why": "staffing", "reversed": False}
    school.says("ClosureStated", "2025-09-02 09:00", **closure, reason=s["closure reason"], decided_by=s["user id"])
    leaver = {"mis_reason": s["mis reason"], "destination_text": s["destination"], "by": s["user id"], "upn": s["upn"]}
    school.leaves(s["mis id"], "2025-09-19", "2025-09-19 16:00", **leaver)
    home = {"laestab": None, "urn": None, "local_id": "H-1", "kind": "home", "phase": "none", "state_funded": False}
    school.describes_place(
        "2025-09-03 08:00", **home, name=s["home"], address=s["home address"], proprietor=s["proprietor"]
    )
    school.take(taken._replace(value=s["garbage"].encode()))


def say_beside(school: School, child: dict[str, Any]) -> None:
    """Parents, addresses to come, other schools, characteristics, an earlier school's totals, a place not taken up."""
    s = SECRETS
    parent = {"mis_parent": s["parent's id"], "name": s["parent"], "other_names": s["parent's other names"]}
    parent |= {"address": s["parent's address"], "phones": s["parent's telephone"], "email": s["parent's email"]}
    about = {
        "parents": [{**parent, "relationship": s["relationship"], "lives_with": True, "order": 1}],
        "future_address": s["future address"],
        "future_address_parents": s["future parents"],
        "other_schools": [{"name": s["other school"], "from": "2025-09-29"}],
        "characteristics": [
            {"kind": "medical_condition", "value": s["characteristic"]},
            {"kind": s["unknown kind"], "value": s["characteristic"]},
        ],
    }
    never = pupil("never", full_name=s["full name"], stage="not_taken_up", reason=s["place reason"])
    row = {**child, "full_name": s["former name"], **about}
    school.says("PupilsStated", "2025-08-30 08:00", whole=False, pupils=[row, never])
    prior = {"mis_pupil": child["mis_pupil"], "year": "202425", "school": s["school of before"]}
    prior |= {"marks": s["marks of before"]} | dict.fromkeys(("possible", "authorised", "unauthorised", "attended"), 1)
    school.says("TransferReceived", "2025-08-30 08:00", transfers=[prior])


def imported(school: School) -> list[Any]:
    """Columns that were mixed up: names where dates and sessions belong."""
    s = SECRETS
    rows = [
        {"date": s["date for a name"], "session": "AM", "mis_pupil": s["mis id"], "new": "I"},
        {"date": "2025-09-02", "session": s["session for a name"], "mis_pupil": s["mis id"], "new": "I"},
    ]
    leaver = {
        "mis_pupil": s["unknown mis id"],
        "leaving_on": s["date for a name"],
        "destination_text": s["destination"],
    }
    code = {"raw": s["code for a name"], "code": s["code for a name"], "from": "2025-09-01", "active": True}
    school.enters("Annie")
    row = pupil(s["unknown mis id"], full_name=s["full name"], starting_day=s["date for a name"])
    part_closed = {"date": "2025-09-02", "session": "PM", "whole": False, "why": "staffing", "reversed": False}
    return [
        school.delivery("MarkChanged", "2025-10-01 09:00", changes=rows),
        school.delivery("PupilLeft", "2025-10-01 09:01", leavers=[leaver]),
        school.delivery("PupilsStated", "2025-10-01 09:02", whole=False, pupils=[row]),
        school.delivery("MarkChanged", "2025-10-01 09:03", source=b"X" * 16, changes=rows),
        school.taking("7C", TUESDAY, "09:05", Annie=s["code for a name"]),
        school.change(TUESDAY, "09:06", Annie=(s["code for a name"], "/")),
        school.delivery("CodesStated", "2025-10-01 09:04", codes=[code]),
        school.change(TUESDAY, "09:07", Annie="N", rule=s["rule for a note"]),
        school.delivery("ClosureStated", "2025-10-01 09:05", **part_closed, site=s["site for a note"]),
    ]


@pytest.mark.parametrize("what", sorted(SECRETS))
def test_no_secret_is_in_any_byte_of_the_store(told: School, what: str) -> None:
    there = bytes_of(told.folder)
    found = [form for form, sought in forms(SECRETS[what]).items() if sought in there]
    assert found == []


def test_the_search_would_find_what_is_there(told: School) -> None:
    """The name of a school is clear on purpose; and each form is found where it is planted."""
    there = bytes_of(told.folder)
    assert any(form in there for form in forms("Marram School").values())
    for secret in SECRETS.values():
        for shift in range(3):
            planted = base64.b64encode(b"xyz"[:shift] + secret.encode() + b" and more")
            assert any(sought in planted for form, sought in forms(secret).items() if f"base64+{shift}" in form)
    assert (told.folder / "ledger.sqlite-wal").exists(), "the log that SQLite writes ahead was searched too"


def texts(school: School) -> str:
    """All that the key store opens: sealed parts, and what is held."""
    opened = [
        json.dumps({k: str(v) for k, v in e.text.items()}, ensure_ascii=False) for e in school.entries() if e.text
    ]
    keys, store = school.ledger.keys, school.ledger.store
    held = [kept_bytes(store, keys, w).decode("utf-8", "replace") for w in store.held_ids()]
    return "\n".join(opened + held)


ANSWERED_ONLY_BY_LOOK_UP = {"garbage"}
"""Dismissed: its bytes are gone."""


@pytest.mark.parametrize("what", sorted(SECRETS.keys() - ANSWERED_ONLY_BY_LOOK_UP))
def test_the_key_store_opens_what_was_told(told: School, what: str) -> None:
    assert SECRETS[what] in texts(told)


def test_without_the_key_store_nothing_opens(told: School, tmp_path: Path) -> None:
    for file in told.folder.glob("ledger.sqlite*"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    other_keys = KeyStore.create(tmp_path / "keys.sqlite")
    stolen = Ledger(open_sqlite(tmp_path / "ledger.sqlite"), other_keys)
    opened = [open_state(row.state, other_keys)[1] for row in stolen.store.read_positions(1, stolen.store.head()[0])]
    assert set(map(str, opened)) == {"None"}
    stolen.store.close()


def test_a_sentence_of_what_is_held_names_rows_and_ids_only(told: School) -> None:
    sentences = [e["sentence"] for e in told.entries("InputHeld")]
    assert len(sentences) >= 5
    for sentence in sentences:
        assert not [secret for secret in SECRETS.values() if secret[:8].lower() in sentence.lower()]


def test_identity_rows_are_keyed_and_hold_no_value(told: School) -> None:
    rows = list(told.ledger.store.all_identities())
    assert len(rows) > 10
    assert {(len(row.key), len(row.id)) for row in rows} == {(32, 16)}
