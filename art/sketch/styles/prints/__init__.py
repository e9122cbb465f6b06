"""Flat colour and paper: the figures are printed, cut out or repeated."""
