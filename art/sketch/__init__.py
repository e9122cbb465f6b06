"""The embedded painter: covers drawn by numpy and Pillow in a dozen styles."""
