"""Songwright as an agent's tools, by the Model Context Protocol: each tool is a call of the service's API."""

WITHOUT_SDK = "MCP's SDK is not installed"
INSTALL = 'install it: pip install "songwright[mcp]", or in a clone .venv/bin/pip install -e ".[mcp]"'
