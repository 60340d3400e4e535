"""Why a story is in its topics, in terms that readers know: words found in it, an editor, its
outlet; never the rule itself."""

from collections.abc import Iterable, Mapping, Sequence

from aggregator import query
from aggregator.errors import QueryError
from aggregator.model import (
    Entry,
    Node,
    Placement,
    PlacementReason,
    ReasonKind,
    Source,
    Story,
    Topic,
)
from aggregator.query.highlight import spans
from aggregator.render.reasons import TopicReason, TopicReasonKind
from aggregator.text.html import plain_text
from aggregator.text.tokens import fold

__all__ = ["topic_reasons"]

MAX_WORDS = 3
"""Words or phrases that are quoted."""
_FIELDS = (
    ("title", TopicReasonKind.HEADLINE),
    ("summary", TopicReasonKind.TEASER),
    ("tag", TopicReasonKind.CATEGORY),
)
_ORDER = (
    ReasonKind.MANUAL, ReasonKind.RULE, ReasonKind.TAG, ReasonKind.SOURCE, ReasonKind.LEARNED,
)  # fmt: skip


def topic_reasons(
    story: Story,
    placements: Iterable[Placement],
    topics: Sequence[Topic],
    sources: Mapping[str, Source],
) -> list[TopicReason]:
    """The topics of a story, in the order of the site, each with the reason that readers understand
    best."""
    by_topic = {placement.topic: placement for placement in placements}
    return [
        _topic_reason(story, by_topic[topic.id], topic, sources)
        for topic in topics
        if topic.id in by_topic
    ]


def _topic_reason(
    story: Story, placement: Placement, topic: Topic, sources: Mapping[str, Source]
) -> TopicReason:
    reasons = sorted(placement.placed_by, key=lambda reason: _ORDER.index(reason.kind))
    kinds = {reason.kind for reason in reasons}
    if ReasonKind.MANUAL in kinds:
        return TopicReason(topic=topic, kind=TopicReasonKind.EDITOR)
    rules = [reason for reason in reasons if reason.kind is ReasonKind.RULE]
    if found := _found_by_rule(story, rules, topic, sources):
        return found
    for reason in reasons:
        outlet = sources[reason.source or reason.value].name if _is_known(reason, sources) else ""
        if reason.kind is ReasonKind.TAG:
            words = (_as_written(reason.value, story),)
            return TopicReason(
                topic=topic, kind=TopicReasonKind.CATEGORY, words=words, outlet=outlet
            )
        if reason.kind is ReasonKind.SOURCE and outlet:
            return TopicReason(topic=topic, kind=TopicReasonKind.OUTLET, outlet=outlet)
        if reason.kind is ReasonKind.LEARNED:
            return TopicReason(topic=topic, kind=TopicReasonKind.RESEMBLANCE)
    return TopicReason(topic=topic, kind=TopicReasonKind.RULE)


def _is_known(reason: PlacementReason, sources: Mapping[str, Source]) -> bool:
    return (reason.source or reason.value) in sources


def _as_written(tag: str, story: Story) -> str:
    """A folded category as the outlet writes it."""
    written = (each for entry in story.entries for each in entry.tags)
    return next((each for each in written if fold(each).strip() == tag), tag)


def _found_by_rule(
    story: Story, rules: Sequence[PlacementReason], topic: Topic, sources: Mapping[str, Source]
) -> TopicReason | None:
    """The words that clauses of the topic's rule find, in the place where readers see them first;
    of the lead if there are any."""
    nodes = [node for reason in rules if (node := _clause_root(reason.value, topic))]
    shown = [entry for entry in story.entries if entry.source in sources]
    for field, kind in _FIELDS:
        for entry in shown:
            for text in _texts(entry, field, sources[entry.source]):
                if words := _words(nodes, text, field):
                    outlet = sources[entry.source].name
                    return TopicReason(topic=topic, kind=kind, words=words, outlet=outlet)
    for entry in shown:
        if words := _words(nodes, plain_text(entry.content), "content"):
            return TopicReason(topic=topic, kind=TopicReasonKind.TEXT, words=words)
    return None


def _clause_root(clause: str, topic: Topic) -> Node | None:
    """A clause of the rule; None if it can no longer be parsed, since an earlier version wrote
    it."""
    try:
        return query.parse(clause, topic.stem).root
    except QueryError:
        return None


def _texts(entry: Entry, field: str, source: Source) -> tuple[str, ...]:
    """The texts of a field that are on the story's page, or may be."""
    if field == "title":
        return (entry.title,)
    if field == "tag":
        return entry.tags
    return (entry.summary,) if source.show != "title" else ()


def _words(nodes: Iterable[Node], text: str, field: str) -> tuple[str, ...]:
    found = {text[start:end]: None for node in nodes for start, end in spans(node, text, field)}
    return tuple(found)[:MAX_WORDS]
