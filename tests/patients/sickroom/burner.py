"""A neighbour that computes without end: burner.py [SECONDS of work in each second]."""

import sys
import time

share = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
print("burning", flush=True)
while True:
    began = time.monotonic()
    while time.monotonic() - began < 0.1 * share:
        sum(range(2000))
    time.sleep(max(0.0, 0.1 * (1.0 - share)))
