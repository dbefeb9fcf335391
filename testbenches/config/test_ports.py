"""Is the table of the top's ports that of the circuit, and does every reader get it?"""

from __future__ import annotations

import json

import pytest
from amaranth.lib import data

from mgd_hdl.config import FLAGS, PORTS, Field, TrainerConfig, fields, ports, preset
from mgd_hdl.emit import ports as emitted
from mgd_hdl.emit import trainer_files
from mgd_hdl.network.inference import input_stream as answered_stream
from mgd_hdl.samples import input_stream, sample_stream
from mgd_hdl.trainer import Trainer
from testbenches.docs.top import circuits

#: Beside presets and examples: several options together, and what no example has.
CIRCUITS = circuits() | {
    "judged, accuracy": preset("parity4").replaced(
        task={"accuracy": True}, judge={"kind": "window"}, learning={"rounding": "stochastic"}
    ),
    "retry": preset("parity4").replaced(judge={"kind": "window", "retry": 1_000}),
    "host": preset("xor").replaced(host={"bus": "axi4lite"}),
    "input by input": preset("xor").replaced(
        task={"name": "external", "source": "stream"},
        network={"layers": [5, 3, 2]},
        formats={"input": "SQ(2, 3)", "target": "UQ(0, 3)"},
        engine={"kind": "bank", "sample": "memory"},
    ),
    "input by input, inference": preset("xor").replaced(
        task={"source": "stream"},
        network={"inference": "yes"},
        formats={"input": "SQ(2, 3)"},
        engine={"kind": "bank", "sample": "memory"},
    ),
    "both streams": preset("xor").replaced(
        task={"source": "stream"},
        perturbation={"family": "external", "resolution": 3},
        formats={"parameter": "SQ(5, 14)"},
    ),
}


def built(config: TrainerConfig) -> Trainer:
    trainer = Trainer(config)
    trainer._MustUse__used = True  # whoever asks for its ports need not elaborate it
    return trainer


@pytest.mark.parametrize("name", CIRCUITS)
def test_ports_are_the_circuits(name):
    """Name, direction and width, in the order of the Verilog; no port is a signed number."""
    config = CIRCUITS[name]
    table = [(port.name, port.direction, port.width(config), False) for port in ports(config)]
    found = [tuple(port.values()) for port in emitted(built(config))]
    assert sorted(found) == sorted(table)
    assert [port for port in found if "__" not in port[0]] == [port for port in table if "__" not in port[0]]


def test_every_port_is_in_some_circuit():
    having = {port.name for config in CIRCUITS.values() for port in ports(config)}
    assert having == {port.name for port in PORTS}


def test_widths_are_what_their_expressions_say():
    for config in CIRCUITS.values():
        for port in ports(config):
            assert eval(port.bits, {"config": config}) == port.width(config), port.name  # noqa: S307


def test_parts_of_a_sample_are_those_of_the_circuit():
    """By Amaranth's own layout of the stream."""
    config = CIRCUITS["example 09"]
    layout = sample_stream(config).members["payload"].shape
    expected = []
    for name, member in layout:
        assert isinstance(member.shape, data.ArrayLayout)
        for index, element in member.shape:
            low = member.offset + element.offset
            expected.append((f"{name}[{index}]", low, element.width, element.shape.signed))
    found = [(part.name, part.low, part.width, part.signed) for part in fields(config, "i_sample__payload")]
    assert found == expected
    assert [part.format for part in fields(config, "i_sample__payload")] == ["UQ(1, 7)"] * 2 + ["UQ(0, 3)"]


def test_parts_of_an_input_are_those_of_the_circuit():
    """An input, two targets, and whether it is the first, by Amaranth's own layout."""
    config = CIRCUITS["input by input"]
    layout = input_stream(config).members["payload"].shape
    found = fields(config, "i_input__payload")
    assert [part.name for part in found] == ["x", "target[0]", "target[1]", "first"]
    assert [part.format for part in found] == ["SQ(2, 3)", "UQ(0, 3)", "UQ(0, 3)", ""]
    assert [(part.low, part.width, part.signed) for part in found] == [
        (layout["x"].offset, 5, True),
        *((layout["target"].offset + 3 * k, 3, False) for k in range(2)),
        (layout["first"].offset, 1, False),
    ]


def test_parts_of_an_input_to_answer_are_those_of_the_circuit():
    """All numbers side by side; or one, and whether it is the first."""
    whole, single = CIRCUITS["example 24"], CIRCUITS["input by input, inference"]
    found = fields(whole, "i_infer__payload")
    assert [(part.name, part.low, part.width) for part in found] == [("x[0]", 0, 1), ("x[1]", 1, 1)]
    layout = answered_stream(single).members["payload"].shape
    assert fields(single, "i_infer__payload") == (
        Field("x", layout["x"].offset, 5, True, "SQ(2, 3)"),
        Field("first", layout["first"].offset, 1),
    )


def test_flags_by_hand():
    assert fields(preset("xor"), "flags") == (
        Field("cost_change_saturated", 0, 1),
        Field("hold_saturated", 1, 1),
        Field("update_saturated", 2, 1),
    )
    assert len(FLAGS) == 3


def test_the_files_tell_the_same():
    config = CIRCUITS["example 09"]
    files = trainer_files(config)
    listed = {port["name"]: port for port in json.loads(files["stream_trainer.ports.json"])["ports"]}
    assert set(listed) == {port.name for port in ports(config)}
    assert all(port["meaning"] == row.meaning for row in ports(config) for port in [listed[row.name]])
    assert listed["tau_x"] == {
        "name": "tau_x",
        "direction": "input",
        "width": 16,
        "signed": False,
        "meaning": "Steps for which a sample is shown.",
        "read": "when its counter turns, and at start",
        "least": 1,
        "most": 65535,
    }
    assert listed["busy"]["reset"] == 0
    assert listed["i_sample__payload"]["fields"][2] == {
        "name": "target[0]",
        "low": 16,
        "width": 3,
        "signed": False,
        "format": "UQ(0, 3)",
    }


@pytest.mark.parametrize("port", PORTS, ids=lambda port: f"{port.name} {port.needs}".strip())
def test_every_port_is_explained(port):
    assert port.meaning.endswith(".")
    assert port.when
    assert "|" not in port.meaning + port.when
