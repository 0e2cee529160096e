"""What dask adds to the colouring of an archive: throughput, cost per picture, memory.

    pip install . plugins/colorkit-dask
    python benchmarks/archive.py --json FILE [--quick]

Throughput: small photographs, coloured by a cluster of two worker processes, and by two plain
processes that split the list; both have loaded the network before, and take turns. Cost: the same
cluster with a formula in place of the network, from 100 to 10,000 pictures, so that what is left is
reading, writing and dask; processor time, of the workers and of the process in which the scheduler
and the client live. Memory: that process's, after each of these.
"""

import argparse
import gc
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from colorize import machine
from colorkit_dask import colorize_files
from distributed import Client, LocalCluster
from PIL import Image

from colorkit import Colorizer

SIZE = (480, 360)
PROCESSES = 2

PLAIN = """
import sys, time
from pathlib import Path
from colorkit import Colorizer
from colorkit.batch import Batch
from colorkit.plan import Job

batch = Batch(Colorizer(threads=1).load())
print("ready", flush=True)
for line in sys.stdin:
    sources, out = line.rstrip("\\n").split("\\t")
    jobs = [Job(Path(s), Path(out, Path(s).name)) for s in Path(sources).read_text().split("\\n")]
    start = time.perf_counter()
    failed = [outcome for outcome in batch.run(jobs) if outcome.error]
    assert not failed, failed
    print(time.perf_counter() - start, flush=True)
"""


def save_pictures(folder: Path, count: int) -> list[Path]:
    """Links to one gray photograph: smooth shapes with grain on them."""
    rng = np.random.default_rng(0)
    shapes = Image.fromarray(rng.integers(0, 256, (6, 8), dtype=np.uint8)).resize(SIZE, 3)
    grain = rng.normal(0, 6, SIZE[::-1])
    folder.mkdir()
    first = folder / "00000.jpg"
    Image.fromarray(np.clip(np.asarray(shapes) + grain, 0, 255).astype(np.uint8)).save(first)
    links = [folder / f"{i:05}.jpg" for i in range(1, count)]
    for link in links:
        os.link(first, link)
    return [first, *links]


class Plain:
    """Processes that colour their share of a list, without dask."""

    def __init__(self) -> None:
        self.processes = [
            subprocess.Popen(
                [sys.executable, "-c", PLAIN],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
            for _ in range(PROCESSES)
        ]
        for process in self.processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"

    def seconds(self, sources: list[Path], out: Path) -> float:
        """Colour them all; the time of the slower process."""
        for i, process in enumerate(self.processes):
            share = out.with_name(f"{out.name}-{i}.txt")
            share.write_text("\n".join(map(str, sources[i::PROCESSES])))
            assert process.stdin is not None
            print(share, out, sep="\t", file=process.stdin, flush=True)
        answers = [process.stdout.readline() for process in self.processes if process.stdout]
        return max(map(float, answers))

    def end(self) -> None:
        """Let them go."""
        for process in self.processes:
            process.communicate()


def dask_seconds(client: Client, sources: list[Path], out: Path, recipe: Colorizer) -> float:
    """Colour them all on the cluster."""
    start = time.perf_counter()
    report = colorize_files(sources, out, client, colorizer=recipe)
    assert report.written == len(sources), report
    return time.perf_counter() - start


def memory() -> int:
    """Resident bytes of this process."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def gray(lightness: Any) -> Any:
    """No colour at all, at no cost."""
    return np.zeros((*lightness.shape[:3], 2), np.float32)


def measure_throughput(client: Client, folder: Path, count: int, rounds: int) -> dict[str, Any]:
    """Pictures a second of both ways, in turns; the first round warms them."""
    sources = save_pictures(folder / "photos", count)
    plain, recipe = Plain(), Colorizer(threads=1)
    times: dict[str, list[float]] = {"plain": [], "dask": []}
    for i in range(-1, rounds):
        seconds = {
            "plain": plain.seconds(sources, folder / f"plain{i}"),
            "dask": dask_seconds(client, sources, folder / f"dask{i}", recipe),
        }
        for name, value in seconds.items():
            times[name] += [value] if i >= 0 else []
    plain.end()
    pairs = zip(times["plain"], times["dask"], strict=True)
    return {
        "pictures": count,
        "pictures a second": {name: count / median(values) for name, values in times.items()},
        "dask to plain": median(one / other for one, other in pairs),
    }


def processor_time(client: Client) -> dict[str, float]:
    """Seconds that the workers, and this process, have computed so far."""
    return {"workers": sum(client.run(time.process_time).values()), "here": time.process_time()}


def measure_cost(client: Client, folder: Path, counts: list[int]) -> list[dict[str, Any]]:
    """Milliseconds of computing a picture without a network, and this process's memory then."""
    sources = save_pictures(folder / "many", max(counts))
    rows = []
    for count in counts:
        before = processor_time(client)
        dask_seconds(client, sources[:count], folder / f"{count}", Colorizer(gray))
        after = processor_time(client)
        spent = {name: 1000 * (after[name] - before[name]) / count for name in before}
        rows.append({"pictures": count, "milliseconds": spent, "bytes": memory()})
    return rows


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", type=Path, required=True, help="file to write")
    parser.add_argument("--quick", action="store_true", help="fewer pictures and rounds")
    options = parser.parse_args()
    count, rounds = (48, 3) if options.quick else (200, 7)
    counts = [100, 1000] if options.quick else [100, 300, 1000, 3000, 10000]
    cluster = LocalCluster(n_workers=PROCESSES, threads_per_worker=1, dashboard_address=":0")
    with tempfile.TemporaryDirectory() as folder, cluster, Client(cluster) as client:
        report = {
            "machine": machine(),
            "throughput": measure_throughput(client, Path(folder), count, rounds),
            "cost": measure_cost(client, Path(folder), counts),
        }
    options.json.write_text(json.dumps(report, indent=2) + "\n")
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
