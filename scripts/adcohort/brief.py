"""Imported first by the programs that run once a visit or participant: their start and end take as long as their work.

Importing numpy makes some 50,000 objects that live as long as the program; looking for garbage among them time and again
costs 4 ms of 60. Memory that the C library gives back at once is mapped and faulted anew for the next array, which costs a
fit 30 ms of 160; after an array of `_KEPT` bytes has come and gone, glibc keeps smaller ones for the next.
"""

import gc

gc.set_threshold(100_000, 20, 20)

import numpy as np  # noqa: E402

_KEPT = 24 << 20  # bytes; glibc follows up to 32 MiB
np.empty(_KEPT, np.uint8)
