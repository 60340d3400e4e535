"""Step 2: bytes become a ParsedFeed, as given.

    parser   Fetched -> ParsedFeed | Failed, by `xml` or `json`
    channel  data of the feed as a whole
    web_page the feeds that a web page announces
    chunks   splits large documents; `limits` refuses those that are too costly

The only package that uses feedparser. Nothing is cleaned here.
"""
