"""Songs as durable jobs: accepted, waiting, at work, cancelled, taken up again."""
