"""A double for an object, with some attributes replaced."""

from typing import Any

__all__ = ["stand_in"]


class _StandIn:
    def __init__(self, original: object, replaced: dict[str, object]) -> None:
        self._original = original
        self.__dict__.update(replaced)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._original, name)


def stand_in(original: object, **replaced: object) -> Any:
    """A double that behaves like the original apart from the given attributes."""
    return _StandIn(original, replaced)
