"""What a bare machine with a CUDA card can say about our models at their real size: ``make gpu-check``."""
