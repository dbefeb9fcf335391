"""Is every strobe answered as the twin says, and asked of the bank in the right clock?"""

from __future__ import annotations

import cocotb

from mgd_sim.bus import Answer
from mgd_sim.bus.wishbone import Master, Wishbone
from mgd_sim.rtl import bench_parameters
from testbenches.bus.payloads import packed, said
from testbenches.support import clock, random_numbers, start


@cocotb.test(timeout_time=20, timeout_unit="ms")
@cocotb.parametrize(stall=[0.0, 0.3, 0.8])
async def every_clock_equals_the_twin(dut, stall):
    """The bank answers one clock after it was asked; masters also give up, and resets come at any time."""
    rng, pipelined = random_numbers(), bench_parameters()["pipelined"]
    twin, master, answer = Wishbone(pipelined=pipelined), Master(), None
    waits = False  # a classic master keeps what it asks until it is answered
    done = late = 0
    await start(dut, cyc=0, stb=0, we=0, adr=0, dat_w=0, sel=0, o__ready=1, i__valid=0, i__payload=0)
    for _ in range(bench_parameters()["clocks"]):
        resets = rng.random() < 0.01
        if not waits or rng.random() < 0.02:
            master = Master(
                cyc=bool(rng.random() >= stall / 2),
                stb=bool(rng.random() >= stall),
                we=bool(rng.random() < 0.5),
                adr=int(rng.integers(1 << 10)),
                dat_w=int(rng.integers(1 << 32)),
                sel=int(rng.integers(16)),
            )
        await clock(
            dut,
            rst=resets,
            i__valid=answer is not None,
            i__payload=said(answer),
            **vars(master),
        )
        request = twin.request(master, answer)
        seen = twin.answers(answer)
        for name, value in seen.items():
            assert int(getattr(dut, name).value) == value, name
        assert dut.i__ready.value == 1
        assert dut.o__valid.value == (request is not None)
        if request is not None:
            assert int(dut.o__payload.value) == packed(request)
        done += answer is not None
        if pipelined:
            waits = master.cyc and master.stb and (resets or bool(seen["stall"]))
        else:
            waits = master.cyc and master.stb and (resets or answer is None)
        if resets:
            twin.reset(master)
            answer = None
            continue
        twin.clock(master, request)
        answer = None
        if request is not None:
            late += request.late
            answer = Answer(int(rng.integers(1 << 32)), int(rng.integers(3)))
    assert done > 30
    assert late > 0
