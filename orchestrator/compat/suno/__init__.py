"""suno-api's API, as of github.com/gcui-art/suno-api: what programs for a Suno of one's own speak."""
