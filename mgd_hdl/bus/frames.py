"""Frames of a serial line: requests to accesses, answers to replies."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, unsigned
from amaranth.lib import memory, stream
from amaranth.lib.wiring import In, Out

from ..config.frames import (
    CRC_END,
    CRC_RESIDUE,
    CRC_START,
    DELIMITER,
    FIXED,
    MOST_BYTES,
    MOST_WORDS,
    WRITE,
    Status,
)
from ..config.memory_map import ADDRESS_BITS
from ..hierarchy import Block
from . import DONE, UNMAPPED, request_stream, response_stream

__all__ = ["Frames"]

#: Bytes of a request before its words.
_HEAD = 5
#: The memory's halves: content of a request, words that were read; and the line of the reply.
_CONTENT, _LINE = 0, 1


class Frames(Block):
    """Takes frames apart, carries out each once, and answers; a repeated one gets its reply again.

    The format is :mod:`mgd_hdl.config.frames`. One memory of 512 bytes holds a request without its COBS, in
    whose place words that are read are put, and the line of its reply, which stays for a repetition.

    A byte of a request may come in every clock. What comes while a request is carried out and answered is
    dropped, up to the next zero. With a bank that answers in the next clock a reply begins ``6 n + 2 m + 6``
    clocks after the zero of its request, of n words; it has m bytes, its check among them.

    Members
    -------
    i : In(stream of bytes, always ready); o : Out(stream of bytes)
    broken : In(1)
        There was a byte on the line that is none; so this frame is none.
    bad : Out(1)
        A frame was dropped; one clock.
    request : Out(stream of requests); response : In(stream of responses)
    """

    def __init__(self):
        super().__init__(
            {
                "i": In(stream.Signature(8, always_ready=True)),
                "o": Out(stream.Signature(8)),
                "broken": In(1),
                "bad": Out(1),
                "request": Out(request_stream()),
                "response": In(response_stream()),
            }
        )

    @property
    def module(self) -> str:
        return "frames"

    def elaborate(self, platform):
        m = Module()
        m.submodules.bytes = bytes_ = memory.Memory(shape=unsigned(8), depth=512, init=[])
        read, write = bytes_.read_port(), bytes_.write_port()
        half = Signal()  # to read, as its place
        place = Signal(8)
        m.d.comb += read.addr.eq(Cat(place, half))

        # What a request asks for, as its bytes come.
        number = Signal(8)
        last = Signal(8)
        command = Signal(8)
        count = Signal(8)
        low = Signal(2)  # the address of a byte in its word
        address = Signal(14)  # the word's
        writes, fixed = command[WRITE.bit_length() - 1], command[FIXED.bit_length() - 1]

        check = Signal(16, init=CRC_START)
        ended = check ^ CRC_END
        into_check = Signal(8)
        checks = Signal()
        fresh = Signal()
        with m.If(fresh):
            m.d.sync += check.eq(CRC_START)
        with m.Elif(checks):
            m.d.sync += check.eq(_crc(check, into_check))

        length = Signal(8)  # bytes of the content so far
        run = Signal(8)  # bytes up to the next one that COBS has put in
        good = Signal(init=1)
        begun = Signal()
        skips = Signal()
        content = Signal(8)
        stored = Signal()

        words = Signal(6)  # that are done
        quarter = Signal(2)  # which byte of the word
        word = Signal(32)
        status = Signal(2)
        pointer = Signal(8)  # where in the line the length of a run belongs
        tail = Signal(8)  # its end
        part = Signal(8)  # bytes of the reply so far
        total = Signal(8)  # all before its check
        chosen = Signal(8)

        def put(half: int, place: Value, value: Value) -> list:
            return [write.en.eq(1), write.addr.eq(Cat(place, Const(half, 1))), write.data.eq(value)]

        request, answer = self.request.payload, self.response.payload
        bits = ADDRESS_BITS - 2
        beyond = address[bits:].any()
        m.d.comb += [
            # No register is at the last address, and none beyond.
            request.address.eq(Cat(low, address[:bits] | beyond.replicate(bits))),
            request.data.eq(word),
            request.strobes.eq(0b1111),
            request.write.eq(writes),
            self.o.payload.eq(read.data),
        ]
        m.d.sync += self.bad.eq(0)
        delimiter = Signal()
        m.d.comb += delimiter.eq(self.i.payload == DELIMITER)
        with m.FSM(name="phase") as phase:
            with m.State("LISTEN"):
                with m.If(self.broken & ~skips):
                    m.d.sync += [good.eq(0), begun.eq(1)]
                with m.If(self.i.valid & skips):
                    m.d.sync += skips.eq(~delimiter)
                with m.Elif(self.i.valid & delimiter):
                    # Nothing between two zeros is no frame, and no fault.
                    m.d.sync += [good.eq(1), begun.eq(0), run.eq(0), length.eq(0), total.eq(length)]
                    m.d.comb += fresh.eq(1)
                    with m.If(good & ~run.any() & (check == CRC_RESIDUE) & (length >= _HEAD + 2)):
                        m.next = "JUDGE"
                    with m.Else():
                        m.d.sync += self.bad.eq(begun)
                with m.Elif(self.i.valid):
                    m.d.sync += begun.eq(1)
                    with m.If(run == 0):
                        # The length of a run; a zero is before it, unless it is the first.
                        m.d.sync += run.eq(self.i.payload - 1)
                        m.d.comb += stored.eq(begun)
                        with m.If(self.i.payload == 0xFF):
                            m.d.sync += good.eq(0)
                    with m.Else():
                        m.d.sync += run.eq(run - 1)
                        m.d.comb += [stored.eq(1), content.eq(self.i.payload)]
                with m.If(stored):
                    m.d.comb += [into_check.eq(content), checks.eq(1), *put(_CONTENT, length, content)]
                    with m.If(length == MOST_BYTES):
                        m.d.sync += good.eq(0)
                    with m.Else():
                        m.d.sync += length.eq(length + 1)
                    with m.Switch(length):
                        head = (number, command, Cat(low, address[:6]), address[6:], count)
                        for index, register in enumerate(head):
                            with m.Case(index):
                                m.d.sync += register.eq(content)

            with m.State("JUDGE"):
                known = Signal()
                wanted = Signal(11)
                m.d.comb += [
                    wanted.eq(Mux(writes, Cat(Const(0, 2), count), 0) + _HEAD + 2),
                    known.eq(
                        ~(command & (0xFF & ~(WRITE | FIXED))).any()
                        & (count != 0)
                        & (count <= MOST_WORDS)
                        & (total == wanted)
                    ),
                    half.eq(_CONTENT),
                    place.eq(_HEAD),
                ]
                m.d.sync += [words.eq(0), quarter.eq(0), last.eq(number)]
                with m.If((number == last) & (number != 0)):
                    m.next = "LOAD"
                with m.Else():
                    m.d.sync += [length.eq(_HEAD), status.eq(Mux(known, Status.OK, Status.UNKNOWN))]
                    with m.If(~known):
                        m.next = "REPLY"
                    with m.Elif(writes):
                        m.next = "FETCH"
                    with m.Else():
                        m.next = "ACCESS"

            # Until the reply, length is the place of the next byte of a word.
            with m.State("FETCH"):
                m.d.comb += [half.eq(_CONTENT), place.eq(length + 1)]
                m.d.sync += [
                    length.eq(length + 1),
                    quarter.eq(quarter + 1),
                    word.eq(Cat(word[8:], read.data)),
                ]
                with m.If(quarter == 3):
                    m.next = "ACCESS"
            with m.State("ACCESS"):
                m.d.comb += self.request.valid.eq(1)
                with m.If(self.request.ready):
                    m.next = "ANSWER"
            with m.State("ANSWER"):
                m.d.comb += [self.response.ready.eq(1), half.eq(_CONTENT), place.eq(length)]
                with m.If(self.response.valid & (answer.error == DONE)):
                    m.d.sync += words.eq(words + 1)
                    with m.If(~fixed):
                        m.d.sync += address.eq(address + 1)
                    with m.If(~writes):
                        m.d.sync += word.eq(answer.data)
                        m.next = "KEEP"
                    with m.Elif(words + 1 == count):
                        m.next = "REPLY"
                    with m.Else():
                        m.next = "FETCH"
                with m.Elif(self.response.valid):
                    m.d.sync += status.eq(Mux(answer.error == UNMAPPED, Status.UNMAPPED, Status.REFUSED))
                    m.next = "REPLY"
            with m.State("KEEP"):
                m.d.comb += put(_CONTENT, length, word[:8])
                m.d.sync += [length.eq(length + 1), quarter.eq(quarter + 1), word.eq(word[8:])]
                with m.If(quarter == 3):
                    with m.If(words == count):
                        m.next = "REPLY"
                    with m.Else():
                        m.next = "ACCESS"

            # COBS in place: where a zero would be, the length of the run before it goes to where that began.
            with m.State("REPLY"):
                m.d.comb += [half.eq(_CONTENT), place.eq(_HEAD)]
                m.d.sync += [
                    total.eq(Mux(writes | (status == Status.UNKNOWN), 0, Cat(Const(0, 2), words)) + 3),
                    length.eq(_HEAD),
                    pointer.eq(0),
                    tail.eq(1),
                    part.eq(0),
                ]
                m.next = "CHOOSE"
            with m.State("CHOOSE"):
                m.d.sync += part.eq(part + 1)
                with m.If(part == total):
                    m.d.sync += chosen.eq(ended[8:])
                with m.Elif(part > total):
                    m.d.sync += chosen.eq(ended[:8])
                with m.Elif(part < 3):
                    m.d.sync += chosen.eq(Mux(part == 0, number, Mux(part == 1, status, words)))
                with m.Else():
                    m.d.sync += [chosen.eq(read.data), length.eq(length + 1)]
                m.next = "PUT"
            with m.State("PUT"):
                m.d.comb += [half.eq(_CONTENT), place.eq(length), into_check.eq(chosen)]
                m.d.comb += checks.eq(part <= total)
                with m.If(chosen == 0):
                    m.d.comb += put(_LINE, pointer, tail - pointer)
                    m.d.sync += pointer.eq(tail)
                with m.Else():
                    m.d.comb += put(_LINE, tail, chosen)
                m.d.sync += tail.eq(tail + 1)
                with m.If(part == total + 2):
                    m.next = "CLOSE"
                with m.Else():
                    m.next = "CHOOSE"
            with m.State("CLOSE"):
                m.d.comb += put(_LINE, pointer, tail - pointer)
                m.next = "DELIMIT"
            with m.State("DELIMIT"):
                m.d.comb += put(_LINE, tail, Const(DELIMITER, 8))
                m.d.sync += length.eq(0)
                m.next = "LOAD"

            with m.State("LOAD"):
                m.d.comb += [half.eq(_LINE), place.eq(length), fresh.eq(1)]
                m.next = "SEND"
            with m.State("SEND"):
                m.d.comb += [half.eq(_LINE), place.eq(length), self.o.valid.eq(1)]
                with m.If(self.o.ready):
                    m.d.sync += length.eq(length + 1)
                    m.next = "LOAD"
                    with m.If(length == tail):
                        m.d.sync += length.eq(0)
                        m.next = "LISTEN"
        with m.If(~phase.ongoing("LISTEN") & (self.i.valid | self.broken)):
            m.d.sync += skips.eq(self.broken | ~delimiter)
        return m


def _crc(register: Value, byte: Value) -> Value:
    """The next register of the CRC: eight steps of its division at once."""
    bits = list(register)
    for bit in reversed(list(byte)):
        carry = bits[15] ^ bit
        bits = [carry if k == 0 else bits[k - 1] ^ carry if k in (5, 12) else bits[k - 1] for k in range(16)]
    return Cat(*bits)
