"""Digits larger than memory: MNIST's training images, moved at random, as shards of float32 in NPY files.

  python3 compare/larger.py --mnist mnist --out digits --gigabytes 20

writes digits/images-0000.npy and so on, 60,000 images of 28 × 28 in each, and digits.labels.npy beside the folder. They are
for `truezero train digits --labels digits.labels.npy --stream`. It needs numpy, and a folder with MNIST's IDX files.
"""
import argparse
import os

import numpy as np

import data

#: An image is moved by at most so many pixels up or down, and so many left or right.
MOVED = 4


def moved(images, random):
    """Each image moved by a distance of its own; what comes in at the edge is black."""
    count, height, width = images.shape
    framed = np.pad(images, ((0, 0), (MOVED, MOVED), (MOVED, MOVED)))
    windows = np.lib.stride_tricks.sliding_window_view(framed, (height, width), axis=(1, 2))
    down, right = random.integers(0, 2 * MOVED + 1, (2, count))
    return windows[np.arange(count), down, right]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mnist", metavar="DIR", help="folder with MNIST's IDX files [default: the digits of truezero]")
    parser.add_argument("--out", metavar="DIR", required=True, help="folder for the shards")
    parser.add_argument("--gigabytes", metavar="N", type=float, default=20, help="of images, at least [default: 20]")
    args = parser.parse_args()
    images, labels = data.digits(args.mnist)
    random = np.random.default_rng(0)
    os.makedirs(args.out, exist_ok=True)
    size = images.size * np.dtype(np.float32).itemsize
    every = []
    for shard in range(int(np.ceil(args.gigabytes * 1e9 / size))):
        order = random.permutation(len(images))
        np.save(os.path.join(args.out, f"images-{shard:04}.npy"), moved(images[order], random).astype(np.float32))
        every.append(labels[order])
    np.save(args.out.rstrip("/") + ".labels.npy", np.concatenate(every))
    print(f"{sum(map(len, every))} examples, {len(every) * size / 1e9:.1f} GB")


if __name__ == "__main__":
    main()
