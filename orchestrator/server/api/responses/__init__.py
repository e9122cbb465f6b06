"""Responses that are more than a JSON document."""
