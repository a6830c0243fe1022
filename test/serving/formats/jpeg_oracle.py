"""Pictures as JPEGs of several kinds, and the pixels that Pillow (libjpeg-turbo) reads in them."""

import base64
import io
import json
import sys

import numpy as np
from PIL import Image

size = json.load(sys.stdin)
random = np.random.default_rng(3)
coarse = (random.random((5, 5, 3)) * 255).astype("uint8")
picture = Image.fromarray(coarse).resize((size["width"], size["height"]), Image.Resampling.BICUBIC)
exif = Image.Exif()
exif[0x0112] = 6  # turned by a quarter, which is for viewers
kinds = {
    "of full colours": (picture, {"quality": 95, "subsampling": 0}),
    "of halved colours": (picture, {"quality": 75, "subsampling": 2}),
    "progressive": (picture, {"quality": 85, "progressive": True, "optimize": True}),
    "grey": (picture.convert("L"), {"quality": 90}),
    "in parts that can be read alone": (picture, {"quality": 80, "restart_marker_blocks": 1}),
    "with an orientation": (picture, {"quality": 90, "exif": exif}),
    "in the colours of print": (picture.convert("CMYK"), {"quality": 90}),
}


def made(image, options):
    file = io.BytesIO()
    image.save(file, "JPEG", **options)
    pixels = np.asarray(Image.open(io.BytesIO(file.getvalue())).convert("RGB"))
    return {"jpeg": base64.b64encode(file.getvalue()).decode(), "pixels": pixels.flatten().tolist()}


print(json.dumps({kind: made(*how) for kind, how in kinds.items()}))
