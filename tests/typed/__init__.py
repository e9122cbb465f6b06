"""What people type, through the public API: a table of requests, fields of the answers and their values."""
