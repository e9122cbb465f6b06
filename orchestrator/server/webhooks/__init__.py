"""Calls to addresses that clients named, once their songs have ended."""
