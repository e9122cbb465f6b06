"""With CUDA's own wheels of torch, and no GPU:  make test-cuda

What they answer on a machine without a driver is genuine; a driver that comes later is played by a small
library (``driver.c``), up to the point where a tensor moves.
"""
