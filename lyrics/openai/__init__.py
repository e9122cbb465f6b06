"""A writer that asks a server: any that speaks OpenAI's chat completions."""
