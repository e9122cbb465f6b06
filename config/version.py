"""Songwright's version: here, and not asked of the installed package, because on Modal there is none."""

VERSION = "0.1.0"
