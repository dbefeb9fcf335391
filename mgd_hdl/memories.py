"""Memories that nothing writes, samples and curves: their words, in the Verilog or in files beside it."""

from __future__ import annotations

import re

from .config.names import module_name
from .config.trainer import TrainerConfig

__all__ = ["loaded", "memory_images"]

_Words = tuple[tuple[int, ...], int]

#: The initial block of a memory, as it is emitted: a word a line.
_INITIAL = re.compile(r"^  initial begin\n((?:    (\w+)\[\d+\] = \d+'h[0-9a-f]+;\n)+)  end\n", re.MULTILINE)


#: Blocks whose memory has another name than they.
_BLOCKS = {"samples": "sample_memory", "initial": "initializer"}


def _memories(config: TrainerConfig) -> dict[str, _Words]:
    """The words of every memory, and their width, by the memory's name."""
    memories = {
        layer.curve_name(neuron): table.words
        for layer in config.shape.layers
        if not config.outside
        for neuron, table in enumerate(layer.tables)
    }
    if config.loss == "cross_entropy" and not config.given_cost:
        tables = (config.curves.distance_table, config.curves.logarithm_table)
        memories |= {table.curve: table.words for table in tables if table is not None}
    if config.given:
        memories["initial"] = config.given.table
    if config.task.source == "memory":
        memories["samples"] = config.shape.sample_words
    return memories


def _file(config: TrainerConfig, memory: str) -> str:
    return f"{config.name}.{memory}.hex"


def memory_images(config: TrainerConfig) -> dict[str, str]:
    """Every memory's words, one a line, as ``$readmemh`` reads them.

    The Verilog holds the same words in its initial blocks, unless it is :func:`loaded`; then, and for tools
    that change a memory without a new synthesis, other words may stand in these files, as many and as wide.
    """
    return {
        _file(config, memory): "".join(f"{word:0{-(-width // 4)}x}\n" for word in words)
        for memory, (words, width) in _memories(config).items()
    }


def loaded(verilog: str, config: TrainerConfig) -> str:
    """A trainer's Verilog whose memories read the files of :func:`memory_images`, and nothing else changed.

    Raises ValueError where a memory does not hold what its file does.
    """
    for memory, (words, _) in _memories(config).items():
        module = module_name(config.name, _BLOCKS.get(memory, memory))
        found = re.search(rf"(?ms)^module {module}\(.*?^endmodule$", verilog)
        blocks = [*_INITIAL.finditer(found[0])] if found else []
        held = [[int(word, 16) for word in re.findall(r"'h([0-9a-f]+);", block[1])] for block in blocks]
        if found is None or held != [list(words)]:
            raise ValueError(f"{module}: does not hold the words of {_file(config, memory)}")
        # The standards do not agree on where reading begins, unless it is told.
        places = f"0, {len(words) - 1}"
        reads = f'  initial $readmemh("{_file(config, memory)}", {blocks[0][2]}, {places});\n'
        start, end = (found.start() + place for place in blocks[0].span())
        verilog = verilog[:start] + reads + verilog[end:]
    return verilog
