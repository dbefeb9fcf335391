"""Does every broken file get one clear line per mistake, status 2, and leave nothing behind?

A row is a name, the file, and for each problem what its line must contain. The lines of ``BASE`` are
changed, left out or added to, so that each file has just the mistakes of its row.
"""

from __future__ import annotations

import pytest

from mgd_hdl import cli

BASE = {
    "top": {"name": '"t"'},
    "network": {"layers": "[2, 2, 1]"},
    "formats": {},
    "cost": {},
    "perturbation": {},
    "learning": {},
    "task": {},
    "engine": {},
    "judge": {},
    "imperfections": {},
}


def toml(**sections: dict[str, str | None]) -> str:
    """The base with keys set to other text, or left out where None."""
    lines = []
    for section, keys in BASE.items():
        if section != "top":
            lines.append(f"[{section}]")
        merged = {**keys, **sections.pop(section, {})}
        lines += [f"{key} = {value}" for key, value in merged.items() if value is not None]
    assert not sections
    return "\n".join(lines) + "\n"


#: Samples of any shape.
EXTERNAL = {"name": '"external"', "source": '"stream"'}

# ---- one key at a time ---------------------------------------------------------------------------

SINGLE = [
    # name, file, part of each line
    ("no layers", toml(network={"layers": None}), ["network.layers: is missing; must be a list of 2 to 9"]),
    (
        "one layer",
        toml(network={"layers": "[2]"}),
        ["network.layers = [2]: must be a list of 2 to 9 entries"],
    ),
    ("ten layers", toml(network={"layers": "[2,1,1,1,1,1,1,1,1,1]"}), ["must be a list of 2 to 9 entries"]),
    ("layers a number", toml(network={"layers": "3"}), ["network.layers = 3: must be a list"]),
    ("layers text", toml(network={"layers": '"2, 2, 1"'}), ['network.layers = "2, 2, 1": must be a list']),
    (
        "empty layer",
        toml(network={"layers": "[2, 0, 1]"}),
        ["network.layers[1] = 0: must be a whole number from 1"],
    ),
    ("huge layer", toml(network={"layers": "[2, 4097, 1]"}), ["network.layers[1] = 4097: must be"]),
    (
        "layer true",
        toml(network={"layers": "[2, true, 1]"}),
        ["network.layers[1] = true: must be a whole number"],
    ),
    (
        "layer 2.0",
        toml(network={"layers": "[2, 2.0, 1]"}),
        ["network.layers[1] = 2.0: must be a whole number"],
    ),
    (
        "two bad layers",
        toml(network={"layers": "[2, 0, -1]"}),
        ["network.layers[1] = 0", "network.layers[2] = -1"],
    ),
    (
        "one bad layer of one",
        toml(network={"layers": "[0]"}),
        ["network.layers[0] = 0", "network.layers = [0]: must be a list of 2 to 9"],
    ),
    (
        "activation misspelt",
        toml(network={"activation": '"sigmod"'}),
        ['network.activation = "sigmod": must be one of "sigmoid", "tanh", "relu", "linear"'],
    ),
    (
        "activation in a list misspelt",
        toml(network={"activation": '["relu", "tan"]'}),
        [
            'network.activation[1] = "tan": must be one of "sigmoid", "tanh", "relu", "linear"'
            ' (did you mean "tanh"?)'
        ],
    ),
    ("activation a number", toml(network={"activation": "1"}), ["network.activation = 1: must be one of"]),
    (
        "too few activations",
        toml(network={"activation": '["relu"]'}),
        ['network.activation = ["relu"]: must be a single one, or a list of 2'],
    ),
    (
        "too many activations",
        toml(network={"activation": '["relu", "relu", "relu"]'}),
        ["must be a single one, or a list of 2"],
    ),
    (
        "no initials",
        toml(network={"initial": "[]"}),
        ["network.initial = []: must be a single one, or a list"],
    ),
    (
        "initial zero",
        toml(network={"initial": "0.0"}),
        ["network.initial = 0.0: must be a finite number above 0"],
    ),
    (
        "initial too wide",
        toml(network={"initial": "16.0"}),
        ["network.initial = 16.0 (2**4): must be 2**-11 to 2**3"],
    ),
    (
        "initial too fine",
        toml(network={"initial": "1e-9"}),
        ["network.initial = 1e-09 (2**-30): must be 2**-11"],
    ),
    (
        "one initial too wide",
        toml(network={"initial": "[1, 99]"}),
        ["network.initial[1] = 99.0 (2**7): must be"],
    ),
    (
        "both initials bad",
        toml(network={"initial": "[1e300, 5e-324]"}),
        ["network.initial[0]", "network.initial[1]"],
    ),
    (
        "format misspelt",
        toml(formats={"parameter": '"SQ(5 11)"'}),
        ['formats.parameter = "SQ(5 11)": is not a'],
    ),
    ("format Q5.11", toml(formats={"parameter": '"Q5.11"'}), ['must be "SQ(i, f)" or "UQ(i, f)"']),
    (
        "format a list",
        toml(formats={"parameter": "[5, 11]"}),
        ["formats.parameter = [5, 11]: must be text such as"],
    ),
    ("format of no bits", toml(formats={"input": '"UQ(0, 0)"'}), ["UQ(0, 0) has 0 bits"]),
    (
        "format of 65 bits",
        toml(formats={"input": '"UQ(60, 5)"'}),
        ["UQ(60, 5) has 65 bits; must have at most 64"],
    ),
    ("unsigned parameter", toml(formats={"parameter": '"UQ(5, 11)"'}), ["formats.parameter"]),
    ("parameter of 29 bits", toml(formats={"parameter": '"SQ(5, 24)"'}), ["a width of 4 to 28"]),
    ("parameter of 3 bits", toml(formats={"parameter": '"SQ(2, 1)"'}), ["a width of 4 to 28"]),
    ("parameter below one half", toml(formats={"parameter": '"SQ(1, 12)"'}), ["2 or more integer bits"]),
    ("parameter in tens", toml(formats={"parameter": '"SQ(20, -4)"'}), ["none below zero"]),
    ("a follower too slow", toml(learning={"follow": "11"}), ["learning.follow = 11: must be"]),
    ("a negative high-pass", toml(learning={"tau_hp": "-1.0"}), ["learning.tau_hp = -1.0: must be"]),
    ("unsigned cost change", toml(formats={"cost_change": '"UQ(2, 12)"'}), ["formats.cost_change"]),
    ("cost change of 33 bits", toml(formats={"cost_change": '"SQ(20, 13)"'}), ["at most 32 bits"]),
    ("input of 17 bits", toml(formats={"input": '"SQ(1, 16)"'}), ["formats.input"]),
    ("target below a bit", toml(formats={"target": '"UQ(4, -1)"'}), ["formats.target"]),
    ("activation fraction 1", toml(formats={"activation_fraction": "1"}), ["a whole number from 2 to 16"]),
    (
        "segments 2**11",
        toml(formats={"segment_bits": "11"}),
        ["formats.segment_bits = 11: must be a whole number"],
    ),
    (
        "hold bits -1",
        toml(formats={"hold_bits": "-1"}),
        ["formats.hold_bits = -1: must be a whole number from 0"],
    ),
    ("relu bits 9", toml(formats={"relu_integer_bits": "9"}), ["formats.relu_integer_bits = 9: must be"]),
    (
        "linear bits 0",
        toml(formats={"linear_integer_bits": "0"}),
        ["formats.linear_integer_bits = 0: must be"],
    ),
    (
        "loss misspelt",
        toml(cost={"loss": '"crossentropy"'}),
        ['cost.loss = "crossentropy": must be one of "squared_error"'],
    ),
    ("margin zero", toml(cost={"margin": "0"}), ["cost.margin = 0: must be a finite number above 0"]),
    ("curve of 4 segments", toml(cost={"segment_bits": "2"}), ["cost.segment_bits = 2: must be a whole"]),
    ("loss in another section", toml(learning={"loss": '"hinge"'}), ["it belongs to section [cost]"]),
    (
        "family misspelt",
        toml(perturbation={"family": '"walsch"'}),
        [
            'perturbation.family = "walsch": must be one of "random_code", "walsh", "sequential",'
            ' "sinusoidal", "square", "external" (did you mean "walsh"?)'
        ],
    ),
    (
        "amplitude zero",
        toml(perturbation={"amplitude": "0"}),
        ["perturbation.amplitude = 0: must be a finite"],
    ),
    (
        "amplitude negative",
        toml(perturbation={"amplitude": "-0.1"}),
        ["perturbation.amplitude = -0.1: must be"],
    ),
    (
        "amplitude nan",
        toml(perturbation={"amplitude": "nan"}),
        ["perturbation.amplitude = nan: must be a finite"],
    ),
    (
        "amplitude inf",
        toml(perturbation={"amplitude": "inf"}),
        ["perturbation.amplitude = inf: must be a finite"],
    ),
    ("amplitude 1e400", toml(perturbation={"amplitude": "1e400"}), ["perturbation.amplitude = inf: must be"]),
    (
        "amplitude text",
        toml(perturbation={"amplitude": '"0.1"'}),
        ['perturbation.amplitude = "0.1": must be'],
    ),
    ("amplitude true", toml(perturbation={"amplitude": "true"}), ["perturbation.amplitude = true: must be"]),
    (
        "amplitude too fine",
        toml(perturbation={"amplitude": "1e-9"}),
        ["must be 2**-13 to 2**2 with formats.parameter"],
    ),
    (
        "amplitude too coarse",
        toml(perturbation={"amplitude": "7.9"}),
        ["perturbation.amplitude = 7.9 (2**3): must be"],
    ),
    ("amplitude tiny", toml(perturbation={"amplitude": "5e-324"}), ["5e-324 (2**-1074)"]),
    ("amplitude enormous", toml(perturbation={"amplitude": "1.7e308"}), ["1.7e+308 (2**1024)"]),
    ("rate above one", toml(learning={"rate": "2"}), ["learning.rate = 2.0 (2**1): must be 2**-40 to 1"]),
    (
        "rate far too small",
        toml(learning={"rate": "1e-300"}),
        ["learning.rate = 1e-300 (2**-997): must be 2**-40"],
    ),
    (
        "tau zero",
        toml(learning={"tau_x": "0"}),
        ["learning.tau_x = 0: must be a whole number from 1 to 16777215"],
    ),
    ("tau 1.0", toml(learning={"tau_p": "1.0"}), ["learning.tau_p = 1.0: must be a whole number"]),
    ("tau true", toml(learning={"tau_theta": "true"}), ["learning.tau_theta = true: must be a whole number"]),
    ("tau 2**24", toml(learning={"tau_x": str(1 << 24)}), ["learning.tau_x = 16777216: must be"]),
    (
        "tau bits 25",
        toml(learning={"tau_bits": "25"}),
        ["learning.tau_bits = 25: must be a whole number from 1 to 24"],
    ),
    (
        "tau of 4000 digits",
        toml(learning={"tau_x": "9" * 4000}),
        ["learning.tau_x = an integer of 13288 bits: must"],
    ),
    (
        "seed of 2000 hex digits",
        toml(top={"seed": "0x" + "f" * 2000}),
        ["seed = an integer of 8000 bits: must be"],
    ),
    (
        "seed of 9000 hex digits",
        toml(top={"seed": "0x" + "f" * 9000}),
        ["seed = an integer of 36000 bits: must be"],
    ),
    (
        "rate of 400 digits",
        toml(learning={"rate": "1" + "0" * 400}),
        ["learning.rate = an integer of 1329 bits"],
    ),
    (
        "seed negative",
        toml(top={"seed": "-1"}),
        ["seed = -1: must be a whole number from 0 to 9223372036854775807"],
    ),
    ("rounding misspelt", toml(learning={"rounding": '"Floor"'}), ['(did you mean "floor"?)']),
    (
        "measure a date",
        toml(learning={"measure": "2024-01-01"}),
        ["learning.measure = 2024-01-01: must be one of"],
    ),
    ("task misspelt", toml(task={"name": '"xorr"'}), ['task.name = "xorr": must be one of xor, parity3']),
    ("task near", toml(task={"name": '"nist7"'}), ['(did you mean "nist7x7"?)']),
    ("accuracy a number", toml(task={"accuracy": "1"}), ["task.accuracy = 1: must be true or false"]),
    ("source misspelt", toml(task={"source": '"generate"'}), ['(did you mean "generator"?)']),
    (
        "spread above one",
        toml(imperfections={"activation_spread": "1.5"}),
        ["imperfections.activation_spread = 1.5: must be a number from 0 to 1"],
    ),
    (
        "noise above one",
        toml(imperfections={"cost_noise": "2.0"}),
        ["imperfections.cost_noise = 2.0: must be a number from 0 to 1"],
    ),
    (
        "negative device",
        toml(imperfections={"device": "-1"}),
        ["imperfections.device = -1: must be a whole number from 0"],
    ),
    (
        "engine ring",
        toml(engine={"kind": '"ring"'}),
        ['engine.kind = "ring": must be one of "array", "bank"'],
    ),
    # ---- names ----
    ("keyword of Verilog", toml(top={"name": '"wire"'}), ['name = "wire": is a word of Verilog']),
    ("keyword in capitals", toml(top={"name": '"Module"'}), ['name = "Module": is a word of Verilog']),
    (
        "keyword of VHDL",
        toml(top={"name": '"entity"'}),
        ['name = "entity": is a word of Verilog, SystemVerilog or VHDL'],
    ),
    ("name empty", toml(top={"name": '""'}), ['name = "": must be a letter']),
    ("name with a line break", toml(top={"name": '"a\\nb"'}), [r'name = "a\nb": must be a letter']),
    ("name ends in a line break", toml(top={"name": '"ab\\n"'}), [r'name = "ab\n": must be a letter']),
    ("name with a backslash", toml(top={"name": '"a\\\\b"'}), [r'name = "a\\b": must be a letter']),
    ("name with a slash", toml(top={"name": '"../evil"'}), ['name = "../evil": must be a letter']),
    ("name in Greek", toml(top={"name": '"\u03b8"'}), ["must be a letter"]),
    ("name looks Latin", toml(top={"name": '"tr\u0430iner"'}), ["must be a letter"]),
    ("name with an override", toml(top={"name": '"a\\u202Eb"'}), ['name = "a?b": must be a letter']),
    ("name with a NUL", toml(top={"name": '"a\\u0000b"'}), ["must be a letter"]),
    ("name of 64 letters", toml(top={"name": f'"{"a" * 64}"'}), ["up to 62 letters"]),
    ("name of a million letters", toml(top={"name": f'"{"a" * 9000}"'}), ["aaa...: must be a letter"]),
    ("name with two underscores", toml(top={"name": '"a__b"'}), ["single underscores"]),
    ("name a number", toml(top={"name": "7"}), ["name = 7: must be text"]),
    # ---- keys and sections ----
    (
        "key misspelt",
        toml(learning={"rat": "0.5"}),
        ['learning.rat = 0.5: unknown key (did you mean "rate"?)'],
    ),
    (
        "key like no other",
        toml(engine={"zzz": "1"}),
        ["engine.zzz = 1: unknown key; allowed here: kind, "],
    ),
    ("key in another section", toml(task={"amplitude": "0.5"}), ["it belongs to section [perturbation]"]),
    (
        "key at the top",
        toml(top={"rate": "0.5"}),
        ["rate = 0.5: unknown key; it belongs to section [learning]"],
    ),
    (
        "top key in a section",
        toml(engine={"seed": "3"}),
        ["engine.seed = 3: unknown key; it belongs to the top"],
    ),
    (
        "section misspelt",
        toml() + "[lerning]\nrate = 1\n",
        ['lerning = {...}: unknown key or section (did you mean "learning"?)'],
    ),
    (
        "section a number",
        toml(top={}).replace("[engine]", "") + "[[engine]]\n",
        ["engine = [{...}]: must be a table"],
    ),
    ("key with a line break", toml(engine={'"a\\nb"': "1"}), ["engine.a?b = 1: unknown key"]),
    ("deep table", toml(engine={"a" + ".a" * 400: "1"}), ["engine.a = {...}: unknown key"]),
    ("deep list", toml(engine={"kind": "[" * 60 + "]" * 60}), ["engine.kind = [[...]]: must be"]),
]

# ---- keys that do not fit together ---------------------------------------------------------------

ANALOG = {"algorithm": '"analog"', "tau_x": "8"}
TOGETHER = [
    (
        "analog, a new sample in every step",
        toml(learning={"algorithm": '"analog"'}),
        ['learning.tau_x = 1: algorithm "analog" blanks every step with a new sample, here all of them'],
    ),
    (
        "analog, two-sided",
        toml(learning={**ANALOG, "measure": '"two_sided"'}),
        ['learning.algorithm = "analog": takes one cost a step; measure must be "one_sided"'],
    ),
    (
        "analog, delayed",
        toml(learning={**ANALOG, "updates": '"delayed"'}, task={"order": '"plain"'}),
        ['learning.algorithm = "analog": updates must be "exact"'],
    ),
    (
        "analog, serial",
        toml(learning=ANALOG, engine={"cell": '"serial"'}),
        ['learning.algorithm = "analog": engine.cell must be "parallel"'],
    ),
    (
        "analog, judged",
        toml(learning=ANALOG, judge={"kind": '"window"'}),
        ['judge.kind = "window": judges by C0, which algorithm "analog" never measures; must be "none"'],
    ),
    (
        "analog, noisy costs",
        toml(learning=ANALOG, imperfections={"cost_noise": "0.1"}),
        ['imperfections.cost_noise = 0.1: must be 0 with algorithm "analog"'],
    ),
    (
        "a high-pass that is deaf",
        toml(learning={**ANALOG, "tau_hp": "0.0019"}),
        ["learning.tau_hp = 0.0019: must be 0.002 to 510"],
    ),
    (
        "a high-pass that forgets nothing",
        toml(learning={**ANALOG, "tau_hp": "511"}),
        ["learning.tau_hp = 511.0: must be 0.002 to 510"],
    ),
    (
        "a follower with delayed updates",
        toml(learning={"follow": "2", "updates": '"delayed"'}, task={"order": '"plain"'}),
        ['learning.follow = 2: updates must be "exact"'],
    ),
    (
        "a follower in serial cells",
        toml(learning={"follow": "2"}, engine={"cell": '"serial"'}),
        ['learning.follow = 2: engine.cell must be "parallel"'],
    ),
    (
        "a follower without copy",
        toml(learning={"follow": "2"}, engine={"shadow": '"no"'}),
        ['learning.follow = 2: needs the shadow copy; engine.shadow must be "auto" or "yes"'],
    ),
    (
        "shape of another task",
        toml(task={"name": '"parity4"'}),
        ['network.layers = [2, 2, 1]: task "parity4" has 4 inputs'],
    ),
    ("two outputs for xor", toml(network={"layers": "[2, 2]"}), ["must be [2, ..., 1]"]),
    (
        "too many parameters",
        toml(network={"layers": "[2, 4096, 4096, 1]"}),
        ["has 16797697 parameters; the array engine takes at most 65536"],
    ),
    (
        "one parameter too many",
        toml(network={"layers": "[62, 1024, 1]"}, task=EXTERNAL),
        ["network.layers = [62, 1024, 1]: has 65537 parameters"],
    ),
    (
        "a neuron too wide",
        toml(network={"layers": "[2, 3422, 1]"}),
        ["a neuron of layer 1 has 3422 inputs of 10 bits and parameters of 9; at most 3420 inputs"],
    ),
    (
        "a sample too wide",
        toml(network={"layers": "[1, 4096]"}, formats={"target": '"UQ(6, 10)"'}, task=EXTERNAL),
        ["a sample has 65537 bits in formats.input and formats.target; at most 65000"],
    ),
    (
        "xor from a generator",
        toml(task={"source": '"generator"'}),
        ['task.source = "generator": task "xor" has no on-chip'],
    ),
    (
        "letters from memory",
        toml(network={"layers": "[49, 4]"}, task={"name": '"nist7x7"'}),
        [
            'task.source = "memory": task "nist7x7" does not fit on-chip memory;'
            ' must be "generator" or "stream"'
        ],
    ),
    (
        "sign, rounded",
        toml(learning={"size": '"sign"', "rounding": '"floor"'}),
        ['learning.rounding = "floor": must be "carry" with size = "sign"'],
    ),
    (
        "sign below the last bit",
        toml(learning={"size": '"sign"', "rate": "0.0001"}),
        ["learning.rate = 0.0001 (2**-13): must be 2**-11 or more with formats.parameter = SQ(5, 11)"],
    ),
    (
        "last rate without annealing",
        toml(learning={"last_rate": "0.125"}),
        ["learning.last_rate = 0.125 (2**-3): needs anneal_every above 0"],
    ),
    (
        "last rate above the first",
        toml(learning={"rate": "0.25", "anneal_every": "9", "last_rate": "0.5"}),
        ["learning.last_rate = 0.5 (2**-1): must be 2**-3 to learning.rate = 2**-2"],
    ),
    (
        "layers of sequential codes",
        toml(perturbation={"family": '"sequential"', "granularity": '"layer"'}),
        ['perturbation.granularity = "layer": must be "network" with family = "sequential"'],
    ),
    (
        "layers of serial cells",
        toml(perturbation={"granularity": '"layer"'}, engine={"cell": '"serial"'}),
        ['perturbation.granularity = "layer": must be "network" with cell = "serial"'],
    ),
    (
        "nodes of sparse codes",
        toml(perturbation={"share": "0.5", "granularity": '"node"'}, formats={"parameter": '"SQ(5, 16)"'}),
        ['perturbation.share = 0.5 (2**-1): must be 1 with granularity = "node"'],
    ),
    (
        "nodes of loaded codes",
        toml(perturbation={"family": '"square"', "granularity": '"node"'}),
        ['perturbation.granularity = "node": must be "network" with family = "square"'],
    ),
    *(
        (
            f"nodes, {other}",
            toml(perturbation={"granularity": '"node"'}, formats={"parameter": '"SQ(5, 16)"'}, **changes),
            [f'perturbation.granularity = "node": does not go with {other}'],
        )
        for other, changes in {
            'updates = "delayed"': {"learning": {"updates": '"delayed"'}},
            'algorithm = "analog"': {"learning": {"algorithm": '"analog"', "tau_x": "4"}},
            "follow above 0": {"learning": {"follow": "2"}},
            'enables = "early"': {"engine": {"enables": '"early"'}},
            "update_noise above 0": {"imperfections": {"update_noise": "0.01"}},
            "stuck above 0": {"imperfections": {"stuck": "0.2"}},
        }.items()
    ),
    (
        "nodes, two samples in a perturbation",
        toml(
            perturbation={"granularity": '"node"'},
            formats={"parameter": '"SQ(5, 16)"'},
            learning={"tau_p": "2", "tau_x": "3"},
        ),
        ['learning.tau_x = 3: must be a multiple of tau_p = 2 with granularity = "node"'],
    ),
    (
        "nodes, inputs of too few bits",
        toml(
            perturbation={"granularity": '"node"', "resolution": "2"},
            formats={"parameter": '"SQ(5, 16)"'},
            network={"activation": '["tanh", "sigmoid"]'},
        ),
        [
            'perturbation.resolution = 2: must be 3 or more with granularity = "node" and inputs of up to 2'
            " integer bits"
        ],
    ),
    (
        "turns of the whole network",
        toml(perturbation={"tau_layer": "3"}),
        ['perturbation.tau_layer = 3: needs granularity = "layer"'],
    ),
    (
        "turns above their register",
        toml(perturbation={"granularity": '"layer"', "tau_layer": "16"}, learning={"tau_bits": "4"}),
        ["perturbation.tau_layer = 16: must be below 2**4 (learning.tau_bits = 4)"],
    ),
    (
        "noise below the last bits",
        toml(imperfections={"cost_noise": "0.0001"}),
        ["imperfections.cost_noise = 0.0001 (2**-13): must be 2**-10 to 1 with formats.cost_change"],
    ),
    (
        "noise of updates below the last bits",
        toml(imperfections={"update_noise": "0.001"}),
        ["imperfections.update_noise = 0.001 (2**-10): must be 2**-9 to 2**0 with formats.parameter"],
    ),
    (
        "noise of delayed updates",
        toml(learning={"updates": '"delayed"'}, imperfections={"update_noise": "0.1"}),
        ['imperfections.update_noise = 0.1: must be 0 with updates = "delayed"'],
    ),
    (
        "noise of serial updates",
        toml(engine={"cell": '"serial"'}, imperfections={"update_noise": "0.1"}),
        ['imperfections.update_noise = 0.1: must be 0 with cell = "serial"'],
    ),
    (
        "noise of early enables",
        toml(engine={"enables": '"early"'}, imperfections={"update_noise": "0.1", "stuck": "0.5"}),
        [
            'imperfections.update_noise = 0.1: must be 0 with enables = "early"',
            'imperfections.stuck = 0.5: must be 0 with enables = "early"',
        ],
    ),
    (
        "signs of sequential noise",
        toml(
            perturbation={"family": '"sequential"'},
            imperfections={"update_noise": "0.1", "update_noise_kind": '"independent"'},
        ),
        ['imperfections.update_noise_kind = "independent": must be "common" with sequential codes'],
    ),
    (
        "stuck serial cells",
        toml(engine={"cell": '"serial"'}, imperfections={"stuck": "0.1"}),
        ['imperfections.stuck = 0.1: must be 0 with cell = "serial"'],
    ),
    (
        "defects of relu",
        toml(network={"activation": '["relu", "tanh"]'}, imperfections={"activation_spread": "0.25"}),
        ['imperfections.activation_spread = 0.25: must be 0 with activation "relu"'],
    ),
    (
        "wide inputs from memory",
        toml(formats={"input": '"UQ(0, 8)"'}),
        ["formats.input = UQ(0, 8): must be UQ(1, 0)"],
    ),
    (
        "targets below one",
        toml(formats={"target": '"UQ(0, 4)"'}),
        ["formats.target = UQ(0, 4): must hold 0 and 1"],
    ),
    (
        "signed targets below one",
        toml(formats={"target": '"SQ(1, 4)"'}),
        ["formats.target = SQ(1, 4): must hold 0 and 1"],
    ),
    (
        "targets finer than outputs",
        toml(formats={"target": '"UQ(1, 4)"', "activation_fraction": "3"}),
        ["formats.target = UQ(1, 4): must have at most activation_fraction = 3"],
    ),
    (
        "cross-entropy of a sigmoid",
        toml(cost={"loss": '"cross_entropy"'}),
        ['cost.loss = "cross_entropy": takes logits: network.activation must end in "linear", not "sigmoid"'],
    ),
    (
        "hinge of one sigmoid",
        toml(cost={"loss": '"hinge"'}),
        ['cost.loss = "hinge": compares a single output with zero: network.activation must end in "linear"'],
    ),
    (
        "margin wider than the outputs",
        toml(network={"activation": '"tanh"'}, cost={"loss": '"hinge"', "margin": "1e300"}),
        ["cost.margin = 1e+300: must be from one last bit of the outputs, 2**-10, to their range, 2**1"],
    ),
    (
        "margin finer than the outputs",
        toml(network={"activation": '"tanh"'}, cost={"loss": '"hinge"', "margin": "1e-9"}),
        ["cost.margin = 1e-09: must be from one last bit"],
    ),
    (
        "classes of targets below one half",
        toml(
            network={"activation": '"linear"'},
            formats={"target": '"SQ(0, 4)"'},
            cost={"loss": '"hinge"'},
            task={"name": '"external"', "source": '"stream"'},
        ),
        ['formats.target = SQ(0, 4): must hold one half for loss "hinge"'],
    ),
    (
        "curves of too many bits",
        toml(
            network={"activation": '"linear"'},
            formats={"cost_change": '"SQ(2, 17)"'},
            cost={"loss": '"cross_entropy"'},
            learning={"rounding": '"floor"'},
        ),
        ['formats.cost_change = SQ(2, 17): must have at most 16 fraction bits for loss "cross_entropy"'],
    ),
    (
        "limit beyond C~",
        toml(cost={"limit": "3"}),
        ["cost.limit = 3.0: must be 2**-12 to 1.99976 with formats.cost_change = SQ(2, 12), or 0"],
    ),
    (
        "gate below a last bit",
        toml(cost={"gate": "1e-9"}),
        ["cost.gate = 1e-09: must be from a last bit of C~, 2**-12, to below its limit, 1.99976; or 0"],
    ),
    (
        "gate at the limit",
        toml(cost={"gate": "0.25", "limit": "0.25"}),
        ["cost.gate = 0.25: must be from a last bit of C~, 2**-12, to below its limit, 0.25; or 0"],
    ),
    (
        "a clamp beyond the rail",
        toml(learning={"clamp": "16"}),
        ["learning.clamp = 16.0 (2**4): must be 2**-11 to 2**3 with formats.parameter = SQ(5, 11), or 0"],
    ),
    (
        "a clamp of serial cells",
        toml(learning={"clamp": "1"}, engine={"cell": '"serial"'}),
        ['learning.clamp = 1.0: must be 0 with cell = "serial"'],
    ),
    (
        "a decay below the last bit",
        toml(learning={"decay": "1e-5"}),
        ["learning.decay = 1e-05 (2**-17): must be 2**-14 to 2**-1 with formats.parameter = SQ(5, 11), or 0"],
    ),
    (
        "a decay of delayed updates",
        toml(learning={"decay": "0.01", "updates": '"delayed"'}),
        ['learning.decay = 0.01: must be 0 with updates = "delayed"'],
    ),
    (
        "an amplitude that halves three times",
        toml(perturbation={"halve_every": "9", "last_amplitude": "0.0078125"}),
        [
            "perturbation.last_amplitude = 0.0078125 (2**-7): must be a half or a quarter of the amplitude,"
            " 2**-5 or 2**-6; or 0"
        ],
    ),
    (
        "a last amplitude alone",
        toml(perturbation={"last_amplitude": "0.03125"}),
        ["perturbation.last_amplitude = 0.03125 (2**-5): needs halve_every above 0"],
    ),
    (
        "an amplitude that halves under way",
        toml(perturbation={"halve_every": "9"}, learning={"updates": '"delayed"'}),
        ['perturbation.halve_every = 9: must be 0 with updates = "delayed"'],
    ),
    (
        "a reference anew of two sides",
        toml(learning={"reference": '"every_step"', "measure": '"two_sided"'}),
        ['learning.reference = "every_step": must be "when_due" with measure = "two_sided"'],
    ),
    (
        "accuracy of two sides",
        toml(task={"accuracy": "true"}, learning={"measure": '"two_sided"'}),
        ['task.accuracy = true: judges the network at rest, which measure = "two_sided" never shows'],
    ),
    (
        "order of random codes",
        toml(perturbation={"order": '"shuffled"'}),
        ['perturbation.order = "shuffled": needs family'],
    ),
    (
        "a share too small",
        toml(perturbation={"share": "0.05"}),
        ["perturbation.share = 0.05 (2**-4): must be 2**-3 to 1"],
    ),
    *(
        (
            f"sparse, {allowed}",
            toml(perturbation={"share": "0.25", **perturbation}, **others),
            [f"perturbation.share = 0.25 (2**-2): must be 1 with {allowed}"],
        )
        for allowed, perturbation, others in [
            ("walsh codes", {"family": '"walsh"'}, {}),
            ('granularity = "layer"', {"granularity": '"layer"'}, {}),
            ('cell = "serial"', {}, {"engine": {"cell": '"serial"'}}),
            ("imperfections.update_noise", {}, {"imperfections": {"update_noise": "0.01"}}),
        ]
    ),
    (
        "sign flip of random codes",
        toml(perturbation={"sign_flip": "true"}),
        ['perturbation.sign_flip = true: needs family = "walsh"'],
    ),
    (
        "tau above its register",
        toml(learning={"tau_x": "16", "tau_bits": "4"}),
        ["learning.tau_x = 16: must be below 2**4"],
    ),
    (
        "all taus above their registers",
        toml(learning={"tau_x": "9", "tau_p": "9", "tau_theta": "9", "tau_bits": "3"}),
        ["learning.tau_x", "learning.tau_p", "learning.tau_theta"],
    ),
    (
        "delayed without shadow",
        toml(engine={"shadow": '"no"'}, learning={"updates": '"delayed"'}),
        ['engine.shadow = "no"'],
    ),
    (
        "early enables with a shadow copy",
        toml(engine={"enables": '"early"'}, learning={"tau_theta": "4"}),
        [
            'engine.enables = "early": has no shadow copy: updates must be "exact", and tau_theta = 4'
            " must divide tau_p = 1"
        ],
    ),
    (
        "early enables of serial cells",
        toml(engine={"enables": '"early"', "cell": '"serial"'}),
        ['engine.enables = "early": needs cell = "parallel"'],
    ),
    (
        "resets of serial cells",
        toml(engine={"reset": '"yes"', "cell": '"serial"'}),
        ['engine.reset = "yes": must be "no" for serial cells, which a start clears anyway'],
    ),
    (
        "window over holds without shadow",
        toml(engine={"shadow": '"no"'}, learning={"tau_theta": "4"}),
        ["tau_theta = 4 must divide tau_p = 1"],
    ),
    (
        "sinusoids of one bit",
        toml(
            perturbation={"family": '"sinusoidal"', "resolution": "1"}, formats={"cost_change": '"SQ(2, 9)"'}
        ),
        ["perturbation.resolution = 1: must be 2 or more for sinusoids"],
    ),
    (
        "nine bits of resolution",
        toml(perturbation={"family": '"external"', "resolution": "9"}),
        ["perturbation.resolution = 9: must be a whole number from 1 to 8"],
    ),
    (
        "sinusoids without guard bits",
        toml(perturbation={"family": '"sinusoidal"'}),
        ['rounding "carry" needs 1 more fraction bit in formats.parameter, 1 fewer in formats.cost_change'],
    ),
    (
        "loaded codes, delayed",
        toml(perturbation={"family": '"square"'}, learning={"updates": '"delayed"'}),
        ['learning.updates = "delayed": must be "exact" for square codes'],
    ),
    (
        "loaded codes, serial",
        toml(perturbation={"family": '"external"', "resolution": "1"}, engine={"cell": '"serial"'}),
        ['engine.cell = "serial": must be "parallel" for external codes'],
    ),
    (
        "loaded codes, early",
        toml(perturbation={"family": '"square"'}, engine={"enables": '"early"'}),
        ['engine.enables = "early": must be "direct" for square codes'],
    ),
    (
        "loaded codes, update noise and stuck parameters",
        toml(
            perturbation={"family": '"square"'},
            imperfections={"update_noise": "0.03125", "stuck": "0.25"},
        ),
        [
            'imperfections.update_noise = 0.03125: must be 0 with family = "square"',
            'imperfections.stuck = 0.25: must be 0 with family = "square"',
        ],
    ),
    (
        "codes as wide as the parameter",
        toml(
            perturbation={"family": '"external"', "resolution": "8"},
            formats={"parameter": '"SQ(5, 4)"', "cost_change": '"SQ(2, 2)"'},
            learning={"rounding": '"floor"'},
        ),
        ["formats.parameter = SQ(5, 4): must have 10 bits or more for codes of 8 bits"],
    ),
    (
        "window inside a hold without shadow",
        toml(engine={"shadow": '"no"'}, learning={"tau_theta": "2", "tau_p": "3"}),
        ["tau_theta = 2 must divide tau_p = 3"],
    ),
    (
        "external from memory",
        toml(network={"layers": "[5, 3]"}, task={"name": '"external"'}),
        ['task.source = "memory": task "external" has no samples of its own; must be "stream"'],
    ),
    (
        "external from a generator, delayed",
        toml(
            task={"name": '"external"', "source": '"generator"'},
            learning={"updates": '"delayed"'},
        ),
        ['task.source = "generator": task "external" has no samples of its own; must be "stream"'],
    ),
    (
        "carry without guard bits",
        toml(formats={"parameter": '"SQ(5, 4)"'}),
        ['learning.rate = 0.5 (2**-1): rounding "carry" needs 5 more fraction bits in formats.parameter'],
    ),
    (
        "carry one bit short",
        toml(formats={"parameter": '"SQ(5, 8)"'}),
        ["needs 1 more fraction bit in formats.parameter"],
    ),
    (
        "rate that rounds everything away",
        toml(learning={"rate": "1e-9", "rounding": '"nearest_even"'}),
        ["learning.rate = 1e-09 (2**-30): is too small: updates would drop 27 bits of a sum of 18"],
    ),
    (
        "more dropped than dithered",
        toml(learning={"rate": str(2.0**-28), "rounding": '"stochastic"'}, formats={"hold_bits": "16"}),
        ["must be at least 2**-27: stochastic rounding has a dither of 28 bits"],
    ),
    (
        "updates wider than a word",
        toml(
            formats={"parameter": '"SQ(5, 23)"', "cost_change": '"SQ(31, 1)"', "hold_bits": "16"},
            perturbation={"amplitude": str(2.0**-9)},
        ),
        ["formats.hold_bits = 16: updates at rate 1 have 80 bits, at most 63"],
    ),
    (
        "sums wider than a word",
        toml(
            network={"layers": "[2, 520, 1]", "activation": '"relu"'},
            formats={"parameter": '"SQ(28, 0)"', "relu_integer_bits": "8", "activation_fraction": "16"},
            perturbation={"amplitude": "0.25"},
            learning={"rounding": '"floor"'},
        ),
        ["formats.parameter = SQ(28, 0): sums of layer 1 need 64 bits, at most 63"],
    ),
    (
        "shifted sums wider than a word",
        toml(
            network={"layers": "[8, 1]"},
            formats={
                "parameter": '"SQ(28, 0)"',
                "activation_fraction": "16",
                "input": '"UQ(16, 0)"',
                "cost_change": '"SQ(20, 1)"',
            },
            perturbation={"amplitude": "1024.0"},
            learning={"rounding": '"floor"'},
            task={"name": '"parity8"', "source": '"stream"'},
        ),
        ["sums of layer 0 need 64 bits, at most 63; use fewer bits in formats.input"],
    ),
    (
        "squares wider than a word",
        toml(
            formats={"target": '"UQ(16, 0)"', "activation_fraction": "16"},
            task={"source": '"stream"'},
        ),
        ["formats.target = UQ(16, 0): the sum of squared errors needs 67 bits"],
    ),
    (
        "no cost that is a miss",
        toml(judge={"kind": '"window"', "limit": "2.5"}),
        ["judge.limit = 2.5: must be at most 1.99976, the largest cost"],
    ),
    (
        "tries without a judge",
        toml(judge={"retry": "1000"}),
        ['judge.retry = 1000: needs judge.kind = "window"; or must be 0'],
    ),
    (
        "tries shorter than a window",
        toml(judge={"kind": '"window"', "retry": "255"}),
        ["judge.retry = 255: must be judge.window = 256 or more, or 0"],
    ),
    (
        "tries of samples from outside",
        toml(judge={"kind": '"window"', "retry": "1000"}, task={"source": '"stream"'}),
        ['judge.retry = 1000: must be 0 with source = "stream": its samples do not begin anew'],
    ),
    (
        "as many misses as references",
        toml(judge={"window": "8", "misses": "8"}),
        ["judge.misses = 8: must be below judge.window = 8"],
    ),
    (
        "a window shorter than an epoch",
        toml(
            network={"layers": "[5, 4, 1]"},
            task={"name": '"parity5"'},
            judge={"kind": '"window"', "window": "31"},
        ),
        ["judge.window = 31: must be at least 32, the number of samples"],
    ),
    (
        "unknown key, name and tau at once",
        toml(
            top={"name": '"reg"'},
            learning={"tau_x": "16", "tau_bits": "4", "rat": "1"},
            engine={"shadow": "3"},
        ),
        ["name = ", "learning.tau_x = 16", "learning.rat = 1", "engine.shadow = 3: must be one of"],
    ),
    (
        "one bad format is one problem",
        toml(formats={"parameter": '"SQ(5)"'}, perturbation={"amplitude": "1e-9"}),
        ["formats.parameter"],
    ),
    (
        "one bad section is one problem",
        toml(task={"name": '"nist7x7"'}).replace("[network]\nlayers = [2, 2, 1]\n", ""),
        ["network: is missing", 'task.source = "memory"'],
    ),
]

# ---- not even TOML -------------------------------------------------------------------------------

UNREADABLE = [
    ("empty", b"", ["is empty"]),
    ("blank", b" \n\t\n", ["is empty"]),
    ("only a comment", b"# nothing yet\n", ["network: is missing; must be a table of keys"]),
    ("not TOML", b"layers: [2, 2, 1]\n", ["bad.toml, line 1 = layers: [2, 2, 1]: is not TOML"]),
    ("open string", b'[network]\nname = "x\n', ["bad.toml, line 2"]),
    ("open list", b"[network]\nlayers = [2, 2\n", ["is not TOML"]),
    (
        "key twice",
        b"seed = 1\nname = 'a'\nseed = 2\n",
        ["bad.toml, line 3 = seed = 2: is not TOML: a key is given twice"],
    ),
    (
        "section twice",
        b"[network]\n[task]\n[network]\n",
        ["line 3 = [network]: is not TOML: section [network] is given twice"],
    ),
    ("byte order mark", b"\xef\xbb\xbf" + toml().encode(), ["starts with a byte order mark"]),
    ("UTF-16", toml().encode("utf-16"), ["is not UTF-8: byte 0"]),
    ("Latin-1", b"seed = 1\n# f\xfcr\n", ["bad.toml, line 2: is not UTF-8: byte 12"]),
    ("NUL bytes", b"\0" * 100, ["bad.toml, line 1"]),
    ("NUL in text", b"name = 'a\0b'\n", ["is not TOML"]),
    ("binary", bytes(range(256)) * 10, ["is not UTF-8"]),
    ("more than 1 MiB", b"# 0123456789\n" * 90000, ["is larger than 1 MiB"]),
    ("a long line", b"seed = " + b"1" * 20000, ["line 1: is longer than 10000 characters"]),
    ("integer of 5000 digits", b"seed = " + b"9" * 5000, ["has an integer of more than 4300 digits"]),
    ("nested too deeply", b"\n".join([b"x = [", *[b"[" * 999] * 90]), ["is nested too deeply"]),
    ("escape codes", b"name = 'a\x1b[31m'\n", ["is not TOML"]),
    ("no date", b"name = 2024-99-99\n", ["is not TOML"]),
    ("lone surrogate", b'name = "\\ud800"\n', ["is not TOML"]),
]

ROWS = [(name, text.encode(), fragments) for name, text, fragments in SINGLE + TOGETHER] + UNREADABLE


@pytest.mark.parametrize("verb", ["check", "generate"])
@pytest.mark.parametrize(("data", "fragments"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_broken_file(data, fragments, verb, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bad.toml").write_bytes(data)

    assert cli.main([verb, "bad.toml"]) == 2

    out, err = capsys.readouterr()
    lines = err.splitlines()
    assert out == ""
    assert len(lines) == len(fragments), err
    for line in lines:
        assert line.startswith("mgd-hdl: ")
        assert line.isprintable()
        assert len(line) < 600
    for fragment in fragments:
        assert any(fragment in line for line in lines), err
    assert [path.name for path in tmp_path.iterdir()] == ["bad.toml"]
