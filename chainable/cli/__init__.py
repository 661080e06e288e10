"""
What the command lines share: exit codes, two languages, values on the command line, what is shown and what is not.

Needs click and rich, which the ``cli`` extra brings.
"""
