"""Embedding tables by hashes: bytes against reconstruction error.

The embeddings of a set's first rows are to be told from a smaller memory. Every scheme is linear
in its memory, so the best one is found by conjugate gradients on the normal equations, with nothing
but `gather` and `scatter_add`; the share of the squared lengths about the mean that is left is
printed. Beside the hashes: the same bytes as the first principal components of every embedding.

    python -m bench.embeddings --set papers --rows 20000
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench import sets
from lanner.hashing import (
    BlockEmbedding,
    EmbeddingTable,
    MultiplexedEmbedding,
    QuotientRemainderEmbedding,
)

Floats = NDArray[np.float32]


def least_squares(table: EmbeddingTable, target: Floats, rounds: int) -> float:
    """Fit the memory; return the share of the squared lengths that is left."""
    values = np.arange(len(target))

    def transpose(rows: Floats) -> Floats:
        kept = table.memory
        table.memory = np.zeros_like(kept)
        table.scatter_add(values, rows)
        result, table.memory = table.memory, kept
        return result

    def forward(memory: Floats) -> Floats:
        kept, table.memory = table.memory, memory
        result = table.gather(values)
        table.memory = kept
        return result

    residual = target.copy()
    slope = transpose(residual)
    direction, size = slope, float((slope**2).sum(dtype=np.float64))
    for _ in range(rounds):
        moved = forward(direction)
        length = float((moved**2).sum(dtype=np.float64))
        if length == 0 or size == 0:
            break
        step = np.float32(size / length)
        table.memory = table.memory + step * direction
        residual -= step * moved
        slope = transpose(residual)
        before, size = size, float((slope**2).sum(dtype=np.float64))
        direction = slope + np.float32(size / before) * direction
    left = (target - table.gather(values)).astype(np.float64)
    return float((left**2).sum() / (target.astype(np.float64) ** 2).sum())


def schemes(rows: int, dim: int, numbers: int) -> dict[str, Any]:
    """Tables of about so many numbers."""
    whole = max(numbers // dim, 2)
    quotients = max(whole // 2, 1)
    return {
        "hashing": MultiplexedEmbedding(1, whole, dim),
        "double hashing": MultiplexedEmbedding(1, whole, dim, lookups=2, combine="sum"),
        "multiplexed, 4 parts": MultiplexedEmbedding(1, whole * 4, dim // 4, lookups=4),
        "quotient-remainder": QuotientRemainderEmbedding(
            max(quotients, -(-rows // max(whole - quotients, 1))), whole - quotients, dim
        ),
        "blocks of 8": BlockEmbedding(1, numbers, dim, block=8),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--set", default="papers")
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=50)
    args = parser.parse_args()
    base = sets.load(args.set).base[: args.rows]
    dim = base.shape[1] // 8 * 8
    base = base[:, :dim]
    target = np.ascontiguousarray(base - base.mean(axis=0))
    variances = np.sort(np.linalg.eigvalsh(np.cov(target.T.astype(np.float64))))[::-1]
    print(f"{args.set}: {len(base)} x {dim}, {target.nbytes / 1e6:.1f} MB")
    for share in (2, 4, 8, 16):
        numbers = target.size // share
        for name, table in schemes(len(target), dim, numbers).items():
            error = least_squares(table, target, args.rounds)
            whole = table.collisions(0, np.arange(len(target)))["whole"]
            print(
                f"1/{share:<3} {name:<22} {table.memory.nbytes / 1e6:7.2f} MB  error {error:.4f}"
                f"  not told apart {whole:.4f}",
                flush=True,
            )
        kept = numbers // len(target)
        error = variances[kept:].sum() / variances.sum()
        print(
            f"1/{share:<3} {'principal components':<22} {numbers * 4 / 1e6:7.2f} MB"
            f"  error {error:.4f}"
        )


if __name__ == "__main__":
    main()
