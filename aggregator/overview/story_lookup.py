"""Stories as operators name them: by id, by address, by words of the title."""

import re

from aggregator.errors import CommandError, QueryError, UnknownStory
from aggregator.model import Story
from aggregator.query import parse
from aggregator.store.base import Store
from aggregator.text.canonical import canonical_url

__all__ = ["find_story", "story_id_from"]

MAX_FOUND_SHOWN = 8
"""Stories that are named if several match."""


def find_story(store: Store, text: str) -> Story:
    """The story with an id, or with our address or the outlet's, or with these words in its title;
    for one that was merged, the story that it was merged into.

    Raises UnknownStory, and CommandError for one that was taken down or if several match.
    """
    id_ = story_id_from(text)
    story = store.stories.get(id_) or store.stories.get(store.stories.merged_into(id_))
    if story is None and store.stories.is_taken_down(id_):
        raise CommandError(f"The story {id_!r} was taken down; `aggregator hidden` says why.")
    if story is not None:
        return story
    is_address = "://" in text or re.fullmatch(r"[\w.-]+\.[a-z]{2,}/\S*", text.strip())
    found = _stories_at(store, text) if is_address else _stories_titled(store, text)
    if len(found) > 1:
        lines = "\n".join(f"  {each.id}  {each.lead.title}" for each in found[:MAX_FOUND_SHOWN])
        raise CommandError(f"Several stories match {text!r}; name one of them by its id:\n{lines}")
    if not found:
        hint = (
            "name it by its id or address, by the address of its article at the outlet, or by "
            "words from its title; `aggregator search` finds stories."
        )
        raise UnknownStory("story", text, hint)
    return found[0]


def _stories_at(store: Store, url: str) -> list[Story]:
    """The published stories with an article at an address of its outlet."""
    url = url.strip() if "://" in url else f"https://{url.strip()}"
    address = canonical_url(url)
    ids = store.entries.ids_by_url([address]).get(address, []) if address else []
    stories = {story.id: story for story in store.entries.stories(ids).values()}
    return [story for id_ in stories if (story := store.stories.get(id_))]


def _stories_titled(store: Store, text: str) -> list[Story]:
    """The published stories whose title contains all these words, newest first."""
    words = re.findall(r"\w+", text)
    if not words:
        return []
    try:
        root = parse(" ".join(f'title:"{word}"' for word in words)).root
    except QueryError:
        return []
    entries = {entry.story_number: entry for entry, _ in store.entries.search(root)}
    newest = sorted(entries.values(), key=lambda entry: entry.published, reverse=True)
    found = store.entries.stories([entry.entry_id for entry in newest[: MAX_FOUND_SHOWN + 1]])
    return list({story.id: story for story in found.values()}.values())


def story_id_from(text: str) -> str:
    """The id of a story, given as such or as a pasted URL."""
    return re.sub(r"[?#].*", "", text.strip()).rstrip("/").rpartition("/")[2].lower()
