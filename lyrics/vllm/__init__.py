"""A writer whose model vLLM runs in a process beside it, for many plans at once."""
