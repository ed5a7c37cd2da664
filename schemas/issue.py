"""Issue new schemas: `python -m schemas.issue` adds a line to `issued.csv` for each schema that has none.

A fingerprint is issued once only. Changing the text of an issued schema without changing its canonical form
(documentation) is allowed and changes nothing here.
"""

from __future__ import annotations

from pathlib import Path

from schemas.catalogue import KINDS, current, issued

REGISTER = Path(__file__).with_name("issued.csv")


def main() -> None:
    """Append what is missing; say what was appended."""
    known = {line.fingerprint for line in issued().values()}
    next_id = max(issued(), default=0) + 1
    with REGISTER.open("a", encoding="utf-8", newline="\n") as out:
        for kind in KINDS:
            for schema in current(kind).values():
                if schema.fingerprint not in known:
                    out.write(f"{next_id},{kind},{schema.name},{schema.fingerprint.hex()},{schema.sha256.hex()}\n")
                    print(f"issued {next_id}: {kind}/{schema.name}")
                    next_id += 1


if __name__ == "__main__":
    main()
