"""From a source's feed to stories in the store.

    runs       the sources that are due, side by side; what hubs deliver
    pipeline   one document: parse | match | clean | dedupe | categorize | save
    context    what the pipeline gets and gives
    parts      the parts of a document
    changeset  what a document changes
    workers    the CPU-bound steps (worker_tasks), in processes
    store_thread   access to the store, outside the event loop

    1 fetch/  2 parse/  3 match/  4 clean/  5 dedupe/  6 categorize/

Each step is a package that takes values and returns values; none imports another. Only pipeline
and runs use the store, and for operators and models merge, learning, relearn and ingest_lock.
"""
