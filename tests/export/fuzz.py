"""Load and run many mutants of TFLite files, in a process that dies of what it should not do.

``fuzz.py FOLDER SEED COUNT`` takes turns with the files of a folder and prints what came of their
mutants. One that takes more than ten seconds kills the process by an alarm, and an error that is no
BackendError ends it; the last one is kept as FOLDER/mutant.
"""

import json
import random
import signal
import sys
from pathlib import Path

import numpy as np

from colorkit import BackendError
from colorkit.backends.litert import LiteRTBackend

sys.path.insert(0, str(Path(__file__).parents[1] / "weights"))
from fuzz import mutated

SECONDS = 10


def main(folder, seed, count):
    dice = random.Random(seed)
    files = [path.read_bytes() for path in sorted(Path(folder).glob("*.tflite"))]
    mutant = Path(folder, "mutant")
    outcome = {"run": 0, "refused": 0}
    for i in range(count):
        mutant.write_bytes(mutated(files[i % len(files)], dice))
        signal.alarm(SECONDS)
        try:
            backend = LiteRTBackend.from_file(mutant, threads=1)
            backend.predict(np.full((1, 64, 64, 1), 50, np.float32))
            outcome["run"] += 1
        except BackendError:
            outcome["refused"] += 1
    print(json.dumps(outcome))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
