"""The service attacked: each file is one kind of attack, each test starts the service as its users do.

``python -m tests.hostile`` (``make test-hostile``) runs them all and writes the table of attack, limit and
figure in docs/operations.md.
"""
