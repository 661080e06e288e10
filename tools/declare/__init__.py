"""Write what the catalogue knows as declarations that type checkers read."""
