"""What rules see of an entry."""

from aggregator.model import Entry, Source
from aggregator.query import EntryFields, EntryView, make_entry_fields

__all__ = ["fields_of_entry", "view_of_entry"]


def fields_of_entry(entry: Entry, source: Source | None) -> EntryFields:
    """What a query sees of an entry; of an outlet that is not listed, its id alone."""
    return make_entry_fields(
        title=entry.title,
        summary=entry.summary,
        content=entry.content,
        tags=entry.tags,
        source=(source.id, source.name) if source else (entry.source,),
        author=entry.author,
        language=entry.language,
    )


def view_of_entry(entry: Entry, source: Source | None) -> EntryView:
    """The same, with its row and its outlet."""
    return EntryView(
        entry_id=entry.entry_id,
        story_number=0,
        source=entry.source,
        fields=fields_of_entry(entry, source),
    )
