"""Load sqlite-utils without numpy, which it imports if it is installed, to store arrays.

numpy is installed where topics learn; importing it takes 0.1 s and 17 MB, more than the rest of
the store. A program that uses the store as a library cannot store arrays with sqlite-utils.
"""

import sys

if "numpy" not in sys.modules:
    sys.modules["numpy"] = None  # type: ignore[assignment] # so that its import fails
    try:
        import sqlite_utils as sqlite_utils
    finally:
        del sys.modules["numpy"]
