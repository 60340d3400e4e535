"""Counts of the entries of a fetch, by what became of them."""

from dataclasses import dataclass

__all__ = ["EntryCounts"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryCounts:
    """Numbers of entries; `received == new + updated + known + rejected` always."""

    received: int = 0
    new: int = 0
    updated: int = 0
    known: int = 0
    rejected: int = 0

    @property
    def is_balanced(self) -> bool:
        """True if every entry received is accounted for exactly once."""
        return self.received == self.new + self.updated + self.known + self.rejected

    def __add__(self, other: "EntryCounts") -> "EntryCounts":
        return EntryCounts(
            received=self.received + other.received,
            new=self.new + other.new,
            updated=self.updated + other.updated,
            known=self.known + other.known,
            rejected=self.rejected + other.rejected,
        )
