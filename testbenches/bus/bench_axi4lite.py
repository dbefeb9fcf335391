"""Are all five channels as the twin has them in every clock, whatever manager and bank do?"""

from __future__ import annotations

from collections import deque

import cocotb
import numpy as np

from mgd_sim.bus import Access, Answer
from mgd_sim.bus.axi4lite import Axi4Lite, Manager
from mgd_sim.rtl import bench_parameters
from testbenches.bus.payloads import packed, said
from testbenches.support import clock, random_numbers, start

IDLE = {
    **dict.fromkeys(("awaddr", "awprot", "awvalid", "wdata", "wstrb", "wvalid", "bready"), 0),
    **dict.fromkeys(("araddr", "arprot", "arvalid", "rready", "o__ready", "i__valid", "i__payload"), 0),
}


def some_manager(rng: np.random.Generator, before: Manager, ready: dict[str, bool], stall: float) -> Manager:
    """What was offered stays until it is taken."""

    def offers() -> bool:
        return bool(rng.random() >= stall)

    address, data, read = before.write_address, before.write_data, before.read_address
    if address is None or ready["awready"]:
        address = int(rng.integers(1 << 12)) if offers() else None
    if data is None or ready["wready"]:
        data = (int(rng.integers(1 << 32)), int(rng.integers(16))) if offers() else None
    if read is None or ready["arready"]:
        read = int(rng.integers(1 << 12)) if offers() else None
    return Manager(address, data, read, bool(rng.random() >= stall), bool(rng.random() >= stall))


def driven(rng: np.random.Generator, manager: Manager) -> dict[str, int]:
    """Payloads that are not valid are anything."""
    address, data, read = manager.write_address, manager.write_data, manager.read_address
    noise = int(rng.integers(1 << 12))
    return {
        "awaddr": noise if address is None else address,
        "awprot": noise & 7,
        "awvalid": address is not None,
        "wdata": noise if data is None else data[0],
        "wstrb": noise & 15 if data is None else data[1],
        "wvalid": data is not None,
        "araddr": noise if read is None else read,
        "arprot": noise & 7,
        "arvalid": read is not None,
        "bready": manager.bready,
        "rready": manager.rready,
    }


@cocotb.test(timeout_time=20, timeout_unit="ms")
@cocotb.parametrize(stall=[0.0, 0.2, 0.7])
async def every_clock_equals_the_twin(dut, stall):
    """With resets in whatever state, and a bank that is sometimes not ready and answers late."""
    rng, twin, manager = random_numbers(), Axi4Lite(), Manager()
    answers: deque[Answer] = deque()  # of the bank, from the next clock on
    ready = twin.readies()
    counts = {"asked": 0, "answered": 0, "late": 0}
    await start(dut, **IDLE)
    for _ in range(bench_parameters()["clocks"]):
        resets = rng.random() < 0.01
        manager = some_manager(rng, manager, ready, stall)
        answer = answers[0] if answers and rng.random() >= stall / 2 else None
        offered = answer is not None
        # One access at a time: none is taken before the answer of the last one is.
        free = bool(rng.random() >= stall) and (not answers or (offered and twin.accepts(manager)))
        await clock(
            dut,
            rst=resets,
            o__ready=free,
            i__valid=offered,
            i__payload=said(answer),
            **driven(rng, manager),
        )
        request, ready = twin.request(), twin.readies()
        for name, value in {**ready, **twin.answers(answer)}.items():
            assert int(getattr(dut, name).value) == value, name
        assert dut.o__valid.value == (request is not None)
        if request is not None:
            assert int(dut.o__payload.value) & ~mask(request) == packed(request)
        assert dut.i__ready.value == twin.accepts(manager)
        if resets:
            answers.clear()
            twin.reset(manager)
            continue
        if answer is not None and twin.accepts(manager):
            answers.popleft()
            counts["answered"] += 1
        taken = request if free else None
        if taken is not None:
            answers.append(Answer(int(rng.integers(1 << 32)), int(rng.integers(3))))
            counts["asked"] += 1
            counts["late"] += taken.late
        twin.clock(manager, taken)
    assert counts["answered"] > 30
    assert counts["late"] > 0


def mask(request: Access) -> int:
    """Data of a read is anything."""
    return 0 if request.write else 0xFFFF_FFFF << 12
