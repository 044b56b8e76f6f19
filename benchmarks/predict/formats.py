"""Which picture formats are read: those that Pillow decodes by itself."""

from functools import cache

from PIL import Image

FORMATS = (
    *("PNG", "JPEG", "WEBP", "AVIF", "GIF", "BMP", "DIB", "TIFF", "JPEG2000", "ICO", "CUR"),
    *("ICNS", "PPM", "PSD", "QOI", "DDS", "PCX", "DCX", "SGI", "SUN", "XBM", "XPM", "FITS"),
    *("BLP", "FTEX", "GBR", "FLI", "PIXAR", "TGA"),
)
"""Pillow's names of formats. A list of what is read, not of what is not: no format that a
later Pillow learns comes in unseen. Left out are those for which Pillow starts another
program or needs one (EPS, WMF), those it only knows by sight (BUFR, GRIB, HDF5, MPEG), and
scientific and old ones that it takes nearly any file for (SPIDER, IM, IMT, IPTC, MCIDAS, …).
TGA, which has no magic number either, comes last."""
SEVERAL_IN_ONE = "MPO"
"""A JPEG with further views behind the first one; no format to ask for, JPEG leads to it."""


@cache
def known_formats() -> tuple[str, ...]:
    """Those of `FORMATS` that this Pillow was built with."""
    Image.init()
    return tuple(name for name in FORMATS if name in Image.OPEN)


@cache
def known_suffixes() -> frozenset[str]:
    """Suffixes of such files, in small letters with their dot."""
    readable = {*known_formats(), SEVERAL_IN_ONE}
    return frozenset(
        suffix for suffix, name in Image.registered_extensions().items() if name in readable
    )
