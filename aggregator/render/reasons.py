"""Why a story is in a topic, for readers."""

import enum
from dataclasses import dataclass

from aggregator.model import Topic

__all__ = ["TopicReason", "TopicReasonKind"]


class TopicReasonKind(enum.StrEnum):
    """What has placed a story in a topic, as far as readers see."""

    EDITOR = "editor"
    OUTLET = "outlet"
    """Everything from the outlet is in the topic."""
    CATEGORY = "category"
    """The outlet's own category."""
    HEADLINE = "headline"
    TEASER = "teaser"
    TEXT = "text"
    RULE = "rule"
    """Something else that the topic's rule looks for, such as an author."""
    RESEMBLANCE = "resemblance"
    """It is like other stories of the topic."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicReason:
    """A topic of a story, and why: `words` are what was found, as it is written there."""

    topic: Topic
    kind: TopicReasonKind
    words: tuple[str, ...] = ()
    outlet: str = ""
