"""Frames over lines good and bad: is every request carried out once, and every failure one clear line?"""

from __future__ import annotations

import numpy as np
import pytest

from mgd_hdl.config.frames import Reply, Request, Status, framed, unframed
from mgd_hdl.config.memory_map import ADDRESS_BITS
from mgd_hdl.host import AccessRefused, DirectLine, FramedLine, HostError, NoAnswer
from mgd_sim.bus import DONE, REFUSED, UNMAPPED, Access, Answer
from mgd_sim.bus.frames import Frames

from .lines import Babbling, Broken, Lossy, Silent

_FIFO, _GONE, _SHY = 0x200, 0x400, 0x600
"""A register that keeps all that is written, none, and one that takes two words."""


class Registers:
    """Memory by words, behind frames; it counts what is done."""

    name = "registers under test"
    byte_seconds = 1e-4

    def __init__(self) -> None:
        self.words: dict[int, int] = {}
        self.fifo: list[int] = []
        self.shy = 2
        self.frames = Frames(self.access)
        self.now = 0.0

    def access(self, access: Access) -> Answer:
        address = access.address
        if address == _GONE or address == (1 << ADDRESS_BITS) - 4:
            return Answer(0, UNMAPPED)
        if address == _SHY:
            self.shy -= 1
            return Answer(self.shy & 0xFF, DONE if self.shy >= 0 else REFUSED)
        if access.write and address == _FIFO:
            self.fifo.append(access.data)
        elif access.write:
            self.words[address] = access.data
        return Answer(0 if access.write else self.words.get(address, address), DONE)

    def exchange(self, data: bytes, seconds: float = 0.0) -> bytes:
        self.now += seconds + len(data) * self.byte_seconds
        return b"".join(self.frames.byte(byte) for byte in data)

    def seconds(self) -> float:
        return self.now

    def let_pass(self, seconds: float) -> None:
        self.now += seconds

    def close(self) -> None:
        pass


def line_to(registers: Registers) -> FramedLine:
    return FramedLine(DirectLine(registers))


def test_words_and_blocks():
    registers = Registers()
    line = line_to(registers)
    line.write(0x10, 0xDEADBEEF)
    assert line.read(0x10) == 0xDEADBEEF
    words = list(range(1000, 1130))  # more than two frames
    line.write_block(0x800, words)
    assert line.read_block(0x800, 130) == words
    assert registers.words[0x804] == 1001
    line.write_block(_FIFO, words, fixed=True)
    assert registers.fifo == words
    assert line.read_block(0x10, 3, fixed=True) == [0xDEADBEEF] * 3


def test_a_new_host_is_not_taken_for_the_one_before():
    """Each begins to count anew, and its first writes have the numbers of the other's last ones."""
    registers = Registers()
    for value in (1, 2, 3):
        line_to(registers).write(_FIFO, value)
    assert registers.fifo == [1, 2, 3]


@pytest.mark.parametrize("fixed", [False, True])
@pytest.mark.parametrize("lost", [0, 70])
def test_a_refusal_tells_how_far_a_block_came(lost, fixed):
    registers = Registers()
    line = line_to(registers)
    first = _GONE - 4 * lost - 8
    with pytest.raises(AccessRefused, match="no register") as caught:
        line.read_block(first, lost + 9)
    assert caught.value.address == _GONE
    assert caught.value.done == lost + 2
    assert list(caught.value.words) == list(range(first, _GONE, 4))

    registers.shy = lost + 2
    with pytest.raises(AccessRefused, match="refused the access") as caught:
        line.write_block(_SHY, [5] * (lost + 9), fixed=True)
    assert (caught.value.address, caught.value.done, caught.value.words) == (_SHY, lost + 2, ())


@pytest.mark.parametrize("seed", range(4))
def test_nothing_is_lost_or_done_twice_on_a_bad_line(seed):
    """A byte in fifty is lost, changed, doubled, or a zero."""
    registers = Registers()
    wire = Lossy(registers, 0.02, seed)
    line = FramedLine(DirectLine(wire), tries=30)
    chosen = np.random.default_rng(seed)
    sent: list[int] = []
    for number in range(250):
        if chosen.random() < 0.5:
            words = chosen.integers(1 << 32, size=chosen.integers(1, 5)).tolist()
            line.write_block(_FIFO, words, fixed=True)
            sent += words
        else:
            line.write(0x20, number)
            assert line.read(0x20) == number
    assert registers.fifo == sent
    assert wire.spoilt > 100
    assert registers.frames.dropped > 20


def test_a_silent_line():
    silent = Silent()
    line = FramedLine(silent, tries=3, time_out=0.25)
    with pytest.raises(NoAnswer) as caught:
        line.read(0x44)
    assert str(caught.value) == (
        "line under test, address 0x000: no answer: is this the port, does the circuit run, is it this baud"
        " rate? (3 tries)"
    )
    # The same frame, with a zero before it.
    frame = b"\0" + framed(Request(0, 0).content)
    assert silent.heard == 3 * frame
    assert 0.75 <= silent.now < 1.0


def test_a_babbling_line():
    line = FramedLine(Babbling(), tries=3)
    with pytest.raises(NoAnswer, match=r"no answer, only \d{4,} bytes that are none: another device, or"):
        line.read(0x44)


def test_a_line_that_gives_back_what_it_hears():
    """As where two wires are not connected to a circuit but to each other."""
    with pytest.raises(NoAnswer, match=r"only \d+ bytes that are none"):
        FramedLine(Broken(bytes)).read(0x44)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda sequence: Reply((sequence + 1) % 256, Status.OK, 1, (7,)).content,
        lambda sequence: Reply(sequence, Status.OK, 2, (7, 8)).content,
        lambda sequence: Reply(sequence, Status.OK, 1).content,
        lambda sequence: Reply(sequence, Status.REFUSED, 1, (7,)).content,
        lambda sequence: bytes([sequence, 9, 1, 7, 0, 0, 0]),
        lambda sequence: bytes([sequence]),
    ],
    ids=["another number", "more words", "fewer words", "refused with all", "no status", "too short"],
)
def test_replies_to_something_else_do_not_count(wrong):
    def answer(data: bytes) -> bytes:
        content = unframed(data.strip(b"\0"))
        right = Reply(content[0], Status.OK, 1, (42,)).content
        return framed(wrong(content[0])) + framed(right)

    assert FramedLine(Broken(answer)).read(0x44) == 42


def test_a_zero_too_much():
    """It damages a frame as any other byte does: the circuit drops it, and hears the next one."""
    registers = Registers()
    direct = DirectLine(registers)
    send = direct.send

    def worn(data: bytes) -> None:
        direct.send = send
        registers.exchange(data[:-1] + b"\x01\0")  # the delimiter with a bit flipped, and the next one
        send(data)

    line = FramedLine(direct)
    line.write(_FIFO, 1)
    direct.send = worn
    line.write(_FIFO, 2)
    assert registers.fifo == [1, 2]
    assert registers.frames.dropped == 1


def test_a_circuit_that_knows_no_such_request():
    asked = []

    def answer(data: bytes) -> bytes:
        asked.append(data)
        return framed(Reply(unframed(data.strip(b"\0"))[0], Status.UNKNOWN, 0).content)

    with pytest.raises(HostError, match=r"address 0x044: the circuit knows no such request"):
        FramedLine(Broken(answer)).read(0x44)
    assert len(asked) == 2  # the one that tells two hosts apart, and this one


def test_after_an_interruption_the_next_request_is_understood():
    """Ctrl-C in the middle of an exchange: the late reply is not taken for the next one."""
    registers = Registers()
    direct = DirectLine(registers)
    line = FramedLine(direct)
    line.write(0x10, 5)
    receive = direct.receive

    def interrupted(_seconds: float) -> bytes:
        raise KeyboardInterrupt

    direct.receive = interrupted
    with pytest.raises(KeyboardInterrupt):
        line.write(_FIFO, 1)
    direct.receive = receive
    assert line.read(0x10) == 5
    assert registers.fifo == [1]
