"""aggregator tells each story of its partner outlets once, by topic.

The house, from the street to the cellar (a file imports only from lower floors;
`tests/test_house.py` checks it)::

    cli/            4   one small file per group of commands
    web/            4   Flask: HTTP around the documents that `edition` names
    demo/           4   a pretend press on loopback, for `make demo` and the tests
    hub             3   telling others of changes: our own WebSub hub, pings
    edition         3   which document stands at which public path
    ingest/pipeline 3   run(): the line in; beside it intake (from a document to the store),
                        filing (what a fetch changes), retelling (stories told anew),
                        refiling (topics anew), teaching (topics learn),
                        states (what follows from it), workers (processes)
    ingest/         2   the steps of the line in: values in, values out
    store/          2   what we keep: the only SQL in the house
    publish/        2   the line out: the same stories give the same bytes
    config          1   feeds.toml and the environment become a Config
    model, query, errors   0   the nouns, the query language, the error tree

The line::

    in    store.due | fetch | parse | drop known | clean | dedupe | categorize | store.save
    out   store.latest | publish.render | web, static files
"""

__version__ = "0.1.0"
