"""What the service says of the library: its songs as answers, and the stream of their events."""
