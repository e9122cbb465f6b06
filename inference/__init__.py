"""What the engines with a real model share: finding weights, checking them, choosing the device, running
texts."""
