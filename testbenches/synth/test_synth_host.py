"""What a host costs: each trainer is placed once, however many hosts stand around it."""

from __future__ import annotations

from mgd_synth import host


def test_a_trainer_alone_is_placed_once(capsys, monkeypatch):
    placed = []

    def rates(config, device, seeds):
        placed.append((config.model_dump_json(), device.title))
        return [10.0 * config.on_bus + seed for seed in range(1, seeds + 1)]

    monkeypatch.setattr(host, "rates", rates)
    assert host.main(["--placed", "3", "--target", "ecp5"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(host.HOSTS)
    assert lines[0] == "axi4lite, ecp5: alone 2.0 MHz, with it 12.0 ([1.0, 2.0, 3.0], [11.0, 12.0, 13.0])"
    # XOR, and XOR with both windows, without a host.
    assert len(placed) == len(set(placed)) == len(host.HOSTS) + 2
