"""Do the memory images hold what the Verilog's memories hold, and that what the functions say?"""

from __future__ import annotations

import math
import re

import pytest

from mgd_hdl.config import preset
from mgd_hdl.emit import memory_images, trainer_files


def words_of(verilog: str, module: str) -> list[int]:
    """The initial words of the only memory of one module."""
    text = re.search(rf"module {module}\(.*?endmodule", verilog, re.S)[0]
    return [int(word, 16) for word in re.findall(r"^ +\w+\[\d+\] = \d+'h([0-9a-f]+);", text, re.M)]


@pytest.mark.parametrize("activation", ["sigmoid", "tanh"])
def test_images_equal_the_verilog(activation):
    config = preset("parity4").replaced(network={"activation": activation})
    files = trainer_files(config)
    verilog = files[f"{config.name}.v"]
    images = memory_images(config)
    assert set(images) == {
        f"{config.name}.{name}.hex" for name in (f"{activation}_0", f"{activation}_1", "samples")
    }
    for layer in range(2):
        image = images[f"{config.name}.{activation}_{layer}.hex"]
        words = [int(line, 16) for line in image.splitlines()]
        assert len(words) == 32
        assert words == words_of(verilog, f"{config.name}__{activation}_{layer}")
    samples = [int(line, 16) for line in images[f"{config.name}.samples.hex"].splitlines()]
    assert samples == words_of(verilog, f"{config.name}__sample_memory")
    assert samples == [x | (x.bit_count() % 2) << 4 for x in range(16)]


def test_table_words_are_the_function():
    """Base and slope of the middle segment of tanh, by hand: tanh(0) = 0, tanh(1/2) = 0.4621."""
    config = preset("parity4").replaced(network={"activation": "tanh"})
    words, width = config.shape.layers[0].table.words
    base, slope = words[16] & 0x7FF, words[16] >> 11
    assert (base, slope) == (0, round(math.tanh(0.5) * 1024))
    assert words[0] & 0x7FF == (-1024) & 0x7FF
    assert max(words).bit_length() <= width


@pytest.mark.parametrize(
    ("name", "tables"), [("xor", ["softplus"]), ("nist7x7", ["exponential", "logarithm"])]
)
def test_images_of_the_cross_entropy(name, tables):
    """Their first words by hand: log(2) or 1, falling in the first sixteenth; log(1), rising."""
    config = preset(name).replaced(
        network={"activation": ["sigmoid", "linear"]}, cost={"loss": "cross_entropy"}
    )
    verilog, images = trainer_files(config)[f"{config.name}.v"], memory_images(config)
    unit = 2 ** (config.words.cost_change.fraction_bits + 3)
    first = {
        "softplus": (math.log(2), math.log(2) - math.log(1 + math.exp(-1 / 16))),
        "exponential": (1.0, 1 - math.exp(-1 / 16)),
        "logarithm": (0.0, math.log(1 + 1 / 128)),
    }
    for table in tables:
        words = [int(line, 16) for line in images[f"{config.name}.{table}.hex"].splitlines()]
        assert len(words) == 128
        assert words == words_of(verilog, f"{config.name}__{table}")
        width = config.curves.curve_fraction + (table == "exponential")
        base, slope = words[0] % 2**width, words[0] >> width
        assert base == round(unit * first[table][0])
        assert abs(slope - unit * first[table][1]) <= 1


def test_generators_have_no_sample_image():
    assert not [name for name in memory_images(preset("nist7x7")) if "samples" in name]
