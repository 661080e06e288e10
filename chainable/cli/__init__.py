"""
The parts that both command lines share: commands, messages, checks, output.

They need the ``cli`` extra (click and rich).
"""
