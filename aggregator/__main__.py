"""`python -m aggregator`: the command line."""

import os
import sys

if not sys.flags.safe_path:  # Python puts the current folder first, where anything may lie
    here = os.getcwd()  # noqa: PTH109 - pathlib would be imported from there
    sys.path[:] = [folder for folder in sys.path if folder not in ("", here)]

from aggregator.cli import main

if __name__ == "__main__":
    main()
