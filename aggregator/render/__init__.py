"""Renderers: stories become feeds and pages. Pure: the same stories give the same bytes.

    Feed --rss | atom | jsonfeed | pages | widget--> bytes

Nothing here reads a clock, a database or a setting, and HTML is escaped unless its type is
`SafeHtml`. `item` decides for all formats how much of an article may be published.
"""
