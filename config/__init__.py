"""Settings, errors and the few plain types every craft shares."""
