"""Files to the platform and from it."""
