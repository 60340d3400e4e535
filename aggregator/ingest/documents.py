"""What rules see of an entry."""

from aggregator.model import Entry, Source
from aggregator.query import Document, Glimpse, article

__all__ = ["document_of", "glimpse_of"]


def document_of(entry: Entry, source: Source | None) -> Document:
    """What a query sees of an entry; of an outlet that is not listed, its id alone."""
    return article(
        title=entry.title,
        summary=entry.summary,
        content=entry.content,
        tags=entry.tags,
        source=(source.id, source.name) if source else (entry.source,),
        author=entry.author,
        language=entry.language,
    )


def glimpse_of(entry: Entry, source: Source | None) -> Glimpse:
    """The same, with its row and its outlet."""
    return Glimpse(
        entry=entry.row, story=0, source=entry.source, document=document_of(entry, source)
    )
