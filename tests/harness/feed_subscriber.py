"""A model of someone who subscribes to a published feed: it remembers ids and titles.

It knows nothing of the aggregator. Which article an entry is, it is told by the one who
plays the outlet, by the entry's link.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Subscriber"]


@dataclass(slots=True)
class Subscriber:
    """What a reader has seen. `repeats` are articles that were shown as new a second time,
    `bumps` entries that were shown as updated although they read as before."""

    titles: dict[str, str] = field(default_factory=dict)
    """Id -> the title under which it was shown last."""
    articles: dict[str, str] = field(default_factory=dict)
    """Article -> the id under which it was shown."""
    repeats: list[str] = field(default_factory=list)
    bumps: list[str] = field(default_factory=list)
    _texts: dict[str, tuple[str, str]] = field(default_factory=dict)

    def polls(self, items: Sequence[Mapping[str, Any]], article_at: Mapping[str, str]) -> None:
        """Look at the items of a JSON Feed as it is now."""
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
