"""The service: what it is made of, how it starts and stops, and its HTTP API."""
