"""What docs/paper.md tells of two papers: each experiment, what is known of theirs, our command and data."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from mgd_sim.studies.table import Cells, read

from .pages import ROOT

__all__ = ["ENTRIES", "Entry", "data", "experiments", "fingerprint", "scaling", "times"]

#: How sure it is what they did and found.
SURE = {
    "certain": "read in the authors' published code or data, or in an abstract",
    "reported": "quoted by others who have read the paper",
    "recalled": "from memory, not checked",
    "unknown": "the figure could not be read",
}


@dataclass(frozen=True)
class Entry:
    """One experiment.

    Attributes
    ----------
    what, theirs : str
    sure : str
        Key of :data:`SURE`, for what stands in ``theirs``.
    ours : str
        Where our numbers stand, or why there are none.
    command : str
    data : str
        A file of docs, ``#`` and the name of a table in it where it has several.
    """

    what: str
    theirs: str
    sure: str
    ours: str
    command: str = ""
    data: str = ""


#: In the order of the papers.
ENTRIES = (
    Entry(
        "angle between G and the gradient over time, each family, NIST7x7",
        "their code logs it with parameters that stand still; the curves could not be read",
        "unknown",
        "[cosines](numbers.md#how-good-is-an-estimate)",
        "mgd-hdl study angle nist7x7 --seed 0 --seeds 32 --until 2200",
        "figures.json#angle",
    ),
    Entry(
        "tau_x, tau_p and tau_theta against steps and success",
        "all three are swept in their code; which values were shown could not be read",
        "unknown",
        "[below](#time-constants)",
        "mgd-hdl study times xor --seeds 32 --until 20000",
        "figures/xor_times.csv",
    ),
    Entry(
        "XOR, 4-bit parity, NIST7x7: the networks 2-2-1, 4-4-1, 49-4-4 with sigmoids and squared errors",
        "networks and start are in their code; accuracies could not be read",
        "certain",
        "[learning](../README.md#measured)",
        "mgd-hdl study learning TASK --seed 0",
        "figures.json#learning",
    ),
    Entry(
        "noise of costs and of updates",
        "Gaussian, added to every C, and at an update the same to all parameters; results could not be read",
        "certain",
        "[imperfect devices](numbers.md#imperfect-devices)",
        "python -m mgd_sim.studies.imperfections TASK",
        "figures.json#imperfections",
    ),
    Entry(
        "defects of neurons, sigma_a",
        "at 0.25 NIST7x7 takes about twice as long; above it does not converge",
        "reported",
        "at 0.25 78 % solve it, in twice as long; at 0.5 19 % do ([table](numbers.md#imperfect-devices))",
        "python -m mgd_sim.studies.imperfections nist7x7_centered --sweep activation",
        "figures/nist7x7_centered_imperfections.json",
    ),
    Entry(
        "Table 2: Fashion-MNIST and CIFAR-10 with convolutions",
        "86.1 % and 60.7 % after 10^7 steps; backpropagation 88.6 % and 68 %",
        "reported",
        "cannot be done here: no convolutions; dense ones learn Fashion-MNIST, pooled or whole, to 84 % on a"
        " [bank](bank.md)",
    ),
    Entry(
        "Table 3: time to solution on HW1, HW2, HW3",
        "inferences of 1 ms, 10 ns, 200 ps, two to a step; CIFAR-10 in 5.6 h, 200 ms, 4 ms",
        "reported",
        "[boards beside HW2](numbers.md#time-to-solution)",
        "python -m mgd_sim.studies.soon TASK",
        "figures/xor_soon.json",
    ),
    Entry(
        "the row of Table 3 for 2-bit parity",
        "20 s, 200 us, 4 us for 10^4 steps",
        "recalled",
        "the same arithmetic: two inferences a step ([HW2](numbers.md#time-to-solution))",
        "python -m mgd_sim.studies.soon xor",
        "figures/xor_soon.json",
    ),
    Entry(
        "scaling paper: iterations until the cosine is 0.95, weight and node perturbation",
        "of 520 to 1.8 million parameters, layer by layer: 1,061 to 4,660,050, by nodes 707 to 180,900",
        "certain",
        "[below](#scaling)",
        "mgd-hdl study angle nist7x7_centered --seeds 8 --until 4400"
        " --vary 'network.layers=[49,1,4],[49,2,4],[49,4,4],[49,8,4]'"
        " --vary perturbation.granularity=network,node --vary 'formats.parameter=SQ(4, 20)' --model twin",
        "figures/letters_scaling.csv",
    ),
    Entry(
        "scaling paper: iterations to 80 % of Fashion-MNIST over the number of parameters",
        "weights 0.74 to 2.4 million, nodes 0.20 to 1.4 million, for 520 to 1.8 million parameters",
        "certain",
        "letters by [hidden neurons](frontier.md) and [granularity](numbers.md#granularity); no convolutions;"
        " pooled Fashion-MNIST on a [bank](bank.md#what-was-learned), 6,634 parameters: weights 8 million,"
        " nodes 0.9 million",
        "python -m mgd_sim.studies.hidden H",
        "hidden.json",
    ),
    Entry(
        "scaling paper: tau_theta at 254,578 parameters, iterations to 80 %",
        "87,100 at tau_theta = 1, 901,000 at 100, 3,446,100 at 1,000, at one rate",
        "certain",
        "XOR, [below](#time-constants): at the rate of a mean the same way",
        "mgd-hdl study times xor --seeds 32 --until 20000",
        "figures/xor_times.csv",
    ),
    Entry(
        "scaling paper: momentum and Adam",
        "momentum works as it is; with tau_theta = 1,000 at least 127 updates to 80 %, with Adam 80",
        "certain",
        "[momentum](numbers.md#families); no Adam: it wants a division for each parameter",
        "mgd-hdl study families TASK --seed 0",
        "figures.json#families",
    ),
)


def data(entry: Entry) -> bytes:
    """What our numbers are."""
    name, _, table = entry.data.partition("#")
    content = (ROOT / "docs" / name).read_bytes()
    return json.dumps(json.loads(content)[table], sort_keys=True).encode() if table else content


def fingerprint(entry: Entry) -> str:
    """Of our data: the first digits of its SHA-256."""
    return hashlib.sha256(data(entry)).hexdigest()[:12] if entry.data else ""


Table = tuple[Sequence[str], Sequence[Sequence[str]]]


def experiments() -> Table:
    """One line an experiment."""
    head = ["experiment", "theirs", "how sure", "ours", "command", "data", "SHA-256"]
    rows = [
        [
            each.what,
            each.theirs,
            each.sure,
            each.ours,
            f"`{each.command}`" if each.command else "",
            f"`docs/{each.data}`" if each.data else "",
            fingerprint(each),
        ]
        for each in ENTRIES
    ]
    return head, rows


def _rows(name: str) -> list[Cells]:
    return read(ROOT / f"docs/figures/{name}.csv")[2]


def times() -> Table:
    """One line a time constant and its value."""
    rows = []
    for row in _rows("xor_times"):
        steps = f"{float(row['median']):,.0f}" if row["median"] else "never"
        rows.append(
            [row["point"], f"{row['solved']} of {row['seeds']}", steps, f"{float(row['accuracy']):.1%}"]
        )
    return ["what differs", "solved", "median steps", "accuracy in the end"], rows


def scaling() -> Table:
    """Perturbations until the cosine is 0.95, by network and what is shaken."""
    found: dict[tuple[str, str], list[tuple[int, float]]] = {}
    shaken: dict[tuple[str, str], str] = {}
    for row in _rows("letters_scaling"):
        if row["point"] == "random_code" and not row["problem"]:
            key = row["network.layers"], row["perturbation.granularity"]
            found.setdefault(key, []).append((int(row["steps"]), float(row["cosine"])))
            shaken[key] = row["parameters"]
    rows = []
    for (layers, granularity), curve in found.items():
        at = crossing(curve, 0.95)
        law = (int(shaken[layers, granularity]) - 1) / (1 / 0.95**2 - 1)
        rows.append(
            [
                layers,
                {"network": "all parameters", "node": "sums of neurons"}[granularity],
                shaken[layers, granularity],
                "not within the run" if at is None else f"{at:,.0f}",
                f"{law:,.0f}",
            ]
        )
    return ["network", "what is shaken", "how many", "perturbations until 0.95", "the law's"], rows


def crossing(curve: Sequence[tuple[int, float]], level: float) -> float | None:
    """Where a curve of (steps, cosine) first reaches a level: between two points on a line over log steps."""
    for (before, low), (after, high) in pairwise(curve):
        if low < level <= high:
            share = (level - low) / (high - low)
            return math.exp(math.log(before) + share * (math.log(after) - math.log(before)))
    return None
