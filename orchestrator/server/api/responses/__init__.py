"""What clients get that is more than a JSON document."""
