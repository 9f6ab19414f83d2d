"""`python -m local_fleet` is `askflash`."""

import sys

from local_fleet.cli import main

sys.exit(main())
