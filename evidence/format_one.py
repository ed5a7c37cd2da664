"""Format 1 by its hash: the first entry of every ledger says which statement of the byte formats it stands on.

The statement is `docs/formats/1.md`. It is not shipped with the programs, so its hash is written down here; a test
compares the two.
"""

from typing import Final

FORMAT_1_SHA256: Final = bytes.fromhex("636e111191ec522381828c3a626648751ab438978d48700e8e701ef3caa86986")
"""SHA-256 of `docs/formats/1.md`, as `LedgerFounded.format_sha256` holds it."""
