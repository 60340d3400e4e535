"""From a source's feed to stories in the store.

    runs       the sources that are due, side by side; what hubs deliver
    pipeline   one document: parse | match | clean | dedupe | categorize | save
    parts      the parts of a document
    changeset  what a document changes
    workers    the CPU-bound steps, in processes

    1 fetch/  2 parse/  3 match/  4 clean/  5 dedupe/  6 categorize/

Each step is a package that takes values and returns values; none imports another. Only pipeline
and runs use the store, and for operators and models merge, learning, relearn and ingest_lock.
"""
