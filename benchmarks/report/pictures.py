"""Pictures inside the page: PNG files as data URIs, so that the page is one file."""

import base64
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def grey_image(pixels: NDArray[np.uint8]) -> str:
    """A grey image, (height, width), as a data URI."""
    content = BytesIO()
    Image.fromarray(pixels).save(content, format="PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(content.getvalue()).decode()}"
