"""`python -m lab_utils` is the command line."""

import sys

from lab_utils.cli import main

sys.exit(main())
