"""The kernel that turns NV12 pictures of any sizes into network inputs, in a single launch.

A program makes one row of the input after another. First the lines of the frame that this row sees
are summed up, in whole lines as they lie in memory, then the columns of that sum, which is still
in the cache. Weights are those of a triangle as wide as two input pixels, so every pixel of the
frame counts however small the input is.

Importing this needs Triton.
"""
# pyright: reportMissingImports=false

from __future__ import annotations

import triton
import triton.language as tl


@triton.jit
def _sum_lines(
    plane, pitch, length, lines, center, step, line, KX: tl.constexpr, AT_ONCE: tl.constexpr
):
    """Write the weighted mean of the lines around a center, ``length`` values, to ``line``."""
    support = tl.maximum(step, 1.0)
    first = tl.maximum((center - support).to(tl.int32), 0)
    last = tl.minimum((center + support).to(tl.int32) + 1, lines)
    readable = tl.multiple_of((length + 15) // 16 * 16, 16)
    for start in range(0, length, KX):
        k = tl.multiple_of(start, 16) + tl.arange(0, KX)
        total = tl.zeros((KX,), tl.float32)
        weights = 0.0
        for i in range(first, last, AT_ONCE):
            for ahead in tl.static_range(AT_ONCE):  # so many loads on their way at once
                y = i + ahead
                away = tl.abs(y.to(tl.float32) + 0.5 - center) / support
                weight = tl.where(y < last, tl.maximum(1.0 - away, 0.0), 0.0)
                # Past the end the last line is read again, which costs nothing and counts nothing.
                row = plane + tl.minimum(y, last - 1).to(tl.int64) * pitch
                values = tl.load(row + k, mask=k < readable, other=0)
                total += weight * values.to(tl.float32)
                weights += weight
        share = 1.0 / tl.maximum(weights, 1e-6)
        tl.store(line + k, total * share, mask=k < readable)


@triton.jit
def _sum_columns(line, samples, centers, step, BX: tl.constexpr, AT_ONCE: tl.constexpr):
    """Return the weighted means of the values around each center."""
    support = tl.maximum(step, 1.0)
    narrow = 1.0 / support
    first = tl.maximum((centers - support).to(tl.int32), 0)
    total = tl.zeros((BX,), tl.float32)
    weights = tl.zeros((BX,), tl.float32)
    for t in range(0, (2.0 * support).to(tl.int32) + 2, AT_ONCE):
        for ahead in tl.static_range(AT_ONCE):
            k = first + t + ahead
            away = tl.abs(k.to(tl.float32) + 0.5 - centers) * narrow
            there = (k < samples) & (away < 1.0)
            weight = tl.where(there, 1.0 - away, 0.0)
            total += weight * tl.load(line + k, mask=there, other=0.0)
            weights += weight
    return total / tl.maximum(weights, 1e-6)


@triton.jit
def _sum_pairs(line, samples, centers, step, BX: tl.constexpr, AT_ONCE: tl.constexpr):
    """Return the weighted means of Cb and Cr, which take turns, around each center."""
    support = tl.maximum(step, 1.0)
    narrow = 1.0 / support
    first = tl.maximum((centers - support).to(tl.int32), 0)
    blue = tl.zeros((BX,), tl.float32)
    red = tl.zeros((BX,), tl.float32)
    weights = tl.zeros((BX,), tl.float32)
    for t in range(0, (2.0 * support).to(tl.int32) + 2, AT_ONCE):
        for ahead in tl.static_range(AT_ONCE):
            k = first + t + ahead
            away = tl.abs(k.to(tl.float32) + 0.5 - centers) * narrow
            there = (k < samples) & (away < 1.0)
            weight = tl.where(there, 1.0 - away, 0.0)
            blue += weight * tl.load(line + 2 * k, mask=there, other=0.0)
            red += weight * tl.load(line + 2 * k + 1, mask=there, other=0.0)
            weights += weight
    norm = tl.maximum(weights, 1e-6)
    return blue / norm, red / norm


@triton.jit
def _store(
    place, step, channels, red, green, blue, inside, pad, there, ROUND: tl.constexpr
):  # fmt: skip
    """Write pixels as the network wants them."""
    for channel in tl.static_range(3):
        colour = tl.load(channels + channel * 3)
        factor, shift = tl.load(channels + channel * 3 + 1), tl.load(channels + channel * 3 + 2)
        value = tl.where(colour == 0, red, tl.where(colour == 1, green, blue))
        value = tl.where(inside, tl.minimum(tl.maximum(value, 0.0), 255.0), pad)
        if ROUND:
            value = tl.floor(value + 0.5)
        value = value * factor + shift
        tl.store(place + channel * step, value.to(place.dtype.element_ty), mask=there)


@triton.jit
def fill_inputs(
    pictures, numbers, channels, scratch, output, rows_in_all, height, width, pad, longest,
    batch_step, row_step, pixel_step, channel_step,
    ROUND: tl.constexpr, KX: tl.constexpr, BX: tl.constexpr, AT_ONCE: tl.constexpr,
):  # fmt: skip
    """Make rows of the inputs, one after another.

    Args:
        pictures: ``(B, 8)`` int64: addresses of luma and chroma, pitch, width and height of the
            picture, pixels; a luma address of 0 gives padding only.
        numbers: ``(B, 16)`` float32: left, top, columns and rows of the picture inside the input;
            frame pixels per input pixel across and down; black level and factor of luma; what Cr
            adds to red, Cb and Cr to green, Cb to blue.
        channels: ``(3, 3)`` float32: for each channel of the input which colour it is (0 red,
            1 green, 2 blue), the factor on 0 to 255, and what is added.
        scratch: ``(programs, 2, longest)`` float32.
        output: The inputs, of any float type.
        rows_in_all: Rows of all inputs together.
        height: Rows of one input.
        width: Columns of one input.
        pad: What is beside pictures, 0 to 255.
        longest: Bytes that a line of any picture has at most, rounded up to 16.
        batch_step: Values from picture to picture; then rows, pixels and channels.
        row_step: See ``batch_step``.
        pixel_step: See ``batch_step``.
        channel_step: See ``batch_step``.
        ROUND: Whether values are rounded to whole numbers, for inputs that are.
        KX: Bytes of a line that a program reads at once.
        BX: Columns of the input that a program makes at once.
        AT_ONCE: Lines, and then columns, whose loads are on their way at once.
    """
    line = scratch + tl.program_id(0) * 2 * longest
    pairs = line + longest
    for item in range(tl.program_id(0), rows_in_all, tl.num_programs(0)):
        picture, y = item // height, item % height
        row, number = pictures + picture * 8, numbers + picture * 16
        address = tl.load(row)
        left, from_top = tl.load(number), y.to(tl.float32) - tl.load(number + 1)
        columns, across = tl.load(number + 2), tl.load(number + 4)
        place = output + picture.to(tl.int64) * batch_step + y * row_step
        # A row or column is the picture's if its middle is.
        seen = (address != 0) & (from_top >= -0.5) & (from_top < tl.load(number + 3) - 0.5)
        wide, high = tl.load(row + 3).to(tl.int32), tl.load(row + 4).to(tl.int32)
        if seen:
            pitch = tl.multiple_of(tl.load(row + 2), 16)
            luma = tl.multiple_of(address.to(tl.pointer_type(tl.uint8)), 4)
            chroma = tl.multiple_of(tl.load(row + 1).to(tl.pointer_type(tl.uint8)), 4)
            down = tl.load(number + 5)
            center = (from_top + 0.5) * down
            _sum_lines(luma, pitch, wide, high, center, down, line, KX, AT_ONCE)
            # A line of chroma covers two of luma, and has half as many pairs of bytes.
            pair_bytes = (wide + 1) // 2 * 2
            _sum_lines(
                chroma, pitch, pair_bytes, (high + 1) // 2, center * 0.5, down * 0.5, pairs, KX,
                AT_ONCE,
            )  # fmt: skip
        tl.debug_barrier()  # what one thread summed up others read
        for start in range(0, width, BX):
            x = start + tl.arange(0, BX)
            there = x < width
            from_left = x.to(tl.float32) - left
            inside = seen & (from_left >= -0.5) & (from_left < columns - 0.5)
            red = tl.zeros((BX,), tl.float32)
            green = tl.zeros((BX,), tl.float32)
            blue = tl.zeros((BX,), tl.float32)
            if seen:
                centers = (from_left + 0.5) * across
                light = _sum_columns(line, wide, centers, across, BX, AT_ONCE)
                cb, cr = _sum_pairs(
                    pairs, (wide + 1) // 2, centers * 0.5, across * 0.5, BX, AT_ONCE
                )
                light = (light - tl.load(number + 6)) * tl.load(number + 7)
                cb, cr = cb - 128.0, cr - 128.0
                red = light + cr * tl.load(number + 8)
                green = light + cb * tl.load(number + 9) + cr * tl.load(number + 10)
                blue = light + cb * tl.load(number + 11)
            _store(
                place + x * pixel_step, channel_step, channels, red, green, blue, inside, pad,
                there, ROUND,
            )  # fmt: skip
        tl.debug_barrier()  # before the next row takes the place of this one
