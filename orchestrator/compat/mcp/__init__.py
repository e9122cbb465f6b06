"""Songwright as tools of an agent, by the Model Context Protocol: each tool is a call of the service's API."""
