#!/usr/bin/env python3
"""Makes the table beside this script from the sources of PyPI's vaderSentiment (needs only Python 3 and pip).

python3 make.py
"""

import csv
import gzip
import hashlib
import io
import pathlib
import subprocess
import sys
import tarfile
import tempfile

PACKAGE = "vaderSentiment==3.3.2"
ARCHIVE = "vaderSentiment-3.3.2/additional_resources/hutto_ICWSM_2014.tar.gz"
MEMBER = "hutto_ICWSM_2014/movieReviewSnippets_GroundTruth.txt"  # number, mean rating and snippet on each line
SHA256 = "c8293b0d942e90e223ea2c0955d969040d1a1be514a978b9af0698940bd13350"
HERE = pathlib.Path(__file__).parent

with tempfile.TemporaryDirectory() as folder:
    download = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:"]
    subprocess.run([*download, "--dest", folder, PACKAGE], check=True)
    (package,) = pathlib.Path(folder).glob("*.tar.gz")
    with tarfile.open(package) as outer, tarfile.open(fileobj=outer.extractfile(ARCHIVE)) as inner:
        content = inner.extractfile(MEMBER).read()
assert hashlib.sha256(content).hexdigest() == SHA256

table = io.StringIO()
rows = csv.writer(table, lineterminator="\n")
rows.writerow(["rating", "snippet"])
for number, line in enumerate(content.decode().splitlines(), start=1):
    found, rating, snippet = line.split("\t")
    assert int(found) == number and -4 <= float(rating) <= 4
    rows.writerow([f"{float(rating):.2f}", snippet])

with open(HERE / "snippets.csv.gz", "wb") as file:
    # No file name and no time in the gzip header: the same bytes on every run.
    with gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=file, mtime=0) as packed:
        packed.write(table.getvalue().encode())
