"""Step 3: match the entries of a document with stored ones.

    keys       identity keys of entries
    matcher    new, changed and unchanged entries
    rebind     outlets that rename everything at once

Nothing here reads the store; stored entries are passed as values.
"""
