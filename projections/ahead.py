"""One item ahead: the next is made while the one before it is used, so that reading and writing share the cores."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

Item = TypeVar("Item")
_END: Final = object()


def ahead(items: Iterator[Item]) -> Iterator[Item]:
    """The same items in the same order; each is asked for, in a thread of its own, when the one before is handed out.

    What making one raises is raised where it would have been handed out. Whoever stops before the end waits for the
    item under way; no other is made, and a generator is closed in the thread in which it ran.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="ahead") as thread:
        coming = thread.submit(next, items, _END)
        try:
            while (item := coming.result()) is not _END:
                coming = thread.submit(next, items, _END)
                yield item  # type: ignore[misc]
        finally:
            coming.cancel()
            if hasattr(items, "close"):
                thread.submit(items.close).result()
