"""What the engines that run real models have in common: finding weights, checking them, placing them."""
