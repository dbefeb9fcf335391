"""Is every frame carried out and answered as the twin says, and everything else dropped?"""

from __future__ import annotations

from collections.abc import Iterator

import cocotb
import numpy as np
from cocotb.triggers import FallingEdge, ReadOnly, RisingEdge

from mgd_hdl.config.frames import MOST_WORDS, Request, cobs, crc, framed
from mgd_sim.bus import DONE, REFUSED, UNMAPPED, Access, Answer
from mgd_sim.bus.frames import Frames
from mgd_sim.rtl import bench_parameters
from testbenches.bus.payloads import said, unpacked
from testbenches.support import clock, random_numbers, start


class Memory:
    """A bank of 1,000 words, some of which refuse; what was asked of it, in order."""

    def __init__(self) -> None:
        self.words: dict[int, int] = {}
        self.asked: list[Access] = []

    def __call__(self, access: Access) -> Answer:
        self.asked.append(access)
        place = access.address // 4
        if place >= 1000:
            return Answer(0, UNMAPPED)
        if access.address % 4 or place % 100 == 99:
            return Answer(0, REFUSED)
        if access.write:
            self.words[place] = access.data
            return Answer(0, DONE)
        # Many bytes are zero.
        return Answer(self.words.get(place, place << 16 | place % 3), DONE)


def some_request(rng: np.random.Generator, sequence: int) -> Request:
    count = int(rng.choice([1, 1, 2, int(rng.integers(1, 12))]))
    address = int(rng.integers(1020)) * 4 if rng.random() < 0.9 else int(rng.integers(1 << 16))
    words = [int(rng.integers(1 << 32)) & int(rng.choice([0xFF, 0xFF00FF, 0xFFFFFFFF])) for _ in range(count)]
    writes = rng.random() < 0.5
    return Request(sequence, address, words if writes else (), count, bool(rng.random() < 0.3))


def some_lines(rng: np.random.Generator, count: int) -> Iterator[bytes]:
    """Requests with rising numbers, again and again repeated; damaged ones; frames that ask for nothing
    known;
    what is too long or too short.
    """
    sequence, last = 0, b"\0"
    for _ in range(count):
        kind = rng.random()
        if kind < 0.15:
            yield last
            continue
        if kind < 0.6:
            sequence = int(rng.choice([0, sequence % 255 + 1, sequence % 255 + 1]))
            last = framed(some_request(rng, sequence).content)
            yield last
        elif kind < 0.7:
            content = bytearray(some_request(rng, 1).content)
            content[int(rng.choice([1, 4]))] = int(rng.integers(256))
            yield framed(bytes(content) + bytes(rng.integers(0, 3)))
        elif kind < 0.85:
            damaged = bytearray(framed(some_request(rng, 2).content))
            damaged[rng.integers(len(damaged))] ^= 1 << int(rng.integers(8))
            yield bytes(damaged)
        else:
            size = int(rng.choice([0, 1, 4, 6, 7, 8, int(rng.integers(260))]))
            content = rng.integers(0, 4, size=size, dtype=np.uint8).tobytes()
            yield bytes([*rng.integers(0, 256, size=size)]) if kind < 0.95 else framed(content)
    # After whatever it was: the zero ends it, and a request is heard.
    yield b"\0"
    yield framed(Request(0, 8).content)


async def talk(dut, rng: np.random.Generator, lines: Iterator[bytes], slow: float) -> tuple[Memory, Memory]:
    """Send line after line, take what comes back, compare it with the twin; the two banks that were asked."""
    theirs, ours = Memory(), Memory()
    twin = Frames(ours)
    answer: Answer | None = None
    dropped = 0
    await start(
        dut,
        i__valid=0,
        i__payload=0,
        o__ready=0,
        broken=0,
        request__ready=0,
        response__valid=0,
        response__payload=0,
    )

    async def one(byte: int | None) -> int | None:
        """A clock; what leaves in it."""
        nonlocal answer, dropped
        await FallingEdge(dut.clk)
        ready, takes = bool(rng.random() >= slow), bool(rng.random() >= slow)
        dut.i__valid.value = int(byte is not None)
        dut.i__payload.value = int(rng.integers(256)) if byte is None else byte
        dut.o__ready.value = ready
        dut.request__ready.value = takes
        dut.response__valid.value = int(answer is not None)
        dut.response__payload.value = said(answer)
        await ReadOnly()
        dropped += int(dut.bad.value)
        if answer is not None and dut.response__ready.value == 1:
            answer = None
        if dut.request__valid.value == 1 and takes:
            answer = theirs(unpacked(int(dut.request__payload.value)))
        return int(dut.o__payload.value) if dut.o__valid.value == 1 and ready else None

    for line in lines:
        expected = b""
        for byte in line:
            while rng.random() < slow:
                assert await one(None) is None
            expected += twin.byte(byte)
            assert await one(byte) is None
            if expected:
                break
        found, waited = bytearray(), 0
        while len(found) < len(expected):
            byte = await one(None)
            if byte is not None:
                found.append(byte)
            waited += 1
            # Of a host's patience: far less than the bytes need on the line.
            assert waited < 40 + 20 * len(line) + (20 + 8 * 10 * slow) * len(expected), line.hex(" ")
        assert bytes(found) == expected, line.hex(" ")
        for _ in range(4):
            assert await one(None) is None
    assert dropped == twin.dropped
    return theirs, ours


@cocotb.test(timeout_time=50, timeout_unit="ms")
@cocotb.parametrize(slow=[0.0, 0.5])
async def frames_are_answered_as_by_the_twin(dut, slow):
    rng = random_numbers()
    theirs, ours = await talk(dut, rng, some_lines(rng, bench_parameters()["frames"]), slow)
    assert theirs.asked == ours.asked
    assert theirs.words == ours.words
    assert len(ours.asked) > 40


@cocotb.test(timeout_time=5, timeout_unit="ms")
async def the_largest_frames(dut):
    """Sixty words each way, and then one more than there may be."""
    rng, words = random_numbers(), [0x01000000 * (k % 3) + k for k in range(MOST_WORDS)]
    lines = [
        framed(Request(1, 0, words).content),
        framed(Request(2, 0, count=MOST_WORDS).content),
        framed(Request(3, 0, count=MOST_WORDS + 1).content),
        framed(Request(4, 0, [0] * (MOST_WORDS + 1)).content),
        framed(Request(5, 0, count=1).content),
    ]
    theirs, _ = await talk(dut, rng, iter(lines), 0.0)
    assert [theirs.words[k] for k in range(MOST_WORDS)] == words
    assert len(theirs.asked) == 2 * MOST_WORDS + 1


@cocotb.test(timeout_time=5, timeout_unit="ms")
async def a_reply_begins_in_the_clock_of_the_page(dut):
    """So many clocks after the zero, by the formula of the page; the bank answers in the next clock."""
    counts = (1, 2, MOST_WORDS)
    requests = [*(Request(0, 0, [5] * words) for words in counts), *(Request(0, 0, count=n) for n in counts)]
    idle = {"i__valid": 0, "i__payload": 0, "broken": 0, "o__ready": 1, "request__ready": 1}
    await start(dut, **idle, response__valid=0, response__payload=0x01020304)
    for request in requests:
        for byte in framed(request.content):
            await clock(dut, i__valid=1, i__payload=byte)
        waited = asked = 0
        while dut.o__valid.value == 0:
            await clock(dut, i__valid=0, response__valid=asked)
            asked = int(dut.request__valid.value)
            waited += 1
        words = len(request.words) or request.count
        sent = 3 + 2 + (0 if request.writes else 4 * words)
        assert waited == 6 * words + 2 * sent + 6
        assert waited <= 16 * words + 40
        for _ in range(2 * sent + 8):
            await clock(dut)


@cocotb.test(timeout_time=5, timeout_unit="ms")
async def a_zero_too_much_is_no_request(dut):
    """Behind the check, or before the number: such a frame is dropped, and the next one is heard."""
    line = framed(Request(1, 8, [5]).content)[:-1]
    lines = [line + b"\1\0", line + b"\1\1\1\0", b"\1" + line + b"\0", line + b"\0"]
    theirs, _ = await talk(dut, random_numbers(), iter(lines), 0.0)
    assert theirs.asked == [Access(8, True, 5)]


@cocotb.test(timeout_time=5, timeout_unit="ms")
async def what_comes_during_a_reply_is_dropped(dut):
    """Up to the next zero; and a byte that was none spoils its frame, and no other."""
    await start(
        dut,
        i__valid=0,
        i__payload=0,
        o__ready=1,
        broken=0,
        request__ready=1,
        response__valid=1,
        response__payload=7,
    )

    async def send(line: bytes, *, broken_at: int = -1) -> None:
        for place, byte in enumerate(line):
            await FallingEdge(dut.clk)
            dut.i__valid.value = int(place != broken_at)
            dut.broken.value = int(place == broken_at)
            dut.i__payload.value = byte
        await FallingEdge(dut.clk)
        dut.i__valid.value = dut.broken.value = 0

    dropped = 0

    async def watch() -> None:
        nonlocal dropped
        while True:
            await RisingEdge(dut.clk)
            dropped += int(dut.bad.value)

    cocotb.start_soon(watch())

    async def replies(clocks: int) -> int:
        """How many zeros leave."""
        count = 0
        for _ in range(clocks):
            await FallingEdge(dut.clk)
            await ReadOnly()
            count += dut.o__valid.value == 1 and dut.o__payload.value == 0
        return count

    read = [framed(Request(number, 4).content) for number in range(9)]
    await send(read[1])
    await send(read[2][:4])  # while the first is carried out
    assert await replies(80) == 1
    await send(read[2][4:])  # the rest of what was dropped
    assert await replies(80) == 0
    await send(read[3])
    assert await replies(80) == 1
    await send(read[4], broken_at=3)
    assert await replies(80) == 0
    await send(read[5])
    assert await replies(80) == 1
    await send(bytes([3, 3, 3]) + read[6])
    assert await replies(80) == 0
    await send(b"\0" + read[6])
    assert await replies(80) == 1
    # The broken one, and the one behind three bytes of nothing.
    assert dropped == 2


@cocotb.test(timeout_time=50, timeout_unit="ms")
async def after_any_garbage_a_request_is_heard(dut):
    """Bytes at random, then a zero, then a read."""
    rng, count = random_numbers(), bench_parameters()["garbage"]
    memory = Memory()
    await start(
        dut,
        i__valid=0,
        i__payload=0,
        o__ready=1,
        broken=0,
        request__ready=1,
        response__valid=0,
        response__payload=0,
    )
    answer = None
    reply = bytearray()
    garbage = rng.integers(256, size=count, dtype=np.uint8).tobytes() + bytes(4000)
    line = garbage + framed(Request(0, 40).content)
    for at in range(len(line) + 200):
        await FallingEdge(dut.clk)
        dut.i__valid.value = int(at < len(line))
        dut.i__payload.value = line[at] if at < len(line) else 0
        dut.broken.value = 0
        dut.response__valid.value = int(answer is not None)
        dut.response__payload.value = said(answer)
        await ReadOnly()
        answer = None
        if dut.request__valid.value == 1:
            answer = memory(unpacked(int(dut.request__payload.value)))
        if at >= len(garbage) and dut.o__valid.value == 1:
            reply.append(int(dut.o__payload.value))
    content = bytes([0, 0, 1]) + memory(Access(40)).data.to_bytes(4, "little")
    assert bytes(reply) == cobs(content + crc(content).to_bytes(2, "big")) + b"\0"
