"""What songs cost and how long they take: measured, and foretold from that."""
