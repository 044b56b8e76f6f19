"""A file that its reader dies of, in a module of its own: child processes import it quickly."""

import os
from pathlib import Path


class DeadlyPath(type(Path())):
    """Ends the process that looks at it, as a decoder with a mistake would."""

    def stat(self, **_):  # pyright: ignore[reportIncompatibleMethodOverride]
        os._exit(7)
