"""What is deployed, and what is there before the first song: classes, weights, warm containers."""
