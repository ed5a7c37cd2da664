"""The verbs by which the operator says who may speak: place add, source add."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from console import say
from console.options import FormatOption, JsonFlag, NowOption, date_of, format_of, home_of, now_of
from console.problems import Misused, Refused
from console.say import Format
from consumers.deliveries import Delivery
from consumers.intake import Intake
from domain.events import OPERATOR
from domain.ledger.ledger import Ledger
from domain.moments import local_date
from domain.place.decide import CARRIES, DELIVERIES, PHASES, PLACE_KINDS, ROUTES
from projections.asking import place_at, places_called, upto
from schemas.catalogue import mis
from schemas.codec import encode_confluent

TOPIC = "attendance.mis."
"""A source's Kafka topic is this and its id."""


@dataclass(frozen=True, slots=True)
class SpokenFor:
    """A place of a source: how the operator names it, and how the source does."""

    place: str
    local_id: str | None


def source_add(
    context: typer.Context,
    system: Annotated[str, typer.Option("--system", help="The system that sends, such as SIMS.")],
    place: Annotated[
        list[str], typer.Option("--place", metavar="PLACE[=LOCAL]", help="A place, and the source's own id of it.")
    ],
    route: Annotated[str, typer.Option("--route", help=", ".join(sorted(ROUTES)))] = "direct",
    delivery: Annotated[str, typer.Option("--delivery", help=", ".join(sorted(DELIVERIES)))] = "stream",
    carries: Annotated[
        str, typer.Option("--carries", metavar="LIST", help="What it can carry, of: " + ",".join(CARRIES))
    ] = "",
    from_: Annotated[str | None, typer.Option("--from", metavar="DATE", help="First day (default: today).")] = None,
    now: NowOption = None,
    format_: FormatOption = Format.TABLE,
    json_: JsonFlag = False,
) -> None:
    """Register a source and the places that it may speak for; print its id and its topic."""
    chosen = format_of(format_, json_)
    carried = [word.strip() for word in carries.split(",") if word.strip()]
    unknown = sorted(set(carried) - set(CARRIES))
    if unknown:
        raise Misused(f"A source carries {', '.join(CARRIES)}; {', '.join(unknown)} is not one of these.")
    for said, allowed, option in ((route, ROUTES, "--route"), (delivery, DELIVERIES, "--delivery")):
        if said not in allowed:
            raise Misused(f"{option} is one of {', '.join(sorted(allowed))}, not {said!r}.")
    spoken_for = [SpokenFor(name, local or None) for name, _, local in (one.partition("=") for one in place)]
    source = os.urandom(16)
    with home_of(context).writing() as ledger:
        moment = now_of(ledger, now)
        row = {
            "described": source,
            "system": system,
            "route": route,
            "delivery": delivery,
            **{f"carries_{what}": what in carried for what in CARRIES},
            "from": local_date(moment).isoformat() if from_ is None else date_of(from_).isoformat(),
            "places": [_named(ledger, one) for one in spoken_for],
        }
        say_as_operator(ledger, "SourcesStated", moment, {"sources": [row]})
        say.note_simulated(ledger.simulated, chosen is not Format.TABLE)
    topic = TOPIC + source.hex()
    if chosen is Format.JSON:
        say.as_json({"source": source.hex(), "topic": topic, "places": place})
        return
    say.line(f"Source {source.hex()} ({system}) may speak for {', '.join(one.place for one in spoken_for)}.")
    say.line(f"Its topic is {topic}")


def _named(ledger: Ledger, one: SpokenFor) -> dict[str, Any]:
    """A place as SourcesStated names it."""
    found = places_called(ledger, one.place)
    if not found:
        raise Refused(f"No place is known here by {one.place}; describe it first with rollbook place add.")
    described = place_at(ledger, found[0], upto(ledger, None)).description
    if not described.get("laestab") and not described.get("urn"):
        raise Refused(f"The place {one.place} has neither a LAESTAB nor a URN by which a source could be registered.")
    return {"laestab": described.get("laestab"), "urn": described.get("urn"), "local_id": one.local_id}


def place_add(
    context: typer.Context,
    laestab: Annotated[str, typer.Option("--laestab", help="Seven digits: the authority's three, the school's four.")],
    name: Annotated[str, typer.Option("--name", help="Of a registered school or organisation.")],
    phase: Annotated[str, typer.Option("--phase", help=", ".join(sorted(PHASES)))],
    urn: Annotated[str | None, typer.Option("--urn", help="Its number in Get Information About Schools.")] = None,
    kind: Annotated[str, typer.Option("--kind", help=", ".join(sorted(PLACE_KINDS)))] = "maintained",
    from_: Annotated[str | None, typer.Option("--from", metavar="DATE", help="First day (default: today).")] = None,
    now: NowOption = None,
    format_: FormatOption = Format.TABLE,
    json_: JsonFlag = False,
) -> None:
    """Describe a school, so that a source can be registered for it."""
    chosen = format_of(format_, json_)
    for said, allowed, option in ((phase, PHASES, "--phase"), (kind, PLACE_KINDS, "--kind")):
        if said not in allowed:
            raise Misused(f"{option} is one of {', '.join(sorted(allowed))}, not {said!r}.")
    with home_of(context).writing() as ledger:
        if places_called(ledger, laestab):
            raise Refused(f"A place with the LAESTAB {laestab} is known here already.")
        moment = now_of(ledger, now)
        schools = kind in ("maintained", "academy", "nms_special", "ctc", "pru", "ap_academy", "nursery")
        fields = {
            "kind": kind,
            "phase": phase,
            "laestab": laestab,
            "urn": urn,
            "name": name,
            "reg11_binds": kind in ("maintained", "nms_special", "pru", "nursery"),
            "state_funded": schools,
            "in_daily_share": schools,
            "boarding": "none",
            "from": local_date(moment).isoformat() if from_ is None else date_of(from_).isoformat(),
        }
        say_as_operator(ledger, "PlaceStated", moment, fields)
        place = places_called(ledger, laestab)[0]
        say.note_simulated(ledger.simulated, chosen is not Format.TABLE)
    if chosen is Format.JSON:
        say.as_json({"place": place.hex(), "laestab": laestab})
    else:
        say.line(f"{name} ({laestab}) is place {place.hex()}.")


def say_as_operator(ledger: Ledger, name: str, moment: int, fields: dict[str, Any]) -> None:
    """Give the intake a message of the operator's own. Refuses, with the ledger's own sentence, what it held."""
    message = {"message": os.urandom(16), "source": OPERATOR, "sent_at": moment, **fields}
    intake = Intake(ledger)
    before = set(intake.held)
    counts = intake.take([Delivery("operator", "operator", moment, encode_confluent(mis(name), message))])
    if counts.held:
        new = next(item for id, item in intake.held.items() if id not in before)
        raise Refused(f"{new.fields['sentence']} (It is held as {new.id.hex()[:8]}; rollbook held dismiss removes it.)")
