"""Songwright as an agent's tools, by the Model Context Protocol: each tool is a call of the service's API."""
