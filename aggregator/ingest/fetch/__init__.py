"""Step 1: one polite request per source.

    client     Source -> Fetched | Unchanged | Failed | Backoff
    transport  connections, each checked by `text.ip_addresses`; `throttle` limits requests per host
    response   headers, error messages; `settings` has the limits

The only package that uses aiohttp. What a server does is a result, never an exception.
"""
