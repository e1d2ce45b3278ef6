"""Pictures byte by byte, of kinds that Pillow reads but does not write, each with the colour that it should show."""

import io
import struct
import zlib

import numpy as np
from PIL import Image

RED = (200, 60, 20)
SIZE = 4  # pixels a side
REFUSED = None  # in place of a colour: nothing says what the numbers mean


def png(depth, kind, row, *, clear=b"", palette=b""):
    """A PNG whose rows are all alike; `clear` is its tRNS chunk."""

    def chunk(name, data):
        return len(data).to_bytes(4, "big") + name + data + zlib.crc32(name + data).to_bytes(4, "big")

    parts = [chunk(b"IHDR", struct.pack(">IIBBBBB", SIZE, SIZE, depth, kind, 0, 0, 0))]
    parts += [chunk(name, data) for name, data in ((b"PLTE", palette), (b"tRNS", clear)) if data]
    parts += [chunk(b"IDAT", zlib.compress((b"\0" + row) * SIZE)), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def tiff(photometric, bits, data, *, sample=1, order="<", extra=None):
    """An uncompressed TIFF of one strip. Sample formats are 1 unsigned, 2 signed, 3 fractions."""
    tags = [
        (256, 4, [SIZE]), (257, 4, [SIZE]), (258, 3, bits), (259, 3, [1]), (262, 3, [photometric]), (273, 4, [8]),
        (277, 3, [len(bits)]), (278, 4, [SIZE]), (279, 4, [len(data)]), (339, 3, [sample] * len(bits)),
    ]  # fmt: skip
    tags = sorted(tags if extra is None else [*tags, (338, 3, [extra])])
    data += b"\0" * (len(data) % 2)
    start = 8 + len(data)
    after = start + 2 + 12 * len(tags) + 4
    table, tail = struct.pack(order + "H", len(tags)), b""
    for tag, kind, values in tags:
        raw = b"".join(struct.pack(order + {3: "H", 4: "I"}[kind], v) for v in values)
        field = raw.ljust(4, b"\0") if len(raw) <= 4 else struct.pack(order + "I", after + len(tail))
        tail += raw if len(raw) > 4 else b""
        table += struct.pack(order + "HHI", tag, kind, len(values)) + field
    head = (b"II" if order == "<" else b"MM") + struct.pack(order + "HI", 42, start)
    return head + data + table + struct.pack(order + "I", 0) + tail


def kinds():
    """Name, bytes and the colour that every reader should show (None: to be refused)."""
    grey, red = b"\x80\x80", b"".join(bytes([c, c]) for c in RED)
    yield "png 16-bit grey", png(16, 0, grey * 4), (128,) * 3
    yield "png 16-bit grey, that grey clear", png(16, 0, grey * 4, clear=grey), (255,) * 3
    yield "png 16-bit grey, another clear", png(16, 0, grey * 4, clear=b"\0\1"), (128,) * 3
    yield "png 8-bit grey, clear", png(8, 0, b"\x40" * 4, clear=b"\0\x40"), (255,) * 3
    yield "png 2-bit grey", png(2, 0, b"\x55"), (85,) * 3
    yield "png 1-bit, clear", png(1, 0, b"\0", clear=b"\0\0"), (255,) * 3
    yield "png 16-bit colour", png(16, 2, red * 4), RED
    yield "png 16-bit colour, clear", png(16, 2, red * 4, clear=red), (255,) * 3
    yield "png 8-bit colour, clear", png(8, 2, bytes(RED) * 4, clear=b"\0\xc8\0\x3c\0\x14"), (255,) * 3
    yield "png 16-bit grey half clear", png(16, 4, 2 * grey * 4), (191,) * 3
    yield "png 16-bit colour opaque", png(16, 6, (red + b"\xff\xff") * 4), RED
    palette = bytes([0, 0, 0, *RED])
    yield "png palette, clear", png(8, 3, b"\1" * 4, palette=palette, clear=b"\xff\0"), (255,) * 3
    yield "png palette, opaque", png(8, 3, b"\1" * 4, palette=palette, clear=b"\0\xff"), RED
    yield "tiff 12-bit", tiff(1, [12], b"\x80\x88\x08" * 8), (128,) * 3
    yield "tiff 16-bit, white is zero", tiff(0, [16], b"\xc8\xc8" * 16), (55,) * 3
    for order in "<>":
        yield f"tiff 16-bit {order}", tiff(1, [16], grey * 16, order=order), (128,) * 3
        yield f"tiff 16-bit colour {order}", tiff(2, [16] * 3, red * 16, order=order), RED
        yield (
            f"tiff 16-bit cmyk {order}",
            tiff(5, [16] * 4, b"\0\0\x80\x80\x80\x80\0\0" * 16, order=order),
            (255, 127, 127),
        )
        yield f"tiff 8-bit, white is zero {order}", tiff(0, [8], b"\xc8" * 16, order=order), (55,) * 3
        yield f"tiff 16-bit signed {order}", tiff(1, [16], b"\x40\x40" * 16, sample=2, order=order), REFUSED
        whole, part = struct.pack(order + "I", 2**31) * 16, struct.pack(order + "f", 0.5) * 16
        yield f"tiff 32-bit {order}", tiff(1, [32], whole, order=order), REFUSED
        yield f"tiff 32-bit signed {order}", tiff(1, [32], whole, sample=2, order=order), REFUSED
        yield f"tiff fractions {order}", tiff(1, [32], part, sample=3, order=order), REFUSED
        yield f"tiff fractions, colour {order}", tiff(2, [32] * 3, part * 3, sample=3, order=order), REFUSED
    yield "tiff half clear", tiff(2, [8] * 4, bytes([*RED, 128]) * 16, extra=2), (227, 157, 137)
    yield "tiff half clear, multiplied", tiff(2, [8] * 4, bytes([100, 30, 10, 128]) * 16, extra=1), (227, 157, 137)
    yield "pgm 16-bit", b"P5 4 4 65535\n" + grey * 16, (128,) * 3
    yield "pgm to 1000", b"P5 4 4 1000\n" + struct.pack(">H", 502) * 16, (128,) * 3
    yield "pfm fractions", b"Pf\n4 4\n-1.0\n" + struct.pack("<f", 0.5) * 16, REFUSED
    yield (
        "eps, which would start a program",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 4 4\n%%EndComments\n",
        REFUSED,
    )


SAVED = {
    "PNG": "RGB RGBA", "JPEG": "RGB CMYK YCbCr", "GIF": "RGB", "BMP": "RGB RGBA", "WEBP": "RGB RGBA",
    "AVIF": "RGB RGBA", "TIFF": "RGB RGBA CMYK LAB YCbCr", "JPEG2000": "RGB RGBA CMYK", "PPM": "RGB", "ICO": "RGB RGBA",
    "TGA": "RGB RGBA", "PCX": "RGB",
}  # fmt: skip
"""Kinds that Pillow writes: by format, the modes that hold a colour."""


def saved():
    """The same for kinds that Pillow writes: in colour, and in grey, each as far as the format has it."""
    Image.init()
    red = Image.new("RGB", (32, 32), RED)
    deep = Image.fromarray(np.full((32, 32), 0x5A5A, np.uint16))
    for kind in (k for k in SAVED if k in Image.SAVE):
        for mode in SAVED[kind].split():
            yield f"{kind.lower()} {mode}", _bytes(red.convert(mode), kind), RED
        if kind in {"PNG", "JPEG", "GIF", "TIFF", "BMP", "WEBP"}:
            yield f"{kind.lower()} L", _bytes(red.convert("L"), kind), (97,) * 3
        if kind in {"PNG", "TIFF", "ICO", "JPEG2000"}:
            yield f"{kind.lower()} I;16", _bytes(deep, kind), (90,) * 3


def _bytes(image, kind):
    data = io.BytesIO()
    image.save(data, kind)
    return data.getvalue()
