"""The migrations of the table of claims."""
