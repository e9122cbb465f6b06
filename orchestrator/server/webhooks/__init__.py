"""Webhooks: POSTs to the addresses that clients gave, sent when their songs have ended."""
