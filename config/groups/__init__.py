"""Settings that belong together, as groups of ``config.settings.Settings``."""
