"""Texts from a chat model: several in one batch, each limited by a grammar."""
