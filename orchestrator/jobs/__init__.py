"""Songs as durable jobs: accepted, queued, run, cancelled and resumed."""
