"""The embedded painter: covers drawn by numpy and Pillow in twenty styles."""
