"""The deployment on Modal: its settings, images, weights and warm containers."""
