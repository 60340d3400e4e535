"""Loads sqlite-utils without numpy, which it looks for so that it can store arrays.

Where topics learn, numpy is installed; it takes 0.15 seconds and 25 MB, more than the whole store.
"""

import sys

if "numpy" not in sys.modules:
    sys.modules["numpy"] = None  # type: ignore[assignment] # so that its import fails
    try:
        import sqlite_utils as sqlite_utils
    finally:
        del sys.modules["numpy"]
