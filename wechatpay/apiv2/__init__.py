"""APIv2: XML bodies signed by their parameters."""
