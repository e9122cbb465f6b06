"""The styles, a module each: ``paint(palette, rng, size)`` gives the picture, ``SETTING`` says how its title
is set."""
