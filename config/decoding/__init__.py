"""Processes that decode files of users, and may be killed: a bad file harms nothing but its own process."""
