"""What is made one item ahead is the same items, the same errors, and is let go of when nobody wants more."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from projections.ahead import ahead


def test_the_items_come_in_their_order() -> None:
    assert list(ahead(iter(range(50)))) == list(range(50))


def test_the_next_item_is_made_while_the_one_before_is_in_hand() -> None:
    second = threading.Event()

    def made() -> Iterator[int]:
        yield 1
        second.set()
        yield 2

    items = ahead(made())
    assert next(items) == 1
    assert second.wait(10)
    assert list(items) == [2]


def test_an_error_comes_after_the_items_that_were_made_before_it() -> None:
    def made() -> Iterator[int]:
        yield 1
        raise ValueError("no more")

    items = ahead(made())
    assert next(items) == 1
    with pytest.raises(ValueError, match="no more"):
        next(items)


def test_whoever_stops_early_closes_what_was_being_made_in_the_thread_in_which_it_ran() -> None:
    threads = []

    def made() -> Iterator[int]:
        try:
            threads.append(threading.get_ident())
            yield 1
            yield 2
            yield 3
        finally:
            threads.append(threading.get_ident())

    items = ahead(made())
    next(items)
    items.close()  # type: ignore[attr-defined]
    assert len(threads) == 2
    assert threads[0] == threads[1] != threading.get_ident()
