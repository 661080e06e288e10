"""
Compare both transports over many random behaviours of a server.

``python -m tools.fuzz_transports COUNT [SEED]`` prints how often each relation of their outcomes occurred, and each
behaviour that the direct transport must not have read as it did. The status is 1 if there is one.
"""

from __future__ import annotations

import random
import sys
import warnings

from tests.fuzz.transports import Duel, drawn

_EVERY = 5_000


def main(count: int, first: int = 0) -> int:
    """Run *count* behaviours from a seed on; return 1 after a difference."""
    warnings.simplefilter("ignore")
    with Duel() as duel:
        for seed in range(first, first + count):
            duel.fight(drawn(random.Random(seed)), seed)
            if (seed + 1 - first) % _EVERY == 0:
                print(dict(duel.counts), flush=True)
    for seed, difference in duel.differences:
        print(f"seed {seed}: {difference}")
    print(dict(duel.counts))
    return 1 if duel.differences else 0


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:3])))
