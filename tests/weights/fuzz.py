"""Read many mutants of one file, in a process that dies of what it should not do.

``fuzz.py READER FILE SEED COUNT`` prints what came of them. A mutant that takes more than ten
seconds kills the process by an alarm; memory beyond 256 MB more than at the start is refused to
it; an error that is no WeightsError ends it.
"""

import importlib
import json
import random
import resource
import signal
import sys
import time
import zipfile
from io import BytesIO
from pathlib import Path

from colorkit import WeightsError

SECONDS, MEMORY = 10, 256 * 2**20
EXTREMES = [0, 1, *(2**bits - less for bits in (7, 8, 15, 16, 31, 32, 63, 64) for less in (0, 1))]


def mutated(content, dice):
    """Some damage, more of it at both ends of the file, where its structure stands."""
    changed = bytearray(content)
    for _ in range(dice.choice((1, 1, 1, 2, 5))):
        span = dice.choice((len(changed), len(changed), 2000))
        at = dice.randint(0, span) % (len(changed) + 1)
        at = dice.choice((at, at, len(changed) - at))
        length = dice.choice((1, 1, 2, 4, 8, 100))
        number = dice.choice(EXTREMES).to_bytes(9, "little")
        match dice.randrange(7):
            case 0 | 1 if at < len(changed):
                changed[at] ^= 1 << dice.randrange(8)
            case 2 if at < len(changed):
                changed[at] = dice.randrange(256)
            case 3:
                changed[at:at] = dice.randbytes(length)
            case 4:
                del changed[at : at + length]
            case 5:
                size = dice.choice((1, 2, 4, 8))
                changed[at : at + size] = number[:size]
            case 6:
                start = dice.randrange(len(changed) + 1)
                changed[at:at] = changed[start : start + length]
    if not dice.randrange(6):
        del changed[dice.randrange(len(changed) + 1) :]
    return bytes(changed)


def mutated_inside(content, dice):
    """Damage in the records of an archive, whose checksums are right."""
    stream = BytesIO()
    with zipfile.ZipFile(BytesIO(content)) as old, zipfile.ZipFile(stream, "w") as new:
        names = old.namelist()
        victims = dice.choice(
            (names[:1], names[:1], dice.sample(names, 2))
        )  # data.pkl is the first
        for name in names:
            data = old.read(name)
            new.writestr(name, mutated(data, dice) if name in victims else data)
    return stream.getvalue()


def memory(entry):
    """Bytes of addresses of this process, now or at most."""
    status = Path("/proc/self/status").read_text().split()
    return int(status[status.index(f"{entry}:") + 1]) * 1024


def numbers(tensors):
    """Bytes that arrays take, or lists of arrays."""
    groups = (group if isinstance(group, list) else [group] for group in tensors.values())
    return sum(values.nbytes for group in groups for values in group)


def main(reader, file, seed, count):
    read = importlib.import_module(f"colorkit.weights.{reader}").read
    original = Path(file).read_bytes()
    mutant = Path(file).with_name("mutant")
    read(file)
    before = memory("VmSize")
    resource.setrlimit(resource.RLIMIT_AS, (before + MEMORY, before + MEMORY))
    outcome = {"read": 0, "refused": 0, "slowest": 0.0}
    for number in range(count):
        dice = random.Random(f"{seed} {number}")
        mutate = mutated_inside if original[:2] == b"PK" and number % 2 else mutated
        mutant.write_bytes(mutate(original, dice))
        start = time.perf_counter()
        signal.alarm(SECONDS)
        try:
            tensors = read(mutant)
        except WeightsError:
            outcome["refused"] += 1
        else:
            assert numbers(tensors) <= 8 * mutant.stat().st_size
            outcome["read"] += 1
        signal.alarm(0)
        outcome["slowest"] = max(outcome["slowest"], time.perf_counter() - start)
    print(json.dumps(outcome | {"memory": memory("VmPeak") - before}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
