"""Parts of a manifest that have their own vocabulary."""
