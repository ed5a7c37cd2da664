"""What the made-up systems are and can carry; they differ on purpose, as real feeds do (reference: field 1.1, 2.4)."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Profile:
    """What a source is and can carry."""

    name: str
    system: str
    route: str
    delivery: str = "stream"
    carries_person: bool = True
    carries_reason: bool = True
    carries_entry_time: bool = True
    sends_hash: bool = False
    """Sends `#` rows on days when the place is closed."""
    raw: dict[str, str] = field(default_factory=dict)
    """Local codes by the national code that they stand for."""

    @property
    def nightly(self) -> bool:
        """A snapshot at night instead of a stream."""
        return self.delivery != "stream"


DIRECT = Profile("direct", "Lanternlight MIS", "direct")
LOCAL_CODES = Profile(
    "local codes",
    "Cobbler SIS",
    "partner_xml",
    sends_hash=True,
    raw={"I": "ILL", "N": "UNK", "M": "DR", "G": "HOL", "V": "TRIP", "L": "LT", "O": "UNA"},
)
NIGHTLY = Profile(
    "nightly",
    "Nightjar Extracts",
    "aggregator",
    delivery="snapshot_daily",
    carries_person=False,
    carries_reason=False,
    carries_entry_time=False,
)
NAMELESS = Profile("no reasons or names", "Plainfeed", "aggregator", carries_person=False, carries_reason=False)
CLOSURE_ROWS = Profile("closure rows", "Tallyman", "direct", sends_hash=True)
COUNTS = Profile("counts", "Tallyman", "direct")
PROVIDER = Profile("provider", "Sandglass Sheets", "console", carries_reason=True)
"""An unregistered provider: it reports who came, not codes."""
