"""What every question shares: the moment it is asked for, whom it is about, and the columns it reads."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial

import polars as pl

from domain.events import Stored
from domain.identifiers import normalise_laestab, normalise_upn, normalise_urn
from domain.ledger.bodies import open_state
from domain.ledger.ledger import Ledger
from domain.ledger.reader import frames
from domain.ledger.store import Store
from domain.people import People
from domain.people import evolve as evolve_people
from domain.people import stream_of as people_stream
from domain.place.place import Place, still_standing
from domain.place.place import evolve as evolve_place
from domain.place.place import stream_of as place_stream
from domain.pupil import stream_of as pupil_stream

SHORTEST_ID = 8
"""How many hex digits of an id are enough to ask by, if they lead to one only."""
_DIGITS = frozenset("0123456789abcdef")


def upto(ledger: Ledger, as_at: int | None) -> int:
    """The last position that counts: recorded at or before the moment asked for; the head if none is."""
    return ledger.store.head()[0] if as_at is None else ledger.store.last_position_at(as_at)


def ids_of(ledger: Ledger, kind: str, value: str) -> list[bytes]:
    """The ids to which a value leads that is no one source's and no one place's."""
    found = ledger.store.find_identities([ledger.shared.identity_key(kind, "", value)])
    return list(dict.fromkeys(row.id for rows in found.values() for row in rows))


def places_called(ledger: Ledger, text: str) -> list[bytes]:
    """The places that a LAESTAB, a URN or an id (or its first digits) leads to.

    Of several that bore one LAESTAB after another, the last whose taking over stands: a converted school is asked for
    by its own URN or id.
    """
    for kind, value in (("laestab", normalise_laestab(text)), ("urn", normalise_urn(text))):
        found = ids_of(ledger, kind, value)
        if found:
            return list(still_standing(found, partial(place_at, ledger, last=upto(ledger, None))))[-1:]
    digits = text.strip().lower()
    if not _is_start_of_id(digits):
        return []
    return [bytes.fromhex(name.split("/")[1]) for name in ledger.store.stream_names(f"place/{digits}")]


def lines_called(ledger: Ledger, text: str) -> list[bytes]:
    """The lines that an id, or its first digits, leads to."""
    digits = text.strip().lower()
    if not _is_start_of_id(digits):
        return []
    lines = (name.rsplit("/", 1)[1] for name in ledger.store.stream_names("admission-register/"))
    return [bytes.fromhex(line) for line in lines if line.startswith(digits)]


def pupils_called(ledger: Ledger, text: str) -> list[bytes]:
    """The pupils that a UPN leads to, or an id (or its first digits) of a pupil or of one of its lines."""
    found = ids_of(ledger, "upn", normalise_upn(text))
    digits = text.strip().lower()
    if found or not _is_start_of_id(digits):
        return found
    pupils = [bytes.fromhex(name.split("/")[1]) for name in ledger.store.stream_names(f"pupil/{digits}")]
    if pupils:
        return pupils
    return list(dict.fromkeys(pupils_of(ledger, lines_called(ledger, text)).values()))


def persons_called(ledger: Ledger, text: str) -> list[bytes]:
    """The people, of whichever place or of the authority, that an id or its first digits lead to."""
    named = columns_of(ledger.store, ("PersonNamed",), ("position", "person"), upto(ledger, None), prefix="people/")
    people = named["person"].unique(maintain_order=True).to_list() if "person" in named.columns else []
    return _begin_with(people, text)


def parents_called(ledger: Ledger, pupil: bytes, text: str) -> list[bytes]:
    """The parents of a pupil that an id or its first digits lead to."""
    told = stored(ledger, pupil_stream(pupil), upto(ledger, None))
    return _begin_with((e.fields["parent"] for *_, e in told if e.topic == "ParentNamed"), text)


def groups_called(ledger: Ledger, place: bytes, text: str) -> list[bytes]:
    """The class of a place that a label leads to, of several years' the one described last; else those of an id."""
    told = [e for *_, e in stored(ledger, place_stream(place), upto(ledger, None)) if e.topic == "GroupDescribed"]
    called = [e.fields["group"] for e in told if e.text and e.text["label"].casefold() == text.strip().casefold()]
    return called[-1:] or _begin_with((e.fields["group"] for e in told), text)


def _begin_with(ids: Iterable[bytes], text: str) -> list[bytes]:
    digits = text.strip().lower()
    found = [one for one in ids if one.hex().startswith(digits)] if _is_start_of_id(digits) else []
    return list(dict.fromkeys(found))


def _is_start_of_id(digits: str) -> bool:
    return SHORTEST_ID <= len(digits) <= 32 and _DIGITS.issuperset(digits)


def pupils_of(ledger: Ledger, lines: Iterable[bytes]) -> dict[bytes, bytes]:
    """The pupil of each line, by the identity index; lines whose row is gone are left out."""
    keys = {ledger.shared.identity_key("pupil_of_line", "", line.hex()): line for line in lines}
    return {keys[key]: rows[-1].id for key, rows in ledger.store.find_identities(keys).items()}


def stored(ledger: Ledger, stream: str, last: int) -> list[tuple[int, int, Stored]]:
    """(position, recorded_at, event) of a stream up to a position, sealed parts opened where the keys are at hand."""
    return [
        (row.position, row.recorded_at, Stored(row.version, row.topic, *open_state(row.state, ledger.keys)))
        for row in ledger.store.read_stream(stream)
        if row.position <= last
    ]


def place_at(ledger: Ledger, place: bytes, last: int) -> Place:
    """A place as it was known at a position; `version` 0 if it was not."""
    state = Place(place_stream(place))
    for _, _, event in stored(ledger, state.stream, last):
        evolve_place(state, event)
    return state


def people_at(ledger: Ledger, place: bytes, last: int) -> People:
    """The people of a place as they were known at a position."""
    state = People(people_stream(place))
    for _, _, event in stored(ledger, state.stream, last):
        evolve_people(state, event)
    return state


def columns_of(
    store: Store, topics: Sequence[str], columns: Sequence[str], last: int, first: int = 1, prefix: str | None = None
) -> pl.DataFrame:
    """These columns (and `topic`) of the entries of some topics, in order of position; null where a topic lacks one.

    For what fits in memory: the streams under a prefix, or rare topics.
    """
    found = [
        frame.with_columns(pl.lit(topic).alias("topic"), pl.col(pl.Categorical).cast(pl.String))
        for topic, _, frame in frames(
            store, first, last, topics=topics, columns=columns, stream_prefix=prefix, chunk=max(last, 1)
        )
    ]
    if not found:
        return pl.DataFrame(schema={"topic": pl.String, "position": pl.Int64})
    together = pl.concat(found, how="diagonal_relaxed").sort("position")
    return together.with_columns(pl.lit(None).alias(name) for name in columns if name not in together.columns)
