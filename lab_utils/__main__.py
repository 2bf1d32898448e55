"""`python -m lab_utils` is the command line."""

import sys

from lab_utils.cli import main

if __name__ == "__main__":
    sys.exit(main())
