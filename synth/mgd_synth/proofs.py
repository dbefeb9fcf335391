"""Is a mapped netlist the circuit it was made from? Proofs, block by block.

``python -m mgd_synth.proofs`` takes the blocks of some trainers, maps each alone, and
proves that netlist and Verilog are equal: a line for each, exit status 1 unless all are proven.

The proof is by induction over clocks. Signals that kept their names, registers above all, and the ports
are paired. First, from power-up all pairs are equal. Then a solver shows for each pair: if all pairs were
equal in a clock or two, whatever the inputs, this one is equal in the next. So they are equal for ever.

Products of two free words are beyond such solvers: 9 by 11 bits take hours. Blocks that have them are
therefore proven with words of few bits (``narrow``); those of full width are simulated, in whole trainers
that learn as the twin. Squares and the products of tables, up to 16 bits free, are proven as they are.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from string import ascii_uppercase
from typing import Any

from mgd_hdl.config import TrainerConfig, preset
from mgd_hdl.config.names import module_name
from mgd_hdl.emit import trainer_files
from mgd_hdl.files import write_file

from . import ecp5, ice40
from .process import SynthError
from .yosys import DESIGN, MAPS, NETLIST, YOSYS, netlist_in

__all__ = [
    "BASELINE",
    "CONFIGURATIONS",
    "FAMILIES",
    "Book",
    "Family",
    "Proof",
    "Simulated",
    "Subject",
    "prove",
    "subjects",
]

BASELINE = Path(__file__).parents[1] / "baselines" / "proofs.json"

_STATUS, _SCRIPT = "status.txt", "proof.ys"
#: Seconds for one proof.
_PATIENCE = 300.0
#: Blocks that a form places, which are then proven inside it.
_MOST = 6


@dataclass(frozen=True)
class Family:
    """How a family of devices is mapped, also with products of tables, and the models of its cells."""

    passes: Callable[[str], str]
    tables: Callable[[str], str]
    models: str
    #: A cell that keeps 16 words of four bits in look-up tables, where there is one.
    memory: str = ""


def _ice40(top: str) -> str:
    return ice40.passes(top, multipliers=False)


FAMILIES = {
    "ice40": Family(_ice40, _ice40, "+/ice40/cells_sim.v"),
    "ecp5": Family(
        ecp5.passes, lambda top: ecp5.passes(top, 0), "+/lattice/cells_sim_ecp5.v", "TRELLIS_DPR16X4"
    ),
}

#: Small words of parameters and costs; of outputs and tables too.
_FEW_BITS: dict[str, dict[str, Any]] = {
    "formats": {"parameter": "SQ(3, 5)", "cost_change": "SQ(1, 4)", "hold_bits": 1},
    "perturbation": {"amplitude": 0.25},
}
_NARROW: dict[str, dict[str, Any]] = {
    **_FEW_BITS,
    "formats": {**_FEW_BITS["formats"], "activation_fraction": 3, "segment_bits": 3},
}
_ON_SPI: dict[str, Any] = {
    "network": {"layers": [2, 1]},
    "device": {"kind": "outside", "parameters": [3], "dac_bits": 12, "adc_bits": 12},
    "dac": {"part": "MCP4922"},
    "adc": {"part": "MCP3208"},
}
_SMALL: dict[str, Any] = {"leaves": "yes", "leaf_cells": 4}
_LINEAR: dict[str, Any] = {"network": {"activation": ["sigmoid", "linear"]}}
_ANALOG: dict[str, Any] = {"learning": {"algorithm": "analog", "tau_x": 4, "rate": 0.25, "follow": 4}}
#: Code words of several bits, and the blocks that they change.
_WORDS: dict[str, Any] = {"formats": {"cost_change": "SQ(2, 9)"}}
_WITH_WORDS = "accumulator|cell|homodyne|initializer|sequencer|sinusoid|update"

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
    "reset": ("xor", {"engine": {"reset": "yes"}}, "cell|integrator"),
    "small leaves": ("parity4", {"engine": _SMALL}, "array|cell|leaf_.*|tile_.*|wires_.*"),
    "small leaves, early": (
        "xor",
        {"engine": {**_SMALL, "enables": "early"}, "perturbation": {"share": 0.25}},
        "array|cell|tile_.*|wires_.*",
    ),
    "serial": ("xor", {"engine": {"cell": "serial"}}, ".*"),
    "long serial": ("xor", {"engine": {"cell": "serial"}, "formats": {"parameter": "SQ(4, 14)"}}, "tile_3"),
    "plain": ("xor", {"task": {"order": "plain"}}, "sample_memory"),
    "letters": ("nist7x7", {}, "letters"),
    "stream": ("xor", {"task": {"source": "stream"}}, "sample_stream"),
    "relu": ("xor", {"network": {"activation": "relu"}}, "relu_."),
    "judge": ("xor", {"judge": {"kind": "window"}}, "judge"),
    "answers": ("xor", {"task": {"accuracy": True}}, "classifier"),
    "many answers": ("nist7x7_centered", {"task": {"accuracy": True}}, "classifier"),
    "absolute error": ("xor", {"cost": {"loss": "absolute_error"}}, "absolute_error"),
    "hinge": ("xor", _LINEAR | {"cost": {"loss": "hinge"}}, "hinge|linear_.|baseline"),
    "analog": ("xor", _ANALOG, "cell|follower|sequencer"),
    "signs": ("xor", {"learning": {"size": "sign", "anneal_every": 1000}}, "accumulator|annealing|update"),
    "noise": (
        "xor",
        {"imperfections": {"cost_noise": 1 / 64, "update_noise": 1 / 64}},
        "baseline|gaussian|update",
    ),
    "sinusoidal": ("xor", _WORDS | {"perturbation": {"family": "sinusoidal"}}, _WITH_WORDS),
    "square": ("xor", _WORDS | {"perturbation": {"family": "square"}}, _WITH_WORDS),
    "external": ("xor", _WORDS | {"perturbation": {"family": "external"}}, f"external|{_WITH_WORDS}"),
    "layers in turn": ("xor", {"perturbation": {"granularity": "layer"}}, "cell|layer_turn"),
    "gate": ("xor", {"cost": {"gate": 1 / 64, "limit": 0.5}}, "gate"),
    "sparse": ("xor", {"perturbation": {"share": 0.25}}, "cell|sparse|update|wires_.*"),
    "walsh, turned": ("xor", {"perturbation": {"family": "walsh", "sign_flip": True}}, "walsh"),
    "decay": ("xor", {"learning": {"decay": 2.0**-12, "clamp": 4.0}}, "cell|decay|integrator"),
    "halving": ("xor", {"perturbation": {"halve_every": 1000, "last_amplitude": 1 / 64}}, "annealing.*|cell"),
    "references": ("xor", {"learning": {"reference": "every_step", "tau_p": 4}}, "sequencer"),
    "nodes": (
        "xor",
        {"perturbation": {"granularity": "node"}, "formats": {"cost_change": "SQ(2, 10)"}},
        "bias_cell|cell|homodyne|initializer|inputs_.|scan|update",
    ),
    "axi4lite": ("xor", {"host": {"bus": "axi4lite"}}, "axi4lite"),
    "wishbone": ("xor", {"host": {"bus": "wishbone"}}, "wishbone"),
    "wishbone, pipelined": ("xor", {"host": {"bus": "wishbone", "pipelined": True}}, "wishbone"),
    "uart": ("xor", {"host": {"bus": "uart"}}, "uart"),
    "device": ("xor", {"device": {"kind": "outside"}}, "measurement|reader|baseline"),
    "few parameters": (
        "xor",
        {**_FEW_BITS, "network": {"layers": [2, 1]}, "device": {"kind": "outside", "parameters": [3]}},
        "sender",
    ),
    "converters on SPI": ("xor", _ON_SPI, "spi_adc"),
    "tanh": ("xor", {"network": {"activation": "tanh"}}, "tanh_."),
    "narrow": ("xor", _NARROW, ".*"),
    "narrow tanh": ("xor", _NARROW | {"network": {"activation": "tanh"}}, "tanh_."),
    "narrow analog": ("xor", _NARROW | _ANALOG, "highpass"),
    "narrow entropy": (
        "xor",
        _NARROW | _LINEAR | {"cost": {"loss": "cross_entropy", "segment_bits": 3}},
        "cross_entropy|softplus",
    ),
}

#: Blocks whose products of full width are beyond the solver, and why they are not proven; trainers with
#: them are simulated.
_WIDE = r"neuron_\d+|mlp|highpass"
_MULTIPLIES = "multiplies"

#: Other register bits whose names may be lost, by block: one that never changes, some that outputs repeat.
_LOST = {"sinusoid": ("stride?0?",), "walsh": ("step?*",)}

_MODULE = re.compile(r"(?m)^(?=(?:\(\*.*\*\)\n)?module \w+\()")
_BEGINS = re.compile(r"(?m)^  (?:output )?reg (?:signed )?(?:\[\d+:0\] )?(\w+) = \d+'([bh][0-9a-f]+);")
_NAME = re.compile(r"(?:\(\*.*\*\)\n)?module (\w+)\(")


@dataclass(frozen=True)
class Subject:
    """A module, with the few that it places, and a trainer that has it."""

    configuration: str
    block: str
    verilog: str

    @property
    def digest(self) -> str:
        """Changes when the Verilog does."""
        return hashlib.sha256(self.verilog.encode()).hexdigest()[:16]

    @property
    def simulated(self) -> str:
        """Why it is not proven but simulated; empty where it is proven."""
        narrow = self.configuration.startswith("narrow")
        wide = self.multiplies and not narrow and re.fullmatch(_WIDE, self.block)
        return _MULTIPLIES if wide else ""

    @property
    def ones(self) -> list[str]:
        """Patterns of the names of register bits that begin at 1."""
        found = []
        for name, value in _BEGINS.findall(self.verilog):
            bits = int(value[1:], {"b": 2, "h": 16}[value[0]])
            many = f"] {name} =" in self.verilog
            found += [f"{name}?{i}?" if many else name for i in range(bits.bit_length()) if bits >> i & 1]
        return sorted(set(found))

    @property
    def inside(self) -> list[str]:
        """Inputs of the blocks that it places, which are other names of its own signals."""
        inputs = {}
        for part in _MODULE.split(self.verilog):
            if found := _NAME.match(part):
                inputs[found[1]] = re.findall(r"(?m)^  input (?:\[\d+:0\] )?(\w+);", part)
        placed = re.findall(r"(?m)^  (\w+) (\w+) \($", self.verilog)
        return sorted(f"{name}.{port}" for module, name in placed for port in inputs.get(module, ()))

    @property
    def memories(self) -> dict[str, tuple[int, int]]:
        """How many words of how many bits its memories have that are written."""
        found = re.findall(r"(?m)^  reg \[(\d+):0\] (\w+) \[(\d+):0\];", self.verilog)
        return {
            name: (int(last) + 1, int(top) + 1)
            for top, name, last in found
            if re.search(rf"(?m)^ .*\b{name}\[.*\] <= ", self.verilog)
        }

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
    digest: str
    pairs: int
    proven: int
    seconds: float
    reason: str = ""

    @property
    def complete(self) -> bool:
        return not self.reason and self.pairs > 0 and self.proven == self.pairs


@dataclass(frozen=True)
class Simulated:
    """A block that is not proven, and why."""

    configuration: str
    block: str
    reason: str


@dataclass(frozen=True)
class Book:
    """What was proven with one release of the tool."""

    tool: str
    proofs: tuple[Proof, ...] = ()
    simulated: tuple[Simulated, ...] = ()

    @classmethod
    def load(cls, path: Path = BASELINE) -> Book:
        """What is kept, as far as it was found with the tool that is here."""
        found = cls.stored(path)
        return found if found.tool == YOSYS.version else cls(YOSYS.version)

    @classmethod
    def stored(cls, path: Path = BASELINE) -> Book:
        """What is kept, of whatever release; none has a name where nothing is."""
        if not path.exists():
            return cls("")
        found = json.loads(path.read_text(encoding="utf-8"))
        proofs = tuple(Proof(**each) for each in found["proofs"])
        return cls(found["tool"], proofs, tuple(Simulated(**each) for each in found["simulated"]))

    def save(self, path: Path) -> None:
        """Equal books give equal bytes."""
        write_file(path, json.dumps(asdict(self), indent=1) + "\n", force=True)

    def proof(self, subject: Subject, family: str) -> Proof | None:
        """The proof of this very Verilog, if it is here and complete."""
        for each in self.proofs:
            if (each.digest, each.block, each.family) == (subject.digest, subject.block, family):
                return replace(each, configuration=subject.configuration) if each.complete else None
        return None

    def with_more(self, proofs: Sequence[Proof], simulated: Sequence[Simulated]) -> Book:
        """With these in the place of what was there of the same blocks."""
        order = {name: place for place, name in enumerate(CONFIGURATIONS)}
        all_proofs = {(each.configuration, each.block, each.family): each for each in (*self.proofs, *proofs)}
        others = {(each.configuration, each.block): each for each in (*self.simulated, *simulated)}
        return Book(
            self.tool,
            tuple(sorted(all_proofs.values(), key=lambda each: order.get(each.configuration, len(order)))),
            tuple(sorted(others.values(), key=lambda each: order.get(each.configuration, len(order)))),
        )


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
    """Modules that place none, or a few that place none themselves, by their blocks' names."""
    prefix = module_name(config.name, "")
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
        if len(placed[name]) <= _MOST and not any(placed[inner] for inner in placed[name])
    }


def _mapping(subject: Subject, family: Family) -> str:
    """Passes from Verilog to cells; the Verilog stays as the design ``verilog``."""
    block = subject.block
    lost = " ".join(f"w:{name} w:*.{name}" for name in [*subject.ones, *_LOST.get(block, ())])
    inside = " ".join(f"w:{port}" for port in subject.inside)
    return "; ".join(
        [
            f"hierarchy -check -top {block}; proc; flatten; opt_clean",
            # Registers must keep one name: neither that of the Verilog writer for what stands before them,
            # a number between strokes, nor that of a placed block's port.
            "rename -hide w:_*_ w:*._*_ w:*__* w:*.*__* %d",
            *([f"rename -hide {inside}"] if inside else []),
            # A family whose registers begin at 0 keeps the inverse of one that begins at 1, and its name is
            # lost, unless it is a port.
            *([f"splitnets; expose {lost}"] if lost else []),
            "design -save verilog",
            (family.tables if subject.multiplies else family.passes)(block),
        ]
    )


def _words(subject: Subject, family: Family) -> list[tuple[str, str]]:
    """Names of the bits of memories: in the cells that keep them, and in the Verilog."""
    if not family.memory:
        return []
    # Sixteen words after sixteen words, each four bits after four bits.
    return [
        (
            f"{name}.0.{word // 16 * -(-bits // 4) + bit // 4}.mem[{word % 16}][{bit % 4}]",
            f"{name}[{word}][{bit}]",
        )
        for name, (words, bits) in subject.memories.items()
        for word in range(words)
        for bit in range(bits)
    ]


def _script(subject: Subject, family: Family, *, mapped: bool) -> str:
    """Passes that end in a status; ``mapped`` where the netlist is there already."""
    block = subject.block
    made = f"design -reset; read_json {NETLIST}" if mapped else ""
    words = [f"rename {old} {new}" for old, new in _words(subject, family)]
    return "\n".join(
        [
            f"read_verilog {DESIGN}; {_mapping(subject, family)}; {made}",
            # Ports of cells have no names, or these would take the place of a register's, nor have wires that
            # were named after these ports, in capitals. Those of memories have, by which words are found.
            f"rename -hide c:* {family.memory and f't:{family.memory} %d'}",
            f"rename -hide w:*_[{ascii_uppercase}]*",
            f"techmap -wb -D EQUIV -autoproc -map {family.models}; flatten",
            # A memory that nothing writes to is a table.
            "opt_expr; opt_clean; memory",
            # Word by word a netlist may keep a part of a name; bit by bit it has it or not.
            f"splitnets; opt_clean -purge; cd {block}",
            *words,
            # A register with two names has a buffer between them, or one would be taken for the other.
            f"cd; insbuf; rename {block} gate",
            "design -stash gate; design -load verilog",
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
                mapping = _mapping(subject, FAMILIES[family])
                made = netlist_in(folder, subject.verilog, mapping, timeout=patience)
                fault(made["modules"][subject.block])
                (folder / NETLIST).write_text(json.dumps(made), encoding="utf-8")
            script = _script(subject, FAMILIES[family], mapped=fault is not None)
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
    return Proof(subject.configuration, subject.block, family, subject.digest, pairs, proven, seconds, reason)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m mgd_synth.proofs", description=__doc__)
    parser.add_argument(
        "configuration", nargs="*", help=f"default: all of {', '.join(map(repr, CONFIGURATIONS))}"
    )
    parser.add_argument("--family", choices=FAMILIES, action="append", help="default: all")
    parser.add_argument(
        "--write",
        action="store_true",
        help=f"keep what is found in {BASELINE.name}, for docs; what is there is not proven again",
    )
    parser.add_argument("--results", type=Path, default=BASELINE, help="another file to keep it in")
    given = parser.parse_args(arguments)
    for name in given.configuration:
        if name not in CONFIGURATIONS:
            parser.error(f"no configuration {name!r}; there are {', '.join(CONFIGURATIONS)}")
    try:
        book = Book.load(given.results) if given.write else Book(YOSYS.version)
        missing, total = _prove_all(given, book)
    except SynthError as error:
        sys.stderr.write(f"mgd_synth: {error}\n")
        return 2
    except KeyboardInterrupt:
        return 130
    sys.stdout.write(f"{total - missing} of {total} proven, {book.tool}\n")
    return 1 if missing else 0


def _prove_all(given: argparse.Namespace, book: Book) -> tuple[int, int]:
    """How many proofs are missing, of how many."""
    picked = [name for name in CONFIGURATIONS if not given.configuration or name in given.configuration]
    proofs: list[Proof] = []
    simulated: list[Simulated] = []
    for subject in subjects({name: CONFIGURATIONS[name] for name in picked}):
        where = f"{subject.block} ({subject.configuration})"
        if subject.simulated:
            simulated.append(Simulated(subject.configuration, subject.block, subject.simulated))
            continue
        for family in given.family or FAMILIES:
            proof = book.proof(subject, family) or prove(subject, family)
            proofs.append(proof)
            result = f"{proof.proven:4} pairs proven" if proof.complete else f"NOT PROVEN: {proof.reason}"
            sys.stdout.write(f"{where:36} {family:6} {proof.seconds:6.1f} s  {result}\n")
            sys.stdout.flush()
            if given.write:
                book = book.with_more([proof], [])
                book.save(given.results)
    for each in simulated:
        where = f"{each.block} ({each.configuration})"
        sys.stdout.write(f"{where:36} simulated with its trainer: {each.reason}\n")
    if given.write:
        everything = len(picked) == len(CONFIGURATIONS) and not given.family
        # Blocks that are no more leave the table when all are done.
        book = (
            Book(book.tool, tuple(proofs), tuple(simulated)) if everything else book.with_more([], simulated)
        )
        book.save(given.results)
    return sum(not proof.complete for proof in proofs), len(proofs)


if __name__ == "__main__":
    sys.exit(main())
