"""Music's numbers in a description: tempo, key, metre, form and duration."""
