"""Text helpers, all of them pure functions.

html         HTML to plain text
tokens       words, folded and stemmed
urls         canonical and absolute URLs
dates        the date formats of feeds and HTTP
boilerplate  what outlets add to articles
"""
