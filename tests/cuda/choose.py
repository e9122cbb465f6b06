"""Asks a PyTorch with CUDA which attention kernel it takes for calls that only have shapes.

``CARD=89 LD_PRELOAD=card.so python choose.py < calls.json``: a list of calls as tests/cuda/test_attention.py
writes them, answered with a list of kernels. It needs torch and no card.
"""

import json
import sys
from typing import Any

import torch
import torch.nn.functional as F
from torch._subclasses import FakeTensorMode, fake_tensor
from torch.utils._python_dispatch import TorchDispatchMode

KERNELS = {
    "_scaled_dot_product_cudnn_attention": "cudnn",
    "_scaled_dot_product_flash_attention": "flash",
    "_scaled_dot_product_efficient_attention": "efficient",
}


class Chosen(TorchDispatchMode):
    """The kernels among what is run."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.names += [KERNELS[name] for name in KERNELS if func.__name__ == f"{name}.default"]
        return func(*args, **(kwargs or {}))


def choose(call: dict[str, Any]) -> str:
    tensors = {
        name: torch.empty_strided(
            layout["shape"], layout["strides"], dtype=getattr(torch, layout["dtype"]), device="cuda"
        )
        for name, layout in call["tensors"].items()
    }
    with Chosen() as chosen:
        F.scaled_dot_product_attention(**tensors, is_causal=call["causal"], enable_gqa=call["grouped"])
    [name] = chosen.names or ["math"]
    return name


def main() -> None:
    # A tensor without numbers needs no card: these two would start one.
    fake_tensor.init_gpu_context = lambda *_: None
    torch.cuda._lazy_init = lambda: None
    with FakeTensorMode(), torch.no_grad():
        print(json.dumps([choose(call) for call in json.load(sys.stdin)]))


main()
