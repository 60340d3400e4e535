"""One document through the pipeline, without saving anything: what each step makes of it."""

from contextlib import aclosing
from dataclasses import dataclass

from aggregator.ingest.parts import Progress
from aggregator.ingest.pipeline import (
    IngestContext,
    Job,
    Step,
    private_parts_of,
    process_document,
)
from aggregator.model import Failed, FeedMeta

__all__ = ["DryRun", "dry_run"]


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
