#!/usr/bin/env python3
"""What Wanda and SparseGPT make of a matrix, as their papers have it: masks.safetensors.

The matrix of squares is damped as src/compress/feedback.cc does it.
Run in this folder, with torch and safetensors.
"""
import torch
from safetensors.torch import save_file

ROWS, COLUMNS, SAMPLES, BLOCK = 12, 160, 64, 128


def damped(x):
    h = x.T.double() @ x.double()
    mean = torch.diagonal(h).mean()
    h.diagonal().mul_(1.3).add_(0.01 * mean)
    return h


def wanda(w, x):
    """|W_ij| |X_j|, half of each row (arXiv 2306.11695, equation 1)."""
    score = w.abs() * x.double().norm(dim=0)
    order = torch.argsort(score, dim=1, stable=True)[:, : COLUMNS // 2]
    out = w.clone()
    out.scatter_(1, order, 0.0)
    return out


def sparsegpt(w, h, group):
    """arXiv 2301.00774, algorithm 1; group 0: half of each block of columns, else half of each group."""
    w = w.double().clone()
    upper = torch.linalg.cholesky(torch.cholesky_inverse(torch.linalg.cholesky(h)), upper=True)
    for begin in range(0, COLUMNS, BLOCK):
        end = min(begin + BLOCK, COLUMNS)
        part = w[:, begin:end].clone()
        errors = torch.zeros_like(part)
        inner = upper[begin:end, begin:end]
        pivots = torch.diagonal(inner)
        mask = torch.zeros_like(part, dtype=torch.bool)
        if not group:
            score = part**2 / pivots**2
            least = torch.argsort(score.flatten(), stable=True)[: score.numel() // 2]
            mask.view(-1)[least] = True
        for i in range(end - begin):
            if group and i % group == 0:
                score = part[:, i : i + group] ** 2 / pivots[i : i + group] ** 2
                least = torch.argsort(score, dim=1, stable=True)[:, : group // 2]
                mask.scatter_(1, i + least, True)
            kept = torch.where(mask[:, i], torch.zeros_like(part[:, i]), part[:, i])
            error = (part[:, i] - kept) / pivots[i]
            part[:, i:] -= torch.outer(error, inner[i, i:])
            part[:, i] = kept
            errors[:, i] = error
        w[:, begin:end] = part
        w[:, end:] -= errors @ upper[begin:end, end:]
    return w


def main():
    torch.manual_seed(7)
    sizes = 0.2 + torch.arange(COLUMNS) % 5
    x = ((torch.randn(SAMPLES, 1) + torch.randn(SAMPLES, COLUMNS)) * sizes).float()
    w = torch.randn(ROWS, COLUMNS).float()
    h = damped(x)
    save_file(
        {
            "x": x,
            "weights": w,
            "wanda": wanda(w, x).float().contiguous(),
            "sparsegpt": sparsegpt(w, h, 0).float().contiguous(),
            "sparsegpt24": sparsegpt(w, h, 4).float().contiguous(),
        },
        "masks.safetensors",
    )


if __name__ == "__main__":
    main()
