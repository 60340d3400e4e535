"""Keys: of entries, of lists, and of the reasons why a story is in a topic."""

import enum
from typing import NamedTuple

__all__ = [
    "ALL", "ALL_STORY_PAGES", "DAYS", "DIGESTS", "HOURS", "NOTICES", "PICTURES", "PINS",
    "RECATEGORIZED", "EntryKey", "EntryKeyKind", "ListKind", "ListScope", "PlacementReason",
    "ReasonKind",
    "Visibility", "picture_scope", "source_scope", "story_scope", "topic_scope",
]  # fmt: skip


# ---- entries


class EntryKeyKind(enum.StrEnum):
    """What an entry is recognised by."""

    ID = "id"
    """The id that the outlet gave it, without its scheme."""
    PATH = "path"
    """Path and query of its id or URL, which survive a move to another host."""
    URL = "url"
    """Its canonical URL."""
    TITLE = "title"
    """Its title together with its date."""
    HASH = "hash"
    """Hash of the whole entry, if it has no other key."""
    POSITION = "position"
    """Its position in the document, if it is empty."""


class EntryKey(NamedTuple):
    """Identity key of an entry within its source."""

    kind: EntryKeyKind
    value: str

    def __str__(self) -> str:
        return f"{self.kind} {self.value}"

    def __reduce__(self) -> tuple[type["EntryKey"], tuple[EntryKeyKind, str]]:
        """Pickle twice as fast as by default: all keys of a feed go from process to process."""
        return EntryKey, (self.kind, self.value)


# ---- lists


class ListKind(enum.StrEnum):
    """Kind of a list of stories, or of something else that has revisions."""

    ALL = "all"
    TOPIC = "topic"
    SOURCE = "source"
    STORY = "story"
    """The page of a story; without a name, all story pages."""
    RECATEGORIZED = "recategorized"
    """Counts how often stored stories were moved between topics."""
    CALENDAR = "calendar"
    """Counts what has begun or ended at a date."""
    PICTURES = "pictures"
    """The thumbnails of a picture; without a name, of all."""


class Visibility(enum.StrEnum):
    """Who sees the stories of a list."""

    PUBLISHED = "published"
    HELD = "held"
    """Nobody, until the operator releases them."""
    TAKEN_DOWN = "taken_down"
    """Nobody any more, since an operator has taken them down."""


class ListScope(NamedTuple):
    """Key of a list of stories.

    `name` is the id of the topic, source or story. `page` is 0 for the list itself, the number of
    an archive document (RFC 5005), or below 0 for a page of older stories for people.
    """

    kind: ListKind
    name: str = ""
    visibility: Visibility = Visibility.PUBLISHED
    page: int = 0

    def archive_page(self, page: int) -> "ListScope":
        """Scope of an archive document of this list."""
        return self._replace(page=page)

    def older_page(self, page: int) -> "ListScope":
        """Scope of a page of older stories of this list."""
        return self._replace(page=-page)

    @property
    def held(self) -> "ListScope":
        """Scope of the stories that wait to get into this list."""
        return self._replace(visibility=Visibility.HELD)

    @property
    def taken_down(self) -> "ListScope":
        """Scope of the stories that were taken out of this list by a takedown."""
        return self._replace(visibility=Visibility.TAKEN_DOWN)


ALL = ListScope(ListKind.ALL)
"""Everything that is published."""
ALL_STORY_PAGES = ListScope(ListKind.STORY)
"""What can change every story's page: a takedown, an outlet's name or rights."""
RECATEGORIZED = ListScope(ListKind.RECATEGORIZED)
"""Its revision counts recategorisations of stored stories."""
NOTICES = ListScope(ListKind.CALENDAR, "notices")
"""The notices on pages."""
PINS = ListScope(ListKind.CALENDAR, "pins")
"""The stories that are pinned."""
DAYS = ListScope(ListKind.CALENDAR, "days")
"""Changes at midnight, in the time zone of the site."""
DIGESTS = ListScope(ListKind.CALENDAR, "digests")
"""The issues of the digest in the archive."""
HOURS = ListScope(ListKind.CALENDAR, "hours")
"""Changes every hour."""

PICTURES = ListScope(ListKind.PICTURES)
"""The pictures that have thumbnails."""


def topic_scope(topic: str) -> ListScope:
    """Scope of a topic's stories."""
    return ListScope(ListKind.TOPIC, topic)


def source_scope(source: str) -> ListScope:
    """Scope of the stories that have an entry of this source."""
    return ListScope(ListKind.SOURCE, source)


def story_scope(id_: str) -> ListScope:
    """Scope of one story's page."""
    return ListScope(ListKind.STORY, id_)


def picture_scope(key: str) -> ListScope:
    """Scope of the thumbnails of one picture."""
    return ListScope(ListKind.PICTURES, key)


# ---- placements


class ReasonKind(enum.StrEnum):
    """What places a story in a topic."""

    MANUAL = "manual"
    """An operator."""
    RULE = "rule"
    """A clause of the topic's rule."""
    SOURCE = "source"
    """The source belongs to the topic as a whole."""
    TAG = "tag"
    """The outlet's own category is mapped to the topic."""
    LEARNED = "learned"
    """The story looks like those of the topic."""


class PlacementReason(NamedTuple):
    """A reason why a story is in a topic.

    `value` is the clause, the source's id or the folded category; `source` is whose category.
    """

    kind: ReasonKind
    value: str = ""
    source: str = ""

    def __str__(self) -> str:
        return " ".join(filter(None, (self.kind, self.source, self.value)))
