"""Is a mapped netlist the circuit it was made from? Proofs, block by block.

``python -m mgd_synth.proofs`` takes the blocks of some trainers, maps each alone, and
proves that netlist and Verilog are equal: a line for each, exit status 1 unless all are proven.

The proof is by induction over clocks. Signals that kept their names, registers above all, and the ports
are paired. First, from power-up all pairs are equal. Then a solver shows for each pair: if all pairs were
equal in a clock or two, whatever the inputs, this one is equal in the next. So they are equal for ever.

Multipliers are beyond such solvers: 9 by 11 bits take hours. Blocks that multiply are therefore proven
with words of few bits (``narrow``); those of full width are simulated, in whole trainers that learn as
the twin.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mgd_hdl.config import TrainerConfig, preset
from mgd_hdl.emit import trainer_files

from . import ecp5, ice40
from .process import SynthError
from .yosys import DESIGN, MAPS, NETLIST, YOSYS, netlist_in

__all__ = ["BASELINE", "CONFIGURATIONS", "FAMILIES", "Family", "Proof", "Subject", "prove", "subjects"]

BASELINE = Path(__file__).parents[1] / "baselines" / "proofs.json"

_STATUS, _SCRIPT = "status.txt", "proof.ys"
#: Seconds for one proof.
_PATIENCE = 300.0


@dataclass(frozen=True)
class Family:
    """How a family of devices is mapped, and the synthesizer's models of its cells."""

    passes: Callable[[str], str]
    models: str


FAMILIES = {
    "ice40": Family(lambda top: ice40.passes(top, multipliers=False), "+/ice40/cells_sim.v"),
    "ecp5": Family(ecp5.passes, "+/lattice/cells_sim_ecp5.v"),
}

_NARROW: dict[str, dict[str, Any]] = {
    "formats": {
        "parameter": "SQ(3, 5)",
        "activation_fraction": 3,
        "segment_bits": 3,
        "cost_change": "SQ(1, 4)",
        "hold_bits": 1,
    },
    "perturbation": {"amplitude": 0.25},
}

#: Trainers whose blocks are proven: a preset, what is changed, and which blocks, as a regular expression.
#: An equal block is proven once.
CONFIGURATIONS: dict[str, tuple[str, dict[str, Any], str]] = {
    "xor": ("xor", {}, ".*"),
    "shadow": ("xor", {"engine": {"shadow": "yes", "leaves": "yes"}}, ".*"),
    "two-sided": (
        "xor",
        {"learning": {"measure": "two_sided", "rounding": "nearest_even", "rate": 0.03125}},
        "cell|sequencer|update",
    ),
    "walsh": ("xor", {"perturbation": {"family": "walsh"}, "learning": {"rounding": "stochastic"}}, ".*"),
    "sequential": ("xor", {"perturbation": {"family": "sequential"}, "task": {"order": "random"}}, ".*"),
    "early": ("xor", {"engine": {"enables": "early"}}, ".*"),
    "serial": ("xor", {"engine": {"cell": "serial"}}, ".*"),
    "letters": ("nist7x7", {}, "letters"),
    "stream": ("xor", {"task": {"source": "stream"}}, "sample_stream"),
    "relu": ("xor", {"network": {"activation": "relu"}}, "relu_."),
    "narrow": ("xor", _NARROW, ".*"),
    "narrow tanh": ("xor", _NARROW | {"network": {"activation": "tanh"}}, "tanh_."),
}

#: Blocks that are not proven, and why; trainers with them are simulated.
SIMULATED = {"sample_memory": "synthesis renames its shift register"}

_MODULE = re.compile(r"(?m)^(?=(?:\(\*.*\*\)\n)?module \w+\()")
_NAME = re.compile(r"(?:\(\*.*\*\)\n)?module (\w+)\(")


@dataclass(frozen=True)
class Subject:
    """A module, with the few that it places, and a trainer that has it."""

    configuration: str
    block: str
    verilog: str

    @property
    def multiplies(self) -> bool:
        """Whether it has a product of two words that both change."""
        return re.search(r"(?m)^(?! *//).*[\w)\]] \* ", self.verilog) is not None


@dataclass(frozen=True)
class Proof:
    """What became of a proof: pairs of signals, those that are proven, and why not all are."""

    configuration: str
    block: str
    family: str
    pairs: int
    proven: int
    seconds: float
    reason: str = ""

    @property
    def complete(self) -> bool:
        return not self.reason and self.pairs > 0 and self.proven == self.pairs


def subjects(configurations: Mapping[str, tuple[str, dict[str, Any], str]]) -> Iterator[Subject]:
    """Every different block, in the order of the configurations; of narrow ones those that multiply."""
    seen = set()
    for name, (base, changes, wanted) in configurations.items():
        config = preset(base).replaced(**changes)
        for block, text in _blocks(config).items():
            subject = Subject(name, block, text)
            equal = re.sub(rf"\b{block}\b", "block", text)
            fits = subject.multiplies or not name.startswith("narrow")
            if fits and equal not in seen and re.fullmatch(wanted, block):
                seen.add(equal)
                yield subject


def _blocks(config: TrainerConfig) -> dict[str, str]:
    """Modules that place none, or at most three that place none themselves, by their blocks' names."""
    prefix = f"{config.name}_"
    text = trainer_files(config)[f"{config.name}.v"]
    modules = {
        found[1].removeprefix(prefix): re.sub(rf"\b{prefix}", "", part)
        for part in _MODULE.split(text)
        if (found := _NAME.match(part))
    }
    places = re.compile(rf"(?m)^  ({'|'.join(modules)}) \w+ \(")
    placed = {name: places.findall(part) for name, part in modules.items()}
    return {
        name: "".join([modules[name], *(modules[inner] for inner in sorted(set(placed[name])))])
        for name in modules
        if len(placed[name]) <= 3 and not any(placed[inner] for inner in placed[name])
    }


def _mapping(block: str, family: Family) -> str:
    """Passes from Verilog to cells; the Verilog stays as the design ``verilog``."""
    return "; ".join(
        [
            f"hierarchy -check -top {block}; proc; flatten; opt_clean",
            # Registers must keep one name: neither that of the Verilog writer for what stands before them,
            # a number between strokes, nor that of a placed block's port.
            "rename -hide w:_*_ w:*._*_ w:*__* w:*.*__* %d; design -save verilog",
            family.passes(block),
        ]
    )


def _script(block: str, family: Family, *, mapped: bool) -> str:
    """Passes that end in a status; ``mapped`` where the netlist is there already."""
    made = f"design -reset; read_json {NETLIST}" if mapped else ""
    return "\n".join(
        [
            f"read_verilog {DESIGN}; {_mapping(block, family)}; {made}",
            f"techmap -wb -D EQUIV -autoproc -map {family.models}; flatten; opt_clean; memory",
            # Word by word a netlist may keep a part of a name; bit by bit it has it or not.
            f"splitnets; opt_clean -purge; rename {block} gate; design -stash gate; design -load verilog",
            f"memory -nomap; memory_map; splitnets; opt_clean -purge; rename {block} gold",
            "design -stash gold",
            "design -copy-from gold -as gold gold; design -copy-from gate -as gate gate",
            # From power-up: all that has a name in both is equal in the first clock, where the Verilog says
            # what it is.
            "expose -shared; miter -equiv -ignore_gold_x -flatten -make_assert gold gate first",
            "async2sync first",
            "sat -verify -enable_undef -set-init-undef -set-def-inputs -prove-asserts -seq 1 first",
            "design -reset",
            "design -copy-from gold -as gold gold; design -copy-from gate -as gate gate",
            "equiv_make gold gate equiv; hierarchy -top equiv; opt_clean; async2sync",
            "equiv_simple -undef equiv; equiv_induct -undef equiv",
            f"tee -o {_STATUS} equiv_status equiv",
        ]
    )


def prove(
    subject: Subject,
    family: str,
    *,
    fault: Callable[[dict[str, Any]], None] | None = None,
    patience: float = _PATIENCE,
) -> Proof:
    """Map a module and prove that the netlist is equal to it.

    Parameters
    ----------
    subject : Subject
    family : str
        Key of :data:`FAMILIES`.
    fault : callable, optional
        Changes the netlist before the proof, to see that it then fails.
    patience : float
        Seconds.
    """
    start = time.monotonic()
    pairs = proven = 0
    reason = ""
    with tempfile.TemporaryDirectory(prefix="mgd_synth_") as name:
        folder = Path(name)
        try:
            if fault is not None:
                mapping = _mapping(subject.block, FAMILIES[family])
                made = netlist_in(folder, subject.verilog, mapping, timeout=patience)
                fault(made["modules"][subject.block])
                (folder / NETLIST).write_text(json.dumps(made), encoding="utf-8")
            script = _script(subject.block, FAMILIES[family], mapped=fault is not None)
            files = {**MAPS, DESIGN: subject.verilog.encode(), _SCRIPT: script.encode()}
            for file, data in files.items():
                (folder / file).write_bytes(data)
            outcome = YOSYS.run(["-e", "conflict", _SCRIPT], folder, timeout=patience)
        except SynthError as error:
            reason = str(error)
        else:
            # What the tool says is lost once it has run another; the status is in a file.
            status = (folder / _STATUS).read_text("utf-8") if (folder / _STATUS).exists() else ""
            found = re.search(r"Of those cells (\d+) are proven and (\d+) are unproven", status)
            if outcome.status or found is None:
                reason = "differs from power-up on, or could not be compared"
            else:
                proven, unproven = int(found[1]), int(found[2])
                pairs = proven + unproven
                reason = f"{unproven} of {pairs} pairs are not proven" if unproven else ""
    seconds = round(time.monotonic() - start, 1)
    return Proof(subject.configuration, subject.block, family, pairs, proven, seconds, reason)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m mgd_synth.proofs", description=__doc__)
    parser.add_argument(
        "configuration", nargs="*", help=f"default: all of {', '.join(map(repr, CONFIGURATIONS))}"
    )
    parser.add_argument("--family", choices=FAMILIES, action="append", help="default: all")
    parser.add_argument("--write", action="store_true", help=f"write {BASELINE.name}, for the table in docs")
    given = parser.parse_args(arguments)
    for name in given.configuration:
        if name not in CONFIGURATIONS:
            parser.error(f"no configuration {name!r}; there are {', '.join(CONFIGURATIONS)}")
    picked = {
        name: each
        for name, each in CONFIGURATIONS.items()
        if not given.configuration or name in given.configuration
    }
    found: list[Proof] = []
    wide = []
    try:
        tool = YOSYS.version
        for subject in subjects(picked):
            where = f"{subject.block} ({subject.configuration})"
            narrow = subject.configuration.startswith("narrow")
            reason = SIMULATED.get(subject.block, "multiplies" if subject.multiplies and not narrow else "")
            if reason:
                wide.append(f"{where:36} simulated with its trainer: {reason}")
                continue
            for family in given.family or FAMILIES:
                proof = prove(subject, family)
                found.append(proof)
                result = f"{proof.proven:4} pairs proven" if proof.complete else f"NOT PROVEN: {proof.reason}"
                sys.stdout.write(f"{where:36} {family:6} {proof.seconds:6.1f} s  {result}\n")
                sys.stdout.flush()
    except SynthError as error:
        sys.stderr.write(f"mgd_synth: {error}\n")
        return 2
    except KeyboardInterrupt:
        return 130
    for where in wide:
        sys.stdout.write(f"{where}\n")
    missing = sum(not proof.complete for proof in found)
    sys.stdout.write(f"{len(found) - missing} of {len(found)} proven, {tool}\n")
    if given.write:
        document = {"tool": tool, "simulated": wide, "proofs": [asdict(proof) for proof in found]}
        BASELINE.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
