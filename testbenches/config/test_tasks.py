"""Are the tasks what their papers say, and do their sizes follow from their samples?"""

from __future__ import annotations

import itertools

import pytest

from mgd_hdl.config import TrainerConfig
from mgd_hdl.config.tasks import LETTERS, TASKS, letter_image

STORED = [task for task in TASKS.values() if task.stored is not None]


@pytest.mark.parametrize("task", STORED, ids=lambda task: task.name)
def test_parity_samples(task):
    assert len(task.samples) == task.count == 1 << task.inputs
    for x, target in task.samples:
        ones = sum(x >> bit & 1 for bit in range(task.inputs))
        assert target == ones % 2
    assert len({x for x, _ in task.samples}) == task.count


@pytest.mark.parametrize(
    "task", [task for task in TASKS.values() if task.count is not None], ids=lambda task: task.name
)
def test_every_sample_has_an_index(task):
    assert 2 ** (task.index_bits - 1) < task.count <= 2**task.index_bits
    assert (task.stored is None) == (task.generator is not None)
    assert task.name in TASKS


def test_who_has_no_samples_of_its_own():
    (port,) = [task for task in TASKS.values() if task.external]
    (file,) = [task for task in TASKS.values() if task.file]
    assert (port.name, file.name) == ("external", "file")
    for task in (port, file):
        assert (task.inputs, task.outputs, task.count, task.stored, task.generator) == (None,) * 5
    assert {task.name for task in TASKS.values() if task.count is None} == {"external", "file"}


@pytest.mark.parametrize("layers", [[1, 1], [7, 3, 5], [300, 2]], ids=str)
def test_external_takes_any_shape(layers):
    task = {"name": "external", "source": "stream"}
    config = TrainerConfig.build({"network": {"layers": layers}, "task": task})
    assert (config.inputs, config.outputs) == (layers[0], layers[-1])


def test_letters_are_the_alphabet_of_nist7x7():
    assert list(LETTERS) == ["N", "I", "S", "T"]
    assert all(len(rows) == 5 and all(len(row) == 5 for row in rows) for rows in LETTERS.values())


def test_letter_images_at_every_position():
    for (number, rows), down, right in itertools.product(enumerate(LETTERS.values()), range(3), range(3)):
        image = letter_image(number, down, right)
        drawn = [[image >> (7 * row + column) & 1 for column in range(7)] for row in range(7)]
        for row, column in itertools.product(range(7), range(7)):
            inside = down <= row < down + 5 and right <= column < right + 5
            assert drawn[row][column] == (inside and rows[row - down][column - right] == "#")


def test_only_i_and_t_share_images():
    """Four pixels lie between I and T at one position, and two flips from each side meet half way.

    So 9 * 6 of the 44,136 images have two labels, and nobody can tell those apart.
    """
    images = [
        (name, down, right, letter_image(letter, down, right))
        for letter, name in enumerate(LETTERS)
        for down, right in itertools.product(range(3), range(3))
    ]
    near = [
        (one[0], other[0])
        for one, other in itertools.combinations(images, 2)
        if one[0] != other[0] and (one[3] ^ other[3]).bit_count() <= 4
    ]
    assert near == [("I", "T")] * 9
    assert all((one[3] ^ other[3]).bit_count() >= 4 for one, other in itertools.combinations(images, 2))
