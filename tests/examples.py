"""How many examples a property test tries: few in `make test`, many times as many in `make soak`."""

from __future__ import annotations

import os
from typing import Final

TIMES: Final = int(os.environ.get("ROLLBOOK_EXAMPLES_TIMES", "1"))
"""By how much every number is multiplied; `make soak` says 20."""


def examples(few: int) -> int:
    """So many now, for `settings(max_examples=...)`: enough that a rule taken out is soon missed, and no more."""
    return few * TIMES
