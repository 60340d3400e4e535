"""The interface of a store, continued: lists of stories."""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime, timedelta
from typing import Protocol, TypedDict, Unpack

from aggregator.model import (
    ListScope,
    ListSlice,
    Node,
    OlderPages,
    Revision,
    Share,
    Story,
    Tombstone,
)

__all__ = ["ListOptions", "ListStore"]


class ListOptions(TypedDict, total=False):
    """Which stories of a list, and how."""

    joined: Sequence[ListScope]
    language: str
    without: Sequence[str]
    """Sources whose stories are left out."""
    share: Share | None
    """Largest share per source."""
    arrived_within: timedelta | None
    """More than the limit, up to 1,000, if more arrived in that time before the newest."""
    before: str
    """Only those that were listed before the story with this id."""
    since: datetime | None
    """Only those that were listed after this time."""
    with_content: bool
    """False to leave out all texts."""


class ListStore(Protocol):
    """Lists of stories, their revisions and their archives."""

    def latest(self, scope: ListScope, limit: int, **options: Unpack[ListOptions]) -> list[Story]:
        """Newest stories of a list and of those joined with it, by publication, newest first.

        Texts beyond three million characters are left out (`Story.is_complete`), as in every list.
        """

    def slice(self, scope: ListScope, limit: int, **options: Unpack[ListOptions]) -> ListSlice:
        """The same, with the place where it ends."""

    def published_ids(self, ids: Collection[str]) -> set[str]:
        """The subset of these ids whose stories are published."""

    def has_place(self, id_: str) -> bool:
        """True if a story, or the one that it was merged into, has a place in the lists."""

    def search(
        self,
        root: Node,
        limit: int,
        *,
        language: str = "",
        without: Sequence[str] = (),
        within: Sequence[ListScope] = (),
        published_from: datetime | None = None,
        published_before: datetime | None = None,
        before: str = "",
        since: datetime | None = None,
        step: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> ListSlice:
        """Newest stories that a query matches, by publication, newest first; those that are in all
        the lists of `within`, were published in a time, and were listed before the story with the
        id `before` and after the time `since`. Of the stories that may match by their
        words, only the newest 5,000 are looked at, a few in each `step`, which may raise to end the
        search."""

    def similar_words(self, words: Collection[str]) -> dict[str, str]:
        """For each folded word that is in no entry, a similar one that is, if there is one."""

    def counts(self, scopes: Sequence[ListScope] | None = None) -> dict[ListScope, int]:
        """Number of published stories in each of these lists, or in every list; empty ones are
        left out."""

    def nonempty(self, scopes: Sequence[ListScope]) -> list[ListScope]:
        """Those of these lists that have a story."""

    def topic_counts(self, scope: ListScope, newest: int) -> list[tuple[str, int]]:
        """The topics of the newest stories of a list, so many of them, and how many each has, most
        first."""

    def revision(self, *scopes: ListScope) -> Revision:
        """How many changes these lists have had, and the time of the latest; number 0 if none."""

    def revisions(self) -> Mapping[ListScope, Revision]:
        """The revision of every list that has changed, at one moment."""

    def archive(self, size: int, now: datetime) -> int:
        """Close the archive documents of `size` stories that are full, in all lists; returns how
        many."""

    def archive_range(self, scope: ListScope) -> tuple[int, int]:
        """Numbers of the oldest archive document that still holds something and of the newest; 0 if
        there is none."""

    def archive_page(self, scope: ListScope, page: int) -> list[Story]:
        """Stories of an archive document, by publication, newest first."""

    def newest_page(self, scope: ListScope, size: int, share: Share | None = None) -> list[Story]:
        """The page of a list with its newest stories, without their content; those that are pinned
        come first."""

    def older_page(
        self, scope: ListScope, page: int, size: int, share: Share | None = None
    ) -> list[Story]:
        """A page of older stories of a list, without their content. No story is on two pages."""

    def older_pages(self, scope: ListScope, size: int, share: Share | None = None) -> OlderPages:
        """The numbers of the pages of older stories of a list."""

    def older_page_of_archive(self, scope: ListScope, page: int) -> int:
        """The closed page of older stories with the newest ones of an archive document, or 0."""

    def source_counts(self, scope: ListScope, since: datetime) -> list[tuple[str, int]]:
        """The sources of the stories that were listed since then, and how many each has, most
        first; a story counts for the source of its lead."""

    def close_older_pages(self, size: int, shares: Mapping[ListScope, Share], now: datetime) -> int:
        """Close the pages of `size` older stories that are full, in all lists; returns how many.
        Neither their stories nor their numbers change by that, now or later."""

    def remember_site(self, url: str, now: datetime) -> None:
        """Keep the address under which feeds are first published, if none is kept yet."""

    def first_site(self) -> str:
        """The address under which feeds were first published, which their ids keep; "" if none."""

    def tombstones(self, scope: ListScope, page: int | None = None) -> list[Tombstone]:
        """Stories taken down from a list, or from one of its archive documents, newest first, at
        most 50."""

    def tombstones_since(self, time: datetime | None, limit: int) -> list[Tombstone]:
        """Published stories that were taken down after a time, or ever, oldest first."""
