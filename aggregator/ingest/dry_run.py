"""One document through the pipeline, without saving anything: what each step makes of it."""

from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass

from aggregator.ingest.context import IngestContext, Job, Step
from aggregator.ingest.parts import Progress
from aggregator.ingest.pipeline import private_parts_of, process_document
from aggregator.model import Entry, Failed, FeedMeta, ParsedEntry, Rejected

__all__ = ["DryRun", "dry_run", "raw_and_clean"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRun:
    """What the pipeline would make of a document: of its first chunk, if it is a large one."""

    meta: FeedMeta
    step: Step


async def dry_run(context: IngestContext, job: Job) -> DryRun | Failed:
    """Process a document and save nothing."""
    progress = Progress(private_parts=private_parts_of(job.source))
    async with aclosing(process_document(context, job, progress)) as steps:
        async for step in steps:
            if isinstance(step, Failed):
                return step
            assert progress.feed_meta is not None  # a step comes after its part
            return DryRun(meta=progress.feed_meta, step=step)
    raise AssertionError("every document has a step")


async def raw_and_clean(
    context: IngestContext, job: Job, limit: int
) -> Sequence[tuple[ParsedEntry, Entry | Rejected]] | Failed:
    """The first entries of a document as the outlet gave them, each with what cleaning makes of it,
    whether they are known or not."""
    document = await context.workers.read(job.document)
    if isinstance(document, Failed):
        return document
    first = document.keyed[:limit]
    cleaned = await context.workers.clean(first, job.source, context.now, context.own_sites)
    if isinstance(cleaned, Failed):
        return cleaned
    return [(keyed.entry, entry) for keyed, entry in zip(first, cleaned, strict=True)]
