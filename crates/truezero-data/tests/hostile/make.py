#!/usr/bin/env python3
"""Makes the hostile files of this folder: each breaks one rule of its format (needs only Python 3).

The message each must lead to stands in `errors.txt` beside it.
"""

import gzip
import io
import pathlib
import struct
import zipfile
import zlib

HERE = pathlib.Path(__file__).parent


def put(name, content):
    path = HERE / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)


# IDX: magic number, sizes, numbers.
def idx(code, shape, body):
    return bytes([0, 0, code, len(shape)]) + struct.pack(f">{len(shape)}I", *shape) + body


put("idx/empty", b"")
put("idx/truncated_magic", b"\0\0\x08")
put("idx/unknown_type", idx(7, [1, 1], b"\0"))
put("idx/no_dimensions", idx(8, [], b"\0"))
put("idx/truncated_dimensions", idx(8, [2, 2, 2], b"")[:10])
put("idx/truncated_numbers", idx(8, [2, 2, 2], bytes(7)))
put("idx/trailing_byte", idx(8, [2, 2, 2], bytes(9)))
put("idx/lying_count", idx(8, [2**32 - 1, 28, 28], bytes(800)))
put("idx/lying_width", idx(8, [1, 2**16, 2**15], bytes(10)))
put("idx/width_beyond_32_bits", idx(8, [1, 2**16, 2**16], bytes(10)))
put("idx/overflowing_width", idx(8, [1, 2**32 - 1, 2**32 - 1, 2**32 - 1], bytes(10)))
put("idx/no_pixels", idx(8, [2**32 - 1, 0, 28], b""))
put("idx/nan", idx(0x0D, [1, 2], struct.pack(">2f", 1, float("nan"))))
put("idx/infinite_label", idx(0x0E, [2], struct.pack(">2d", 1, float("inf"))))
put("idx/lying_labels", idx(0x0E, [2**32 - 1], bytes(8)))
put("idx/truncated.gz", gzip.compress(idx(8, [9, 9, 9], bytes(range(243)) * 3), mtime=0)[:-20])
put("idx/wrong_checksum.gz", gzip.compress(idx(8, [1, 1], b"\1"), mtime=0)[:-8] + bytes(8))


# NPY: magic number, version, header length, header, elements.
def npy(header, body=b"", version=b"\1\0", length=None):
    header = header.encode()
    size = struct.pack("<H" if version == b"\1\0" else "<I", len(header) if length is None else length)
    return b"\x93NUMPY" + version + size + header + body


def array(code, shape, body=b"", fortran=False):
    return npy(f"{{'descr': '{code}', 'fortran_order': {fortran}, 'shape': {shape}, }}", body)


put("npy/wrong_magic", b"\x93NUMPI\1\0")
put("npy/unknown_version", npy("{}", version=b"\7\0"))
put("npy/lying_header_length", npy("{}", length=9999))
put("npy/huge_header_length", npy("{}", version=b"\2\0", length=2**32 - 1))
put("npy/no_dictionary", npy("'descr': '<f4'"))
put("npy/missing_shape", npy("{'descr': '<f4', 'fortran_order': False}"))
put("npy/unknown_key", npy("{'colour': 'red'}"))
put("npy/negative_size", array("<f4", "(-1, 2)"))
put("npy/nested_shape", array("<f4", "((1, 2), 3)"))
put("npy/many_dimensions", array("|u1", "(" + "1, " * 65 + ")"))
put("npy/objects", array("|O", "(1, 1)", b"\x80\4."))
put("npy/complex", array("<c8", "(1, 1)", bytes(8)))
put("npy/structured", npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}", bytes(4)))
put("npy/lying_rows", array("<f8", "(1000000000000, 2)", bytes(40)))
put("npy/lying_width", array("<f8", "(1, 4000000000)", bytes(40)))
put("npy/overflowing_shape", array("<f8", "(4294967296, 4294967296, 4294967296)"))
put("npy/lying_fortran", array("<f8", "(3000000000, 3000000000)", bytes(40), fortran=True))
put("npy/truncated", array("<f4", "(2, 2)", bytes(15)))
put("npy/trailing_byte", array("<f4", "(2, 2)", bytes(17)))
put("npy/infinity", array("<f4", "(2, 2)", struct.pack("<4f", 0, 0, float("-inf"), 0)))
put("npy/zero_width", array("<f4", "(1000000000000, 0)"))
put("npy/scalar", array("<f4", "()", bytes(4)))


# NPZ: NPY members of a zip archive.
def archive(**members):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            # A fixed date, for the same bytes on every run.
            file.writestr(zipfile.ZipInfo(f"{name}.npy"), content)
    return out.getvalue()


def vector(code, kind, *values, shape=None):
    return array(code, shape or f"({len(values)},)", struct.pack(f"<{len(values)}{kind}", *values))


def csr(**changed):
    members = {
        "format": array("|S3", "()", b"csr"),
        "shape": vector("<i8", "q", 2, 3),
        "data": vector("<f4", "f", 1, 2),
        "indptr": vector("<i4", "i", 0, 1, 2),
        "indices": vector("<i4", "i", 0, 2),
    }
    return archive(**(members | changed))


put("npz/no_zip", b"PK\3\4 not an archive")
put("npz/truncated", csr()[:-30])
put("npz/no_members", archive())
put("npz/broken_member", archive(x=b"\x93NUMPY\1\0"))
put("npz/unknown_form", csr(format=array("|S3", "()", b"dia")))
put("npz/form_is_no_string", csr(format=vector("<i4", "i", 1)))
put("npz/negative_shape", csr(shape=vector("<i8", "q", -2, 3)))
put("npz/three_dimensions", csr(shape=vector("<i8", "q", 2, 3, 4)))
put("npz/lying_rows", csr(shape=vector("<i8", "q", 2**52, 3)))
put("npz/width_beyond_32_bits", csr(shape=vector("<i8", "q", 2, 2**32)))
put("npz/falling_offsets", csr(indptr=vector("<i4", "i", 0, 2, 1)))
put("npz/offsets_not_from_zero", csr(indptr=vector("<i4", "i", 1, 1, 2)))
put("npz/offsets_beyond_the_end", csr(indptr=vector("<i4", "i", 0, 1, 9)))
put("npz/negative_index", csr(indices=vector("<i4", "i", 0, -1)))
put("npz/index_too_large", csr(indices=vector("<i4", "i", 0, 3)))
put("npz/fewer_indices", csr(indices=vector("<i4", "i", 0)))
put("npz/nan", csr(data=vector("<f4", "f", 1, float("nan"))))
put("npz/sum_beyond_32_bits", csr(data=vector("<f4", "f", 3e38, 3e38), indices=vector("<i4", "i", 1, 1),
                                  indptr=vector("<i4", "i", 0, 2, 2)))
put("npz/missing_member", archive(format=array("|S3", "()", b"csr")))
put("npz/lying_length", csr(data=vector("<f4", "f", 1, 2, shape="(1000000000000,)")))
put("npz/empty_rows_for_nothing", csr(format=array("|S3", "()", b"coo"), shape=vector("<i8", "q", 2**32 - 1, 3),
                                      row=vector("<i4", "i", 0, 1), col=vector("<i4", "i", 0, 2)))
wrong = bytearray(csr())
wrong[14] ^= 1  # the checksum of the first member …
wrong[wrong.index(b"PK\1\2") + 16] ^= 1  # … and again in the directory
put("npz/wrong_checksum", bytes(wrong))

put("svmlight/not_text", b"1 1:1\n1 \xff:1\n")
put("svmlight/no_pair", b"1 1:1\n1 2\n")
put("svmlight/index_beyond_32_bits", b"1 4294967296:1\n")
put("svmlight/negative_index", b"1 -1:1\n")
put("svmlight/index_no_number", b"1 one:1\n")
put("svmlight/index_twice", b"1 2:1 1:1 2:1\n")
put("svmlight/value_no_number", b"1 1:one\n")
put("svmlight/nan", b"1 1:1\n# comment\n1 1:NaN\n")
put("svmlight/infinite_value", b"1 1:1e999\n")
put("svmlight/infinite_target", b"inf 1:1\n")
put("svmlight/word_as_target", b"spam 1:1\n")
put("svmlight/word_as_label", b"1,spam 1:1\n")
put("svmlight/truncated.gz", gzip.compress(b"1 1:1\n" * 99, mtime=0)[:-12])

put("labels/blank", b"1\n\n2\n")
put("labels/not_text", b"1\n\xff\n")

put("cifar/not_whole", bytes(3072))
put("cifar/unknown_class", bytes(3073) + b"\x0a" + bytes(3072))


def norb(magic, shape, body=b""):
    stored = list(shape) + [1] * (3 - len(shape))
    return struct.pack(f"<{2 + len(stored)}I", magic, len(shape), *stored) + body


put("norb/unknown_magic", norb(0x1E3D4C52, [1, 2, 3, 3], bytes(18)))
put("norb/many_dimensions", norb(0x1E3D4C55, [1] * 5))
put("norb/truncated_header", norb(0x1E3D4C55, [1, 2, 3, 3])[:17])
put("norb/truncated", norb(0x1E3D4C55, [1, 2, 3, 3], bytes(17)))
put("norb/trailing_byte", norb(0x1E3D4C55, [1, 2, 3, 3], bytes(19)))
put("norb/lying_count", norb(0x1E3D4C55, [2**32 - 1, 2, 96, 96], bytes(20)))
put("norb/lying_size", norb(0x1E3D4C53, [1, 2**31, 2**31 - 2, 3], bytes(20)))
put("norb/no_blocks", norb(0x1E3D4C55, [1, 2, 4, 3], bytes(24)))
put("norb/infinity", norb(0x1E3D4C51, [1, 1, 3, 3], struct.pack("<9f", *[float("inf")] * 9)))
put("norb/unknown_class", norb(0x1E3D4C54, [1], struct.pack("<i", 5)))
put("norb/lying_classes", norb(0x1E3D4C54, [2**32 - 1], bytes(8)))


# PNG: signature, then chunks of length, type, content, checksum.
def png(width, height, lines):
    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">2I5B", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")


put("image/empty.png", b"")
put("image/no_image.png", b"what is this")
put("image/truncated.png", png(2, 2, bytes(6))[:50])
put("image/lying_size.png", png(16000, 16000, bytes(6)))
put("image/huge_size.png", png(2**31 - 1, 2**31 - 1, bytes(6)))
put("image/broken.jpg", b"\xff\xd8\xff\xe0\0\x10JFIF")

# CSV: cells, with the column y as target.
put("csv/empty", b"")
put("csv/blank", b"\n\n\n")
put("csv/header_only", b"x,y\n")
put("csv/more_cells", b"x,y\n1,2\n\n1,2,3\n")
put("csv/fewer_cells", b"x,y\n1,2\n1\n")
put("csv/infinite", b"age,y\n1,2\n-inf,3\n")
put("csv/infinite_by_size", b"age,y\n1,2\n1e999,3\n")
put("csv/infinite_target", b"age,y\n1,2\n3,inf\n")
put("csv/not_utf8", b"age,name,y\n1,a,2\n3,b\xff,4\n")
put("csv/not_utf8_header", b"age,n\xe4me,y\n1,a,2\n")
put("csv/utf16_half", "x,y\n1,2\n".encode("utf-16")[:-1])
put("csv/utf16_unsaid", "x,y\n1,2\n".encode("utf-16-le"))
put("csv/twice", b"x,x,y\n1,2,3\n")
put("csv/no_target", b"x,z\n1,2\n")
put("csv/no_target_among_many", ",".join(f"x{at}" for at in range(30)).encode() + b"\n" + b",".join([b"1"] * 30))
put("csv/no_header", b"1,2\n3,4\n")
put("csv/only_target", b"y\n1\n2\n")
put("csv/missing_target", b'x,y\n"1\n2",3\n4,\n')
put("csv/open_quote", b'x,y\n1,2\n3,"4\n5,6\n')
put("csv/open_quote_last", b'x,y\n1,2\n3,"4')
put("csv/truncated_gzip", gzip.compress(b"x,y\n" + b"1,2\n" * 100, mtime=0)[:-9])
put("csv/too_many_columns", gzip.compress(b"," * (1 << 20), mtime=0))
