"""How much moves in a circuit until its task is solved? Bits of registers that change, in simulated Verilog.

``python -m mgd_sim.studies.toggles`` looks at every register of a trainer, from one clock to the next, in its
first steps. Wires and tables between registers move as well and are not counted, nor is the clock: this
compares circuits, and is no energy.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from mgd_hdl.config import TrainerConfig
from mgd_hdl.emit import trainer_files
from mgd_sim.rtl import RtlTrainer, trainer_design
from mgd_sim.rtl.registers import Words

from . import soon
from .study import Kept, chosen, command, ends_in_a_line, folder, kept, say

__all__ = ["SETTINGS", "Activity", "moved", "recorded", "toggles"]

_FILE = "toggles.json"

#: By name: the task of its time to solution. Exact ones stand beside delayed ones.
SETTINGS = {
    "xor": "xor",
    "xor, delayed, many stages": "xor",
    "xor_fast, exact": "xor",
    "xor_fast": "xor",
    "parity4": "parity4",
    "parity4_fast, exact": "parity4",
    "parity4_fast": "parity4",
    "letters_fast, exact": "letters",
    "letters_fast": "letters",
}

#: The block that holds the parameters.
_CELLS = "array"


@dataclass(frozen=True)
class Activity:
    """Of one setting: bits of registers and written memories, and how many changed in so many clocks of all
    seeds; ``cells``: of these, in the array of cells.
    """

    setting: str
    seeds: int
    steps: int
    bits: int
    clocks: int
    toggles: int
    cells: int

    @property
    def job(self) -> tuple[object, ...]:
        """What was asked for."""
        return self.setting, self.seeds, self.steps

    @property
    def per_clock(self) -> float:
        """Bits that change in a clock."""
        return self.toggles / self.clocks

    @property
    def per_step(self) -> float:
        """Bits that change in a step."""
        return self.toggles / (self.seeds * self.steps)

    def __str__(self) -> str:
        return (
            f"{self.setting:30}{self.bits:6,} bits, {self.per_clock:,.1f} toggles a clock, of them"
            f" {self.cells / self.toggles:.0%} in cells, {self.per_step:,.0f} a step"
        )


def moved(before: Mapping[str, Words], after: Mapping[str, Words]) -> Counter[str]:
    """How many bits differ, by the path of their register."""
    found = Counter[str]()
    for path, words in after.items():
        changed = int.from_bytes((before[path] ^ words).tobytes(), "little").bit_count()
        if changed:
            found[path] = changed
    return found


def toggles(config: TrainerConfig, seed: int, steps: int) -> tuple[int, int, Counter[str]]:
    """Bits that the circuit of a configuration holds, clocks that so many steps take from the first one on,
    and how often bits change in these, by the path of their register.
    """
    design, found = trainer_design(trainer_files(config)), Counter[str]()
    with RtlTrainer(config, design, config.registers(seed), holds=True) as circuit:
        model = circuit.model
        while not circuit.ended:
            circuit.look(1)
        begun, before = model.clocks, model.save().registers
        while circuit.ended <= steps:
            circuit.look(1)
            after = model.save().registers
            found += moved(before, after)
            before = after
        bits = sum(held.width * max(1, held.words) for held in model.held)
        return bits, model.clocks - begun, found


def recorded() -> dict[str, Activity]:
    """What the pages tell, by setting."""
    return {each["setting"]: Activity(**each) for each in kept(soon.FOLDER / _FILE) or ()}


def _seen(name: str, seeds: int, steps: int) -> Activity:
    config = soon.configured(soon.SETTINGS[SETTINGS[name]][name])
    bits = clocks = 0
    found = Counter[str]()
    for seed in range(seeds):
        bits, more, changed = toggles(config, seed, steps)
        clocks, found = clocks + more, found + changed
    cells = sum(count for path, count in found.items() if path.split(".")[1:2] == [_CELLS])
    return Activity(name, seeds, steps, bits, clocks, found.total(), cells)


@ends_in_a_line
def main(arguments: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = command("toggles", __doc__, seeds=4, steps=128)
    parser.add_argument("--setting", action="append", help="default: all")
    parser.add_argument("--out", type=folder, default="build", help=f"folder for {_FILE}")
    given = parser.parse_args(arguments)
    activities = Kept(given.out / _FILE, Activity)
    for name in chosen(parser, "--setting", given.setting, SETTINGS):
        job = name, given.seeds, given.steps
        say(activities.get(job, partial(_seen, *job)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
