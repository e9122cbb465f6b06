"""The styles, one module each: ``paint(stage)`` makes the picture, with the figures in it, and says how its
title is set."""
