"""A provider that no register of the state numbers: neither URN nor LAESTAB, only the operator's own id of it."""

from __future__ import annotations

from tests.making import OPERATOR, SOURCE, School, day, pupil
from tests.scenarios.arranging import ACORN

UPN = "A805200017129"
HERE = {"laestab": None, "urn": None, "local_id": "AP001"}


def known(school: School) -> None:
    about = {"kind": "unregistered_provider", "phase": "none", "name": "Acorn Workshop", "state_funded": False}
    school.describes_place("2025-08-30 09:00", reg11_binds=False, in_daily_share=False, **about, **HERE)
    sources = [{**SOURCE, "described": ACORN, "system": "Acorn Log", "places": [HERE]}]
    school.says("SourcesStated", "2025-08-30 09:01", source=OPERATOR, sources=sources)


def test_its_source_may_speak_for_it(school: School) -> None:
    known(school)
    assert not school.held
    described = next(e for e in school.entries("PlaceDescribed") if e["kind"] == "unregistered_provider")
    source = next(e for e in school.entries("SourceDescribed") if e["source"] == ACORN)
    assert source.stream == described.stream


def test_it_reports_who_came(school: School) -> None:
    known(school)
    school.says("PupilsStated", "2025-08-30 10:00", whole=False, pupils=[pupil("Ben", upn=UPN)])
    row = {"mis_pupil": "B7", "upn": UPN, "home_laestab": "8051234", "date": "2025-09-08", "session": "AM"}
    said = {**row, "due": True, "attended": "no", "minutes": 0}
    school.says("ProviderAttendance", "2025-09-08 12:05", source=ACORN, local_id="AP001", reports=[said])
    (entry,) = school.entries("ProviderAttendanceReported")
    assert (entry["attended"], entry["date"]) == ("no", day("2025-09-08"))


def test_described_again_from_a_later_day_it_is_the_same_place(school: School) -> None:
    known(school)
    about = {"kind": "unregistered_provider", "phase": "none", "name": "Acorn and Oak", "from": "2025-10-01"}
    school.describes_place("2025-10-01 09:00", state_funded=False, **about, **HERE)
    places = {e["place"] for e in school.entries("PlaceDescribed") if e["kind"] == "unregistered_provider"}
    assert len(places) == 1
