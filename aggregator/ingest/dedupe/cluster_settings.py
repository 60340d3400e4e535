"""What clustering knows besides entries: the outlets, since when they are known, and the time."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from aggregator.ingest.dedupe.similarity import COMPARISON_WINDOW
from aggregator.model import Entry, Source
from aggregator.text.urls import is_on_site

__all__ = ["ClusterSettings"]

_UNLISTED_SOURCE = Source(id="", name="", feed="", site="")
"""Placeholder for a source that is no longer in feeds.toml."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterSettings:
    """Settings for clustering.

    `authority` is the host name under which ids are minted (RFC 4151). The texts of articles that
    were published further apart than `window` are not compared. `now` is the time of the run.
    `first_fetches` says since when each source is known; one that is missing is fetched for the
    first time in this run.
    """

    sources: Mapping[str, Source]
    authority: str
    now: datetime
    window: timedelta = COMPARISON_WINDOW
    first_fetches: Mapping[str, datetime] = field(default_factory=dict)

    def source_of(self, entry: Entry) -> Source:
        """The source of an entry."""
        return self.sources.get(entry.source, _UNLISTED_SOURCE)

    def proven_date(self, entry: Entry) -> datetime:
        """The date that counts as evidence of who was first: none before the source was known,
        since an outlet may write any date into its first feed."""
        return max(entry.published, self.first_fetches.get(entry.source, self.now))

    def is_on_other_site(self, entry: Entry) -> bool:
        """True if an entry links to the site of another listed outlet."""
        if is_on_site(entry.canonical_url, self.source_of(entry).site):
            return False
        return any(
            is_on_site(entry.canonical_url, source.site)
            for source in self.sources.values()
            if source.id != entry.source
        )
