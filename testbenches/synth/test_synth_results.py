"""Does the record of place and route depend on the order in which its results came?"""

from __future__ import annotations

from itertools import permutations

import pytest

from mgd_synth.results import keep, load

FOUND = [
    ("ice40-hx8k", "small", {"fmax": 200.0, "cells": 16}),
    ("ice40-hx8k", "large", {"fmax": 180.0, "cells": 400}),
    ("ecp5-25k", "serial", {"fmax": 195.0, "cells": 1024}),
]


@pytest.mark.parametrize(
    ("names", "order"),
    [(["small", "large", "serial"], ["small", "large"]), (None, ["large", "small"])],
    ids=["by names", "by the alphabet"],
)
def test_equal_results_give_equal_bytes(names, order, tmp_path):
    written = set()
    for number, found in enumerate(permutations(FOUND)):
        file = tmp_path / f"{number}.json"
        for target, name, result in found:
            keep(file, target, name, result, names)
        written.add(file.read_bytes())
    assert len(written) == 1
    assert [list(results) for results in load(file).values()] == [["serial"], order]
