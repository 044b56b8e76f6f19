"""Which picture formats are read: the six that pictures usually come in."""

from functools import cache

from PIL import Image

SEVERAL_IN_ONE = "MPO"
"""A JPEG with further views behind the first one; no format to ask for, JPEG leads to it."""
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")
"""Pillow's names of formats. A list of what is read, not of what is not: no format that a
later Pillow learns comes in unseen."""


@cache
def known_suffixes() -> frozenset[str]:
    """Suffixes of such files, in small letters with their dot."""
    Image.init()
    readable = {*FORMATS, SEVERAL_IN_ONE}
    return frozenset(
        suffix for suffix, name in Image.registered_extensions().items() if name in readable
    )
