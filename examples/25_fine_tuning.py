"""Trains XOR in floating point and writes 25_fine_tuning.npz: with PyTorch where there is one, else NumPy.

python examples/25_fine_tuning.py FILE.npz
"""

from __future__ import annotations

import sys

import numpy as np

X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=np.float32)
TARGET = np.array([[0], [1], [1], [0]], dtype=np.float32)


def with_pytorch() -> dict[str, np.ndarray]:
    """A chain of layers, and its state as it is."""
    import torch

    torch.manual_seed(1)
    x, target = torch.from_numpy(X), torch.from_numpy(TARGET)
    linear, sigmoid = torch.nn.Linear, torch.nn.Sigmoid
    network = torch.nn.Sequential(linear(2, 2), sigmoid(), linear(2, 1), sigmoid())
    optimizer = torch.optim.Adam(network.parameters(), lr=0.05)
    for _ in range(3_000):
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(network(x), target).backward()
        optimizer.step()
    return {name: each.numpy() for name, each in network.state_dict().items()}


def with_numpy() -> dict[str, np.ndarray]:
    """The same network by gradient descent, under the names that PyTorch would give."""
    rng = np.random.default_rng(1)
    w, b = rng.uniform(-2, 2, (2, 2)), rng.uniform(-2, 2, 2)
    v, c = rng.uniform(-2, 2, (1, 2)), rng.uniform(-2, 2, 1)
    for _ in range(20_000):
        hidden = 1 / (1 + np.exp(-(X @ w.T + b)))
        y = 1 / (1 + np.exp(-(hidden @ v.T + c)))
        out = (y - TARGET) * y * (1 - y)
        back = (out @ v) * hidden * (1 - hidden)
        v, c = v - out.T @ hidden, c - out.sum(axis=0)
        w, b = w - back.T @ X, b - back.sum(axis=0)
    return {"0.weight": w, "0.bias": b, "2.weight": v, "2.bias": c}


def main() -> None:
    """Train, and write what was learned."""
    try:
        arrays = with_pytorch()
    except ModuleNotFoundError:
        arrays = with_numpy()
    np.savez(sys.argv[1], **{name: each.astype(np.float32) for name, each in arrays.items()})


if __name__ == "__main__":
    main()
