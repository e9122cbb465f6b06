"""OpenAI's API, for the clients that speak it: chat completions with audio, the models, and speech."""
