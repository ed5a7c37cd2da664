"""The school that these tests speak of."""

from tests.making import school

__all__ = ["school"]
