"""The studies of devices: small runs of each, and what they must show."""

from __future__ import annotations

import json

import numpy as np
import pytest

from mgd_sim.plants import Rings
from mgd_sim.studies import crossbars, ring_networks, rings


@pytest.mark.only_all
def test_programmed_tuned_and_in_the_loop():
    """Eight crossbars of a spread of 30 %: most fail with parameters of ideal cells; learning mends them."""
    task = crossbars.TASKS["xor"]
    parameters = crossbars.taught(task, 8)
    assert parameters.shape == (8, 9)
    programmed, tuned, _ = crossbars.outcomes(task, 0.3, 8, parameters, 2500)
    assert programmed.right <= 0.5
    assert tuned.right >= 0.75
    assert tuned.steps <= 500
    assert str(programmed).startswith("spread  30%  programmed   right")


@pytest.mark.only_all
def test_drift():
    """A million seconds: cells have half of their conductance left; only what learns on still answers."""
    task = crossbars.TASKS["xor"]
    programmed, alone, _, followed = crossbars.drifted(task, 0.1, 16, crossbars.taught(task, 16))
    assert programmed.seconds == pytest.approx([1, 10, 100, 1e3, 1e4, 1e5, 1e6])
    assert (programmed.how, alone.how, followed.how) == ("programmed", "left alone", "followed, wider")
    assert alone.right[0] == followed.right[0] == 1
    assert programmed.right[-1] <= alone.right[-1] <= 0.25
    assert min(followed.right) >= 0.75
    # Left alone, nothing learns between two looks.
    assert alone.aged == alone.right
    assert str(alone).startswith("spread  10%  left alone       right 100.0%")


@pytest.mark.only_all
def test_taught_parameters_solve_the_task():
    """On ideal cells, which nothing was told of the task."""
    task = crossbars.TASKS["xor"]
    programmed, *_ = crossbars.outcomes(task, 0.0, 4, crossbars.taught(task, 4), 0)
    assert programmed.accuracy == 1


def test_rings_learn_and_recover(tmp_path, capsys):
    """Six banks: the quadratic task within two epochs, and again after each step of 2 K."""
    out = tmp_path / "rings.json"
    options = ["--task", "quadratic", "--devices", "6", "--epochs", "2", "--after", "2", "--out", str(out)]
    assert rings.main(options) == 0
    (found,) = json.loads(out.read_text())
    assert sum(at > 0 for at in found["reached"]) >= 4
    assert found["kelvin"] == [2.0, -2.0]
    assert max(found["fallen"]) < 0.85
    assert np.mean(np.array(found["recovery"]) >= 0) > 0.7
    assert "2 K: accuracy falls" in capsys.readouterr().out


def test_classes_are_balanced():
    """A class that is always given answers at most 62 % of either task."""
    for task in rings.GOALS:
        share = rings.samples(task, 4000, 3).target.mean()
        assert 0.38 < share < 0.62


def test_yin_and_yang():
    """Points by hand, and what the sign looks like turned by half a turn: yin is yang, dots are dots."""
    by_hand = {(0.25, 0.5): 2, (0.75, 0.5): 2, (0.25, 0.35): 0, (0.75, 0.65): 1, (0.5, 0.9): 0, (0.5, 0.1): 1}
    assert ring_networks.kinds(np.array(list(by_hand))).tolist() == list(by_hand.values())
    assert ring_networks.kinds(np.array([0.02, 0.02])) == 3
    place = np.random.default_rng(1).random((4000, 2))
    turned = np.array([1, 0, 2, 3])[ring_networks.kinds(1 - place)]
    np.testing.assert_array_equal(ring_networks.kinds(place), turned)
    x, kind = ring_networks.yin_yang(300, 5)
    assert np.bincount(kind).tolist() == [100, 100, 100]
    np.testing.assert_array_equal(ring_networks.kinds(x[:, :2]), kind)
    np.testing.assert_allclose(x[:, 2:], 1 - x[:, :2])


def test_a_batch_is_the_mean_of_its_samples():
    """Two devices, two measurements: the cross-entropy of each sample by itself, by the formula."""
    plant = Rings([4, 5, 3], (1, 2), activations=["relu", "linear"], bias=True, gain=4.0)
    x, kind = ring_networks.yin_yang(6, 3)
    device = ring_networks.Batched(plant, x, kind, 6)
    device.write(np.random.default_rng(2).normal(size=(2, 2, plant.parameters)) / 4)
    cost, right = np.zeros((2, 2)), np.zeros((2, 2))
    for one, wanted in zip(x, kind.tolist(), strict=True):
        share = np.exp(plant.read(np.tile(one, (2, 1))))
        share /= share.sum(axis=-1, keepdims=True)
        cost -= np.log(share[..., wanted]) / 6
        right += (share.argmax(axis=-1) == wanted) / 6
    np.testing.assert_allclose(device.cost(), cost, rtol=1e-9)
    np.testing.assert_allclose(device.judged(x, kind)[1], right)


def test_a_bank_learns_yin_yang_better_than_one_class():
    """Two networks, 30 epochs of 50 batches: above the third that one class would be."""
    found = ring_networks.learned(2, 30, 1)
    assert found.epochs == [30.0]
    assert min(found.accuracy[0]) > 0.4


def test_a_cost_has_room_for_a_bad_beginning():
    """Of eight networks some begin above 16, where a cost of four bits would end; none above its format."""
    loop, device = ring_networks.beginners(8)
    device.write(loop.parameters[:, None])
    cost, _ = device.judged(*ring_networks.yin_yang(300, 3))
    assert 16 < cost.max() < 2**loop.config.device.cost_integer_bits


def test_most_hidden_neurons_begin_alive():
    """Drives begin below the bias by what neighbours heat; around the bias two of three are always off."""
    loop, device = ring_networks.beginners(8)
    x = device.x[:300]

    def alive(drives):
        device.write(drives[:, None])
        weights = device.plant.weights()[:, 0, :150].reshape(8, 30, 5)
        sums = np.einsum("si,rni->rsn", x, weights[..., :4]) + weights[:, None, :, 4]
        return (sums > 0).any(axis=1).mean()

    assert alive(loop.parameters) > 0.7
    assert alive(loop.parameters + ring_networks.COOLER) < 0.4


def test_a_day_of_iris(tmp_path):
    """A table as the example writes it, of three clusters: learned, followed, and with less power."""
    rng = np.random.default_rng(1)
    centre = rng.random((3, 4)) * 4
    rows = [
        ",".join(f"{value:.2f}" for value in centre[k] + 0.1 * rng.normal(size=4)) + f",kind{k}"
        for k in range(3)
        for _ in range(20)
    ]
    table = tmp_path / "iris.csv"
    table.write_text("\n".join(["a,b,c,d,kind", *rows]) + "\n")
    x, kind = ring_networks.iris(table)
    assert x.min(axis=0).tolist() == [0] * 4
    assert x.max(axis=0).tolist() == [1] * 4
    assert kind.tolist() == [0] * 20 + [1] * 20 + [2] * 20
    found = ring_networks.day(table, 2, 1200, 0.25)
    assert found.celsius[0] == found.celsius[19] == 26.0
    assert max(found.celsius) == 40.0
    assert found.median[-1] > 0.6
    assert found.power[-1] < found.power[0]
