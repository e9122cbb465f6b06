"""The HTTP API: one app, the same on a laptop and on Modal."""

from orchestrator.server.api.app import create_app

__all__ = ["create_app"]
