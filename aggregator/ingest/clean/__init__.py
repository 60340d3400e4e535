"""Step 4: an entry as given becomes safe and complete, or is rejected with a reason.

cleaner    KeyedEntry -> Entry | Rejected
sanitizer  HTML -> SafeHtml
language   the language of a text

Only new and changed entries are cleaned.
"""
