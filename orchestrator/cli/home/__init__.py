"""What is in the library that a command works on: its songs by name, and the service that runs on it."""
