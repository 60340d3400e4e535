"""A stand-in for an object of which a test replaces a part."""

from typing import Any

__all__ = ["stand_in"]


class _StandIn:
    def __init__(self, original: object, replaced: dict[str, object]) -> None:
        self._original = original
        self.__dict__.update(replaced)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._original, name)


def stand_in(original: object, **replaced: object) -> Any:
    """An object that behaves like another one, apart from the attributes given here."""
    return _StandIn(original, replaced)
