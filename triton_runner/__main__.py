"""``python -m triton_runner``: see triton_runner/cli."""

import sys

from triton_runner.cli import main

sys.exit(main())
