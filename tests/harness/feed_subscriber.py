"""A model of a subscriber to a published feed, who remembers ids and titles.

It knows nothing of the aggregator; the test tells it which article is at which link.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Subscriber"]


@dataclass(slots=True)
class Subscriber:
    """A subscriber and what it has seen.

    `repeats` are articles that were shown as new a second time, `bumps` are entries that were shown
    as updated although nothing had changed.
    """

    titles: dict[str, str] = field(default_factory=dict)
    """Id -> the latest title shown."""
    articles: dict[str, str] = field(default_factory=dict)
    """Article -> the id with which it was shown."""
    repeats: list[str] = field(default_factory=list)
    bumps: list[str] = field(default_factory=list)
    _texts: dict[str, tuple[str, str]] = field(default_factory=dict)

    def polls(self, items: Sequence[Mapping[str, Any]], article_at: Mapping[str, str]) -> None:
        """Read the items of a JSON Feed."""
        for item in items:
            id_, title = item["id"], item["title"]
            article = article_at[item["url"]]
            if id_ not in self.titles and article in self.articles:
                self.repeats.append(f"{title!r} was {self.articles[article]}, is {id_}")
            self.articles.setdefault(article, id_)
            self.titles[id_] = title
            text, updated = f"{title} {item.get('summary')}", item.get("date_modified", "")
            if self._texts.get(id_, (text, updated))[1] != updated:
                before, _ = self._texts[id_]
                if before == text:
                    self.bumps.append(f"{title!r} is updated {updated}, but reads as before")
            self._texts[id_] = (text, updated)
