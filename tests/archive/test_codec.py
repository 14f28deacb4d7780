"""Codecs: recognised by content, inflated as a stream, damage and bombs refused."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import struct
from collections.abc import Callable
from functools import partial

import pytest
import zstandard

from layerscope.archive.blob import BrokenBlob
from layerscope.archive.codec import Codec, DecompressionBomb, Limits, decoded, detect

DATA = b"".join(b"line %d of something compressible\n" % n for n in range(20_000))


def zstd(data: bytes, *, checksum: bool = False, size: bool = True) -> bytes:
    return zstandard.ZstdCompressor(write_checksum=checksum, write_content_size=size).compress(data)


def skippable(content: bytes, number: int = 0) -> bytes:
    return struct.pack("<II", 0x184D2A50 + number, len(content)) + content


def inflate(blob: bytes, codec: Codec | None = None, limits: Limits | None = None) -> bytes:
    stream = decoded(io.BytesIO(blob), codec or detect(blob[:6]), limits)
    memory = bytearray(100_000)
    out = b""
    while size := stream.readinto(memory):
        out += memory[:size]
    return out


COMPRESS: dict[Codec, Callable[[bytes], bytes]] = {
    Codec.PLAIN: bytes,
    Codec.GZIP: gzip.compress,
    Codec.ZSTD: zstd,
    Codec.XZ: lzma.compress,
    Codec.BZIP2: bz2.compress,
}
COMPRESSED = [codec for codec in Codec if codec is not Codec.PLAIN]


@pytest.mark.parametrize("codec", Codec)
def test_recognised_and_inflated(codec: Codec) -> None:
    blob = COMPRESS[codec](DATA)
    assert detect(blob[:6]) is codec
    assert inflate(blob) == DATA


@pytest.mark.parametrize("codec", Codec)
def test_empty_data(codec: Codec) -> None:
    assert inflate(COMPRESS[codec](b""), codec) == b""


def test_nothing_at_all_is_plain() -> None:
    assert detect(b"") is Codec.PLAIN
    assert inflate(b"") == b""


@pytest.mark.parametrize("codec", Codec)
def test_fills_the_buffer_and_counts(codec: Codec) -> None:
    blob = COMPRESS[codec](DATA)
    stream = decoded(io.BytesIO(blob), codec)
    memory = bytearray(300_000)
    assert stream.readinto(memory) == 300_000
    assert stream.readinto(memory) == 300_000
    assert stream.readinto(memory) == len(DATA) - 600_000
    assert stream.readinto(memory) == 0
    assert (stream.taken, stream.given) == (len(blob), len(DATA))


@pytest.mark.parametrize("codec", COMPRESSED)
def test_members_follow_each_other(codec: Codec) -> None:
    pieces = [DATA[:100], DATA[100:70_000], b"", DATA[70_000:]]
    assert inflate(b"".join(map(COMPRESS[codec], pieces))) == DATA


@pytest.mark.parametrize("codec", COMPRESSED)
@pytest.mark.parametrize("kept", [1, 0.9, 0.5, 0.01])
def test_cut_short_is_an_error(codec: Codec, kept: float) -> None:
    blob = COMPRESS[codec](DATA)
    blob = blob[:-1] if kept == 1 else blob[: int(len(blob) * kept)]
    with pytest.raises(BrokenBlob, match=r"ends (too early|in the middle)"):
        inflate(blob, codec)


@pytest.mark.parametrize("codec", COMPRESSED)
def test_cut_in_the_second_member_is_an_error(codec: Codec) -> None:
    with pytest.raises(BrokenBlob):
        inflate(COMPRESS[codec](DATA) + COMPRESS[codec](DATA)[:-9])


@pytest.mark.parametrize("codec", COMPRESSED)
def test_something_behind_the_data_is_an_error(codec: Codec) -> None:
    with pytest.raises(BrokenBlob):
        inflate(COMPRESS[codec](DATA) + b"this is no member, whatever else it may be")


@pytest.mark.parametrize("codec", [Codec.GZIP, Codec.XZ, Codec.BZIP2])
def test_zeros_behind_a_member_are_padding(codec: Codec) -> None:
    blob = COMPRESS[codec](DATA)
    padding = bytes(1_000_000)
    assert inflate(blob + padding) == DATA
    assert inflate(blob + padding + blob) == DATA + DATA


@pytest.mark.parametrize("codec", COMPRESSED)
def test_damage_is_an_error(codec: Codec) -> None:
    compress = partial(zstd, checksum=True) if codec is Codec.ZSTD else COMPRESS[codec]
    blob = bytearray(compress(DATA))
    blob[len(blob) // 2] ^= 0x40
    with pytest.raises(BrokenBlob):
        inflate(bytes(blob))


def test_a_wrong_checksum_is_an_error() -> None:
    blob = bytearray(gzip.compress(DATA))
    blob[-6] ^= 1
    with pytest.raises(BrokenBlob, match="damaged"):
        inflate(bytes(blob))


@pytest.mark.parametrize("place", ["front", "between", "end"])
@pytest.mark.parametrize("number", [0, 15])
def test_skippable_zstd_frames_are_passed_over(place: str, number: int) -> None:
    extra = skippable(b"a table of contents" * 1000, number)
    half, rest = zstd(DATA[:1000]), zstd(DATA[1000:], checksum=True, size=False)
    blob = {
        "front": extra + half + rest,
        "between": half + extra + rest,
        "end": half + rest + extra + skippable(b""),
    }[place]
    assert detect(blob[:6]) is Codec.ZSTD
    assert inflate(blob) == DATA


@pytest.mark.parametrize("cut", [1, 6, 11, 16])
def test_a_skippable_frame_that_is_cut_short(cut: int) -> None:
    with pytest.raises(BrokenBlob, match="middle of a frame"):
        inflate((zstd(DATA) + skippable(b"ten bytes!"))[:-cut])


def test_zstd_frames_seen_a_byte_at_a_time() -> None:
    class Dribble(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            return super().read(1)

    blob = zstd(DATA[:5000]) + skippable(b"abc") + zstd(DATA[5000:9000], checksum=True)
    stream = decoded(Dribble(blob), Codec.ZSTD)
    assert stream.read(-1) == DATA[:9000]


def test_a_zstd_window_that_no_decoder_should_hold() -> None:
    parameters = zstandard.ZstdCompressionParameters(window_log=30, compression_level=1)
    stream = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    blob = stream.compress(DATA) + stream.flush()
    with pytest.raises(BrokenBlob, match="zstd data"):
        inflate(blob)


@pytest.mark.parametrize("codec", COMPRESSED)
def test_a_bomb_is_refused_by_ratio(codec: Codec) -> None:
    blob = COMPRESS[codec](bytes(20_000_000))
    limits = Limits(max_ratio=100, free=1_000_000)
    with pytest.raises(DecompressionBomb, match="more than 100 times"):
        inflate(blob, limits=limits)
    assert len(inflate(blob, limits=Limits(free=20_000_000))) == 20_000_000


@pytest.mark.parametrize("codec", COMPRESSED)
def test_a_bomb_is_refused_by_size(codec: Codec) -> None:
    with pytest.raises(DecompressionBomb, match="beyond 500000 bytes"):
        inflate(COMPRESS[codec](DATA), limits=Limits(max_size=500_000))


def test_plain_data_is_never_a_bomb() -> None:
    assert inflate(DATA, limits=Limits(max_size=1, max_ratio=0, free=0)) == DATA


@pytest.mark.parametrize("codec", COMPRESSED)
def test_a_failing_disk_is_not_called_damage(codec: Codec) -> None:
    class Failing(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise OSError(5, "Input/output error")

        def readinto(self, memory: object) -> int:
            raise OSError(5, "Input/output error")

    with pytest.raises(OSError, match="Input/output error"):
        decoded(Failing(), codec).read(1)
