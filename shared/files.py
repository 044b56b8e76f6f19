"""Reading files that somebody names: ordinary ones, of a size that can be meant."""

import errno
import stat
from pathlib import Path


def read_file(path: Path, maximum: int) -> bytes:
    """The content of an ordinary file of at most so many bytes.

    Raises:
        OSError: it cannot be read, is larger, or is something else than a file: a pipe would
            be waited for, and a device may have no end.
    """
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "no ordinary file", str(path))
    if status.st_size > maximum:
        reason = f"{status.st_size:,} bytes, more than {maximum:,}"
        raise OSError(errno.EFBIG, reason, str(path))
    with path.open("rb") as file:
        return file.read(maximum)
