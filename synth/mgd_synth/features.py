"""Numbers of a configuration that the size of its blocks follows from: of words, registers, sums, products.

A block's size is the sum of its features, each times a coefficient of :mod:`mgd_synth.fit`. So features
are what must be in the circuit, most of them bits; what a synthesizer makes of a bit is not known here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from mgd_hdl.config import TrainerConfig
from mgd_hdl.config.codes import COLUMNS
from mgd_hdl.config.engines import Indices, Sweep
from mgd_hdl.config.names import numbered
from mgd_hdl.config.network import LayerConfig, adder_levels
from mgd_hdl.config.number import Format, Rounding
from mgd_hdl.config.options import OPTIONS
from mgd_hdl.learn.array import TRUNK_TILES

from .ecp5 import DEEP
from .process import SynthError

__all__ = ["IN_BANK", "Features", "features", "reason_against", "stored"]

Features = dict[str, float]

#: A block of a report, the kind whose coefficients it shares, its features.
_Block = tuple[str, str, Features]

#: By family: a table of fewer bits becomes logic; width of a block of memory by its depth, deepest first.
_MEMORIES = {
    "ice40": (2048, ((2048, 2), (1024, 4), (512, 8), (256, 16))),
    "other": (3072, ((16384, 1), (8192, 2), (4096, 4), (2048, 9), (1024, 18), (512, 36))),
}

#: A Gowin device makes two products of operands up to this wide in one multiplier.
_NARROW = 9


def features(config: TrainerConfig, target: str) -> dict[str, tuple[str, Features]]:
    """For each block of the reports its kind, which has coefficients of its own, and its features."""
    if config.timing.sweep is not None:
        return {name: (kind, given) for name, kind, given in _bank(config, target)}
    blocks = [
        *_cells(config),
        *_codes(config),
        *_learning(config),
        *_loss(config, target),
        *_samples(config, target),
        *_given(config, target),
        *_options(config),
    ]
    for layer in config.shape.layers:
        serial = layer.delivery.marked
        neurons = ("serial neuron", _serial(layer)) if serial else ("neuron", _neurons(layer, target))
        blocks.append((f"network.neuron_{layer.index}", *neurons))
        kind = "limit" if layer.table is None else "table"
        blocks.append((f"network.activation_{layer.index}", kind, _activations(layer, target)))
    return {name: (kind, given) for name, kind, given in blocks}


def _wide(target: str, operands: int, products: int) -> Features:
    """How many products need a whole multiplier, where others may not."""
    return {"wide": (operands > _NARROW) * products} if target.startswith("gowin") else {}


def _memory(depth: int, width: int, target: str) -> tuple[int, int]:
    """Of a table: its bits if it becomes logic, or else its blocks of memory."""
    least, shapes = _shapes(target)
    if depth * width < least:
        return depth * width, 0
    for rows, columns in reversed(shapes):
        if depth <= rows:
            return 0, -(-width // columns)
    rows, columns = shapes[0]
    return 0, -(-depth // rows) * -(-width // columns)


def _shapes(target: str) -> tuple[int, tuple[tuple[int, int], ...]]:
    return _MEMORIES["ice40" if target.startswith("ice40") else "other"]


# ---- learning ------------------------------------------------------------------------------------


def _leaves(config: TrainerConfig) -> Iterator[int]:
    """For how many cells there is a set of registers, for each of them."""
    if config.placement.keeps_code:
        for layer in config.shape.layers:
            tiles = [tile.cells for tile in config.placement.tiles if tile.layer == layer.index]
            yield from (sum(tiles[i : i + TRUNK_TILES]) for i in range(0, len(tiles), TRUNK_TILES))
    for tile in config.placement.tiles:
        for cells in (tile.cells, config.leaf_cells)[: config.placement.leaf_levels]:
            whole, rest = divmod(tile.cells, cells)
            yield from [cells] * whole + [rest] * (rest > 0)


def _cells(config: TrainerConfig) -> Iterator[_Block]:
    """Of the engine; raises SynthError where nothing was fitted to it."""
    if config.facts.name not in _ENGINES:
        raise SynthError(reason_against(config))
    return _ENGINES[config.facts.name](config)


def _wires(config: TrainerConfig, codes: int, told: int) -> Features:
    """Of an array; a leaf holds so many sets of code wires of its cells, and what else they are told."""
    leaf_bits = sum(codes * (-(-cells // COLUMNS) + 2 * COLUMNS + 1) + told for cells in _leaves(config))
    rows, layers, word = config.placement.rows, len(config.shape.layers), config.words.word.width
    return {"one": 1, "rows": rows, "layers": layers, "leaf_bits": leaf_bits, "word": word}


def _stored(config: TrainerConfig) -> Features:
    """Of cells that hold T in registers, and with a shadow what the network sees."""
    cells = config.parameters
    copied = config.shadow * cells * (config.words.copied if config.follow else config.words.visible).width
    bits = cells * config.words.parameter.width
    return {"cells": cells, "bits": bits, "copies": config.shadow * cells, "copied_bits": copied}


def _serial_engine(config: TrainerConfig) -> Iterator[_Block]:
    cells, width = config.parameters, config.words.parameter.width
    # Memories are four cells wide.
    memories = sum(-(-tile.cells // 4) for tile in config.placement.tiles)
    yield "array.cell", "serial cell", {"cells": cells, "memories": memories, "bits": cells * width}
    wires = _wires(config, 1, 6 + width.bit_length())
    yield "array", "serial array", {**wires, "memories": memories, "bits": cells * width}


def _loaded_engine(config: TrainerConfig) -> Iterator[_Block]:
    cells, bits = config.parameters, config.code_bits
    yield "array.cell", "loaded cell", {
        **_stored(config), "code_bits": cells * bits, "turning": cells * (bits > 1)
    }  # fmt: skip
    wires = _wires(config, 0, config.words.word.width + 1 + config.shadow)
    yield "array", "loaded array", {**wires, "rows": 0, "code_bits": len(config.shape.layers) * bits}


def _node_engine(config: TrainerConfig) -> Iterator[_Block]:
    layers, word = config.shape.layers, config.words.word.width
    yield "array.cell", "node cell", _stored(config)
    yield "array", "node array", {
        **_wires(config, 0, 0),
        "leaf_bits": sum(cells + word + 3 for cells in _leaves(config)),
        "columns": sum(layer.inputs for layer in layers),
        "held": sum(layer.inputs * len(config.words.input_places(layer)) for layer in layers),
        "words": config.words.multiples,
    }  # fmt: skip


def _parallel_engine(config: TrainerConfig) -> Iterator[_Block]:
    cells, rows, layers = config.parameters, config.placement.rows, len(config.shape.layers)
    kind = "following cell" if config.follow else "cell"
    yield "array.cell", kind, {
        **_stored(config),
        "early": config.early * cells,
        "kept": config.placement.keeps_code * cells,
        "stuck": config.some_stuck * cells,
        "resting": config.layerwise * config.two_sided * cells,
        "sparse": config.sparse * cells,
        "pairs": config.share_shift * (1 + config.shadow) * cells,
        "decay": config.decays * cells,
        "clamp": (config.words.parameter.width - 2 - config.levels.rail) * cells,
        "steps": config.amplitude_halvings * cells,
    }  # fmt: skip
    more = {
        "shadow_rows": config.shadow * rows,
        "early_rows": config.early * (rows + layers * COLUMNS),
        "layer_rows": config.layerwise * rows,
        "sparse_rows": config.share_shift * (1 + config.shadow) * (rows + COLUMNS),
        "noisy_rows": (config.decays + config.update_noisy * (1 + config.independent_noise))
        * (rows + 2 * COLUMNS),
    }
    # Where words wait for steps each layer has one of its own, and the code that it meets.
    if config.shape.paced:
        more["paced"] = rows + layers * (COLUMNS + config.words.word.width)
    codes = (1 + config.shadow) * (1 + config.share_shift)
    wires = _wires(config, codes, config.words.word.width + 1 + config.shadow)
    yield "array", "array", {"paced": 0, **wires, **more}


#: By the names of their facts.
_ENGINES = {
    "parallel": _parallel_engine,
    "serial": _serial_engine,
    "loaded": _loaded_engine,
    "node": _node_engine,
}


def reason_against(config: TrainerConfig) -> str:
    """Why there is no estimate of such a trainer; empty where there is one."""
    if config.outside:
        told = "has no estimate: no circuit with a device was among those fitted; mgd-hdl synth measures it"
        return f'device.kind = "outside": {told}'
    if config.timing.sweep is not None:
        return ""
    if config.facts.name not in _ENGINES:
        return (
            f'engine.kind = "{config.engine.kind}": its sizes are not estimated; mgd-hdl synth measures them'
        )
    return ""


def _codes(config: TrainerConfig) -> Iterator[_Block]:
    family, turns = config.perturbation.family, config.parameters.bit_length()
    if config.facts.chain:
        size: Features = {
            "one": 1,
            "turns": turns,
            "code_bits": config.code_bits,
            "steps": 1 << config.code_bits,
        }
    else:
        shuffled = config.perturbation.order == "shuffled"
        order = config.sequential * shuffled * config.parameters * turns
        size = {
            "one": 1,
            "rows": config.placement.code_rows,
            "turns": config.sequential * turns,
            "order": order,
            "flip": config.perturbation.sign_flip,
        }
    yield "code", f"code {family}", size
    if config.facts.overlapping:
        for layer in config.shape.layers:
            yield f"shake_{layer.index}", f"code {family}", size
    for layer in config.shape.layers[1:] if config.shape.paced else ():
        yield numbered("code", layer.index), f"code {family}", size
    yield from _beside(config, config.placement.rows)
    if config.independent_noise:
        yield "noise_code", "code random_code", {**size, "turns": 0, "order": 0, "flip": 0}


def _beside(config: TrainerConfig, rows: int) -> Iterator[_Block]:
    """Who is shaken at all; a sparse code drives wires of so many rows."""
    if config.sparse:
        sparse: Features = {"one": 1, "rows": rows, "pairs": config.share_shift}
        yield "sparse", "sparse", sparse
        if config.shadow:
            for layer in config.shape.layers:
                yield f"shake_sparse_{layer.index}", "sparse", sparse
    if config.layerwise:
        turn: Features = {"one": 1, "layers": len(config.shape.layers), "times": config.learning.tau_bits}
        yield "turn", "turn", turn
        if config.shadow:
            for layer in config.shape.layers:
                yield f"shake_turn_{layer.index}", "turn", turn


def _learning(config: TrainerConfig) -> Iterator[_Block]:
    word = config.words.update.width
    for name in config.timing.homodynes:
        yield name, "homodyne", {"one": 1, "word": word, "multiples": (config.words.multiples - 1) * word}
    if config.shape.paced:
        # Memories of tables are four bits wide, and blocks 16; each layer reads a copy of its own.
        layers, places = len(config.shape.layers), 1 << config.timing.pace.bit_length()
        yield "pacer", "pacer", {
            "one": 1,
            "layers": layers,
            "counts": (1 + layers) * config.timing.pace.bit_length(),
            "waiting": layers * places * -(-(word + 1) // 4),
            "blocks": layers * -(-(word + 1) // 16),
            "line": config.timing.left_until,
        }  # fmt: skip
    yield from _words(config)
    yield "initializer", "initializer", {
        "one": 1,
        "rows": config.placement.rows,
        "layers": len(config.shape.layers),
        "word": config.words.parameter.width,
        "loaded": config.facts.chain,
    }  # fmt: skip
    yield "sequencer", "sequencer", {
        "one": 1,
        "times": config.learning.tau_bits,
        "shadow": config.shadow,
        "delayed": config.never_waits,
        "serial": config.timing.measure_clocks > 1,
        "loaded": config.facts.chain,
        "analog": config.analog,
        "anew": config.reference_each_step,
        "staged": config.staged,
        "paced": config.shape.paced,
    }  # fmt: skip
    yield "trainer", "trainer", {
        "one": 1,
        "outputs": config.outputs,
        "latency": config.timing.measure_latency,
        "shadow": config.shadow,
        "generator": config.task.source == "generator",
        "noisy": config.update_noisy,
        "decay": config.decays,
        "follower": config.follow > 0,
    }  # fmt: skip


def _words(config: TrainerConfig) -> Iterator[_Block]:
    """From costs to D."""
    word, hold, cost = config.words.update.width, config.words.hold.width, config.words.cost.width
    rounded = config.rounding is not Rounding.CARRY
    yield "update", "update", {
        "one": 1,
        "word": word,
        "hold": hold,
        "rounded": rounded,
        "dropped": rounded * config.levels.dropped_bits,
        "stages": (not config.sign_only) * hold * config.levels.max_learning_shift.bit_length(),
        "early": config.early * word,
        "staged": config.staged * word,
    }  # fmt: skip
    yield "accumulator", "accumulator", {"one": 1, "hold": hold, "staged": config.staged * hold}
    if config.analog:
        yield "highpass", "highpass", {"one": 1, "cost": cost, "state": config.words.high_passed.width}
    else:
        yield (
            "baseline",
            "baseline",
            {
                "one": 1,
                "cost": config.words.measured.width,
                "two_sided": config.two_sided * cost,
                "staged": config.staged * cost,
            },
        )


#: Blocks of options that most trainers do without: the block, its kind, and what is counted of it.
_OPTIONAL: dict[str, tuple[str, str, Callable[[TrainerConfig], Features]]] = {
    "annealing": ("annealing", "annealing", lambda config: {"shift": config.levels.shift_bits}),
    "halving": ("halving", "annealing", lambda _: {"shift": 2}),
    "decay": ("decay", "decay", lambda config: {"word": config.words.update.width}),
    "gate": (
        "gate",
        "gate",
        lambda config: {
            "change": config.words.cost_change.width,
            "staged": config.staged * config.words.cost_change.width,
        },
    ),
    "noise of costs": ("noise", "noise", lambda config: {"cost": config.words.measured.width}),
    "noise of updates": (
        "update_noise",
        "update noise",
        lambda config: {
            "word": config.words.update.width,
            "independent": config.independent_noise * config.words.update.width,
        },
    ),
    "judge": (
        "judge",
        "judge",
        lambda config: {"counters": config.judge.window.bit_length() + config.judge.misses.bit_length()},
    ),
    "accuracy": (
        "classifier",
        "classifier",
        lambda config: {
            "outputs": config.outputs,
            "bits": (config.outputs - 1) * config.words.output.width,
        },
    ),
}


def _options(config: TrainerConfig) -> Iterator[_Block]:
    for option, (name, kind, counted) in _OPTIONAL.items():
        if OPTIONS[option].on(config):
            yield name, kind, {"one": 1, **counted(config)}


# ---- samples and cost ----------------------------------------------------------------------------


def _samples(config: TrainerConfig, target: str) -> Iterator[_Block]:
    if config.paged:
        yield "samples", "samples pages", _pages(config, target)
        return
    task, memory = config.task, config.task.source == "memory"
    stored, memories = 0, 0
    if memory:
        words, width = config.shape.sample_words
        stored, memories = _memory(len(words), width, target)
    yield "samples", f"samples {task.source}", {
        "one": 1,
        "bits": config.sample_bits,
        "stored": stored,
        "memories": memories,
        "random": memory and task.order == "random",
        "epoch": memory and task.order == "epoch",
        "ahead": config.shape.draws_ahead,
        "next": config.shape.paced * config.sample_bits,
    }  # fmt: skip


def _pages(config: TrainerConfig, target: str) -> Features:
    """A memory of two samples, a counter of inputs, and the targets of the sample that waits."""
    return {**_page(config, target, 2), "targets": config.target_bits}


def _page(config: TrainerConfig, target: str, pages: int) -> Features:
    """A memory of so many pages of inputs, and a counter of them."""
    place = _bits_of(config.inputs)
    slices, memories = stored(pages << place, config.formats.input.width, target, checked=False)
    return {"one": 1, "place": place, "slices": slices, "memories": memories}


def _given(config: TrainerConfig, target: str) -> Iterator[_Block]:
    """Given parameters: a memory as that of samples. Its counter is in place of a larger random register."""
    if config.given:
        words, width = config.given.table
        stored, memories = _memory(len(words), width, target)
        none = dict.fromkeys(("one", "bits", "random", "epoch", "ahead", "next"), 0)
        yield "initializer.memory", "samples memory", {**none, "stored": stored, "memories": memories}


def _loss(config: TrainerConfig, target: str) -> Iterator[_Block]:
    outputs, error, width = config.outputs, config.words.error.width, config.words.output.width
    if config.loss == "squared_error":
        numbers: Features = {
            "outputs": outputs,
            "error_bits": outputs * error,
            "product_bits": outputs * error**2,
            "sums": (outputs - 1) * 2 * error,
            **_wide(target, error, outputs),
        }
    elif config.loss == "cross_entropy":
        tables = [config.curves.distance_table] * outputs
        if config.curves.logarithm_table is not None:
            tables.append(config.curves.logarithm_table)
        stored = [_memory(len(table.words[0]), table.words[1], target) for table in tables]
        numbers = {
            "one": 1,
            "bits": outputs * width,
            "waiting": outputs * adder_levels(outputs) * width if outputs > 1 else 0,
            "tables": len(tables),
            "stored": sum(bits for bits, _ in stored),
            "memories": sum(count for _, count in stored),
            "product_bits": sum(table.slope_bits * table.position_bits for table in tables),
            "staged": config.staged * outputs * width,
        }
    else:
        several = (outputs > 1) * outputs * width
        numbers = {"outputs": outputs, "bits": outputs * max(error, width), "several": several}
    yield config.loss, config.loss, numbers


# ---- network -------------------------------------------------------------------------------------


def _tree(terms: list[tuple[int, int]]) -> tuple[int, int]:
    """Bits of all adders, and of all registers, of a tree over terms of so many bits, and shifted by so many
    when they are added.
    """
    adders = registers = 0
    while len(terms) > 1:
        sums = []
        for first, *second in (terms[i : i + 2] for i in range(0, len(terms), 2)):
            if second:
                first = (max(width + shift for width, shift in (first, *second)) + 1, 0)
                adders += first[0]
            registers += first[0]
            sums.append(first)
        terms = sums
    return adders, registers


def _neurons(layer: LayerConfig, target: str) -> Features:
    bias = (layer.weight.width, layer.input.fraction_bits)
    adders, registers = _tree([(layer.product.width, 0)] * layer.inputs + [bias])
    products = layer.inputs * layer.product.width
    multiplied = 0 if layer.binary_inputs else layer.inputs
    return {
        "neurons": layer.neurons,
        "adder_bits": layer.neurons * adders,
        "register_bits": layer.neurons * (registers + products + layer.weight.width),
        "gates": layer.neurons * layer.binary_inputs * products,
        "staged_gates": layer.neurons * layer.binary_inputs * layer.staged * layer.inputs,
        "products": layer.neurons * multiplied,
        "product_bits": layer.neurons * multiplied * layer.weight.width * layer.input.width,
        # Weights are signed, so inputs are made so.
        **_wide(
            target,
            max(layer.weight.width, layer.input.width + (not layer.input.signed)),
            layer.neurons * multiplied,
        ),
    }


def _serial(layer: LayerConfig) -> Features:
    adders, registers = _tree([(layer.input.width, 0)] * layer.inputs + [(1, layer.input.fraction_bits)])
    return {
        "neurons": layer.neurons,
        "adder_bits": layer.neurons * adders,
        "register_bits": layer.neurons * registers,
        "gates": layer.neurons * layer.inputs * layer.input.width,
        "sum_bits": layer.neurons * layer.sum.width,
        "count_bits": layer.neurons * (layer.input.width + layer.levels),
    }


def _activations(layer: LayerConfig, target: str) -> Features:
    each: Features = {
        "one": 1,
        "sum_bits": layer.sum.width,
        "bits": layer.output.width,
        "padding": layer.padding * layer.output.width,
    }
    if layer.table is not None:
        table = layer.tables[0]
        words, width = table.words
        each["stored"], each["memories"] = _memory(len(words), width, target)
        each["argument"] = table.argument.width
        each["product_bits"] = table.slope_format.width * table.position_bits
        each |= _wide(target, max(table.slope_format.width, table.position_bits), 1)
    return {name: layer.neurons * number for name, number in each.items()}


# ---- banks ---------------------------------------------------------------------------------------

#: The end of a kind that is fitted to banks if they have it, and otherwise is that of arrays.
IN_BANK = " in a bank"

#: Words, and their bits, of a memory that is made of tables.
_SLICE = (16, 4)


def stored(depth: int, width: int, target: str, *, checked: bool = True) -> tuple[int, int]:
    """Of a memory that is written: how many memories of tables it becomes, or else its blocks.

    Yosys takes what costs least, as was seen of memories of many sizes: a memory of tables 4, a block 128,
    and each row of the former from the third on half its width. An iCE40 has blocks only. On an ECP5 deep
    memories are made of narrow ones, see :mod:`mgd_synth.ecp5`. Where nobody asks what a read gives in the
    clock of a write, not ``checked``, a block takes a little less: of two that cost the same it is the block.
    """
    deep = target.startswith("ecp5") and depth > DEEP
    shapes = [(words, bits) for words, bits in _shapes(target)[1] if words > DEEP or not deep]
    blocks = min(-(-depth // words) * -(-width // bits) for words, bits in shapes)
    rows = -(-depth // _SLICE[0])
    slices = rows * -(-width // _SLICE[1])
    tables = 4 * slices + max(0, rows - 2) * width / 2 <= (128 if checked else 125) * blocks
    return (slices, 0) if tables and not target.startswith("ice40") else (0, blocks)


#: Large memories with one port, of devices that have such: words, and their bits.
_LARGE = {"ice40-up5k": (1 << 14, 16)}


def _lane_memories(config: TrainerConfig, target: str) -> tuple[int, int, int]:
    """Of the parameters of a lane: memories of tables, blocks, and large memories with one port."""
    (sweep, _), word = _schedule(config), config.words.parameter.width
    if not config.single_port:
        return (*stored(sweep.depth, word, target, checked=False), 0)
    if target not in _LARGE:
        slices, blocks = stored(sweep.block_depth, word, target)
        return 2 * slices, 2 * blocks, 0
    words, bits = _LARGE[target]
    return 0, 0, 2 * -(-sweep.block_depth // words) * -(-word // bits)


def _bank(config: TrainerConfig, target: str) -> Iterator[_Block]:
    """Blocks of a trainer with a bank. What an array has too shares its kind, and so its coefficients."""
    doors = config.access + config.inference
    sweep, indices = _schedule(config)
    address, index = _bits_of(sweep.depth), indices.bits
    lanes, layers, word = config.engine.lanes, len(config.shape.layers), config.words.parameter.width
    yield "array.lane", "lane", _lane(config, target)
    yield "array", "lanes", _lanes(config, address, index)
    if indices.nodes:
        yield "array.products", "products by nodes", _products(config, target)
    yield from _beside(config, rows=0)
    yield "network.reader", "reader", {
        "one": 1,
        "layers": layers,
        "address": address,
        "index": index,
        "word": _bits_of(max(layer.inputs + 1 for layer in config.shape.layers)),
    }  # fmt: skip
    yield "network", "folded", _folded(config, target)
    yield from _curves(config, target)
    yield "initializer", "loader", {
        "one": 1, "lanes": lanes, "layers": layers, "address": address, "word": word
    }  # fmt: skip
    yield "sequencer", "bank sequencer", {
        "one": 1,
        "doors": doors > 0,
        "anew": config.reference_each_step,
        "two_sided": config.two_sided,
        "staged": config.staged,
    }  # fmt: skip
    # The register in which a sample turns is the network's, or in its place the trainer's.
    inputs = 0 if config.turning or config.paged else config.sample_bits - config.target_bits
    yield "trainer", "bank trainer", {
        "one": 1,
        "sample": inputs + config.target_bits,
        "doors": doors,
        "generator": config.task.source == "generator",
        "staged": config.staged,
    }  # fmt: skip
    if config.loss == "squared_error":
        error = config.words.error.width
        yield "squared_error", "squares in turn", {
            "one": 1,
            "error": error,
            "count": (config.outputs - 1).bit_length(),
            "targets": config.outputs * config.formats.target.width,
            "product_bits": error**2,
            **_wide(target, error, 1),
        }  # fmt: skip
    else:
        yield from ((name, f"{kind}{IN_BANK}", given) for name, kind, given in _loss(config, target))
    if config.access:
        yield "access", "fetch", {
            "one": 1, "address": address, "index": config.parameters.bit_length(), "word": word
        }  # fmt: skip
    if config.inference and config.paged:
        yield "inference", "answers of pages", {
            **_page(config, target, 1),
            "outputs": config.outputs * config.words.output.width,
        }  # fmt: skip
    elif config.inference:
        yield "inference", "answers of a bank", {
            "one": 1,
            "inputs": config.shape.layers[0].inputs * config.formats.input.width,
            "outputs": config.outputs * config.words.output.width,
        }  # fmt: skip
    own = {"baseline": f"baseline{IN_BANK}"}
    yield from ((name, own.get(kind, kind), given) for name, kind, given in _words(config))
    yield from _samples(config, target)
    yield from _given(config, target)
    yield from _options(config)


def _schedule(config: TrainerConfig) -> tuple[Sweep, Indices]:
    """That of a bank, and what tells the codes of its words apart."""
    sweep, indices = config.timing.sweep, config.timing.indices
    assert sweep is not None
    assert indices is not None
    return sweep, indices


def _bits_of(count: int) -> int:
    return max(1, (count - 1).bit_length())


def _lane(config: TrainerConfig, target: str) -> Features:
    """Of all lanes, each with its memory, and with random codes a table of rows too."""
    lanes, word, (sweep, indices) = config.engine.lanes, config.words.parameter.width, _schedule(config)
    slices, memories, large = _lane_memories(config, target)
    walsh = not indices.rows and not config.sequential
    bits, tables = _memory(indices.table, indices.row_bits, target) if indices.rows else (0, 0)
    each: Features = {
        "one": 1,
        "word": word,
        "update": config.words.word.width,
        "parity": walsh and config.codes.walsh_code.place_bits,
        "compared": config.sequential * indices.bits,
        "random": indices.rows,
        "pairs": indices.pairs,
        "stored": bits,
        "behind": (indices.rows and sweep.lead > 2) * indices.row_bits,
        "clamp": word - 2 - config.levels.rail,
        "blocks": (memories > 0) * word,
        "rows": (slices > 0) * word * (-(-sweep.depth // _SLICE[0]) - 1),
        "slices": slices,
        "memories": memories + tables,
        "large": large,
    }
    return {name: lanes * number for name, number in each.items()}


def _lanes(config: TrainerConfig, address: int, index: int) -> Features:
    """What all lanes have in common."""
    lanes, (sweep, indices) = config.engine.lanes, _schedule(config)
    walsh = not indices.rows and not config.sequential
    return {
        "one": 1,
        "indices": lanes * index,
        "by_layer": sweep.by_layer * lanes * index,
        "address": (sweep.reach + 1) * address,
        "step": walsh and config.codes.walsh_code.counter_bits,
        "place": config.sequential * index,
        "random": indices.rows,
        "pairs": indices.pairs,
        "update": (not indices.nodes) * config.words.word.width,
        "loaded": lanes + 1 + address + config.words.parameter.width,
        "access": config.access * lanes * config.words.parameter.width,
    }


def _products(config: TrainerConfig, target: str) -> Features:
    """Node by node: D times the input of a word, and the memory of inputs."""
    sweep, _ = _schedule(config)
    update, counted = config.words.update.width, config.words.counted
    slices, memories = stored(1 << sweep.input_bits, counted.width, target)
    return {
        "one": 1,
        "word": config.words.word.width,
        "product_bits": update * counted.width,
        **_wide(target, max(update, counted.width + (not counted.signed)), 1),
        "late": sweep.reach * sweep.input_bits,
        "slices": slices,
        "memories": memories,
    }


def _signed_width(formats: Sequence[Format]) -> int:
    """Of a word that holds any of these."""
    is_signed = any(each.signed for each in formats)
    return max(each.width + (is_signed and not each.signed) for each in formats)


def _folded(config: TrainerConfig, target: str) -> Features:
    """Lanes' products and sums, the drain that all go through, the sample that turns, what is on its way."""
    layers, lanes, (sweep, indices) = config.shape.layers, config.engine.lanes, _schedule(config)
    inputs = [layer.input for layer in layers]
    is_signed = any(each.signed for each in inputs)
    operand = max(_signed_width(inputs), *(each.fraction_bits + 1 + is_signed for each in inputs))
    weight, total = config.words.visible.width + 2, max(layer.sum.width for layer in layers)
    # Node by node the first layer needs no second sum: a code bit is kept in its place, by turns.
    bottom = 1 if indices.nodes and not sweep.at_once else layers[0].sum.width
    products, sums = lanes + sweep.doubled, lanes * (total + bottom)
    if sweep.at_once:
        sums = 2 * (sweep.doubled * total + (lanes - sweep.doubled) * bottom)
    together = config.loss != "squared_error" or config.task.accuracy or config.inference
    slices = memories = 0
    if sweep.stores:
        neurons = max(layer.neurons for layer in layers[:-1])
        width = _signed_width([layer.output for layer in layers[:-1]])
        sides = 1 + sweep.at_once  # in one word, or in one place each
        slices, memories = stored((4 << _bits_of(neurons)) // sides, sides * width, target)
    product = weight + operand
    return {
        "one": 1,
        "lanes": products,  # a second multiplier has its weight and its sum, as a lane does
        "registers": products * product + 2 * sums + lanes * min(operand + 1, bottom),
        "sums": sums,
        "products": products,
        "product_bits": products * weight * operand,
        # A factor without a sign has one bit more.
        **_wide(target, max(weight, operand + (not is_signed)), products),
        "sample": 0 if config.paged else layers[0].inputs * layers[0].input.width,
        "line": sweep.reach + sweep.sums,
        "layers": len(layers),
        "curve": sweep.curve,
        "answers": together * (1 + (sweep.spans[-1].groups > 1)) * config.outputs * config.words.output.width,
        "slices": slices,
        "memories": memories,
    }  # fmt: skip


def _curves(config: TrainerConfig, target: str) -> Iterator[_Block]:
    """One block for each curve, or one for each side; sums of all layers that share it come in one format."""
    layers, (sweep, _) = config.shape.layers, _schedule(config)
    for layer in layers:
        if layer.shared is None:
            sums = [each.sum for each in layers if layer.index in (each.index, each.shared)]
            width = max(each.integer_bits for each in sums) + max(each.fraction_bits for each in sums)
            kind = "limit" if layer.table is None else f"table{IN_BANK}"
            given = {name: value / layer.neurons for name, value in _activations(layer, target).items()}
            for side in ("", "_other")[: 1 + (sweep.pair == 1)]:
                yield f"network.activation_{layer.index}{side}", kind, {**given, "sum_bits": width}
