"""``python -m mgd_hdl`` is ``mgd-hdl``."""

import sys

from .cli import main

sys.exit(main())
