"""`python -m tinytorch`: the command line, from a checkout or an installation."""

import sys

from tinytorch.cli.main import main

sys.exit(main())
