"""The line out: stories become feeds and pages. Pure: the same stories give the same bytes.

    TopicFeed --rss | atom | jsonfeed | pages--> bytes

Nothing here reads a clock, a database or a setting; nothing here trusts that HTML is safe
unless its type says so (`SafeHtml`). `shown` decides how much of an article an outlet lets
us show, once for all formats.
"""
