"""What dask adds to the colouring of an archive: throughput, cost per picture, memory.

    pip install . plugins/colorkit-dask
    python benchmarks/archive.py PHOTOS --json FILE [--quick]

Throughput: photographs, stored as gray JPEG files, coloured by a cluster of two worker processes of
one thread, and by two plain processes that split the list. Both have loaded the network before, and
take turns; dask's scheduler and client need a part of the same cores. A figure is the median of the
rounds, "dask to plain" that of their ratios, above 1 where dask is faster.

Cost: archives of 100, 1,000 and 10,000 links to one picture of 64 x 48 pixels, on the same cluster
with a formula in place of the network. So a picture takes little, and what grows with the archive
shows. Milliseconds are processor time a picture: of the workers, who read, compute and write it,
and of this process ("here"), in which the scheduler and the client live. Bytes are the resident
memory of this process after each archive.
"""

import argparse
import gc
import itertools
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
from colorkit.photos import photos

TINY = (48, 64)
PROCESSES = 2
WARM = 16

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


def tell(words: str) -> None:
    """Where the work is, for who waits."""
    print(time.strftime("%H:%M:%S"), words, file=sys.stderr, flush=True)


def save_photographs(folder: Path, paths: list[Path], count: int) -> list[Path]:
    """The first photographs, in gray."""
    folder.mkdir()
    saved = []
    for number, photo in enumerate(photos(paths)[:count]):
        path = folder / f"{number:05}.jpg"
        Image.fromarray(photo.read()).convert("L").save(path, quality=90)
        saved.append(path)
    return saved


def save_links(folder: Path, count: int) -> list[Path]:
    """Links to one gray picture."""
    folder.mkdir()
    first = folder / "00000.jpg"
    noise = np.random.default_rng(0).integers(0, 256, TINY, dtype=np.uint8)
    Image.fromarray(noise).save(first)
    links = [folder / f"{number:05}.jpg" for number in range(1, count)]
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
    done = itertools.count(1)

    def progress(_: Any) -> None:
        number = next(done)
        if number % 1000 == 0:
            tell(f"  {number:,} of {len(sources):,}")

    start = time.perf_counter()
    report = colorize_files(sources, out, client, colorizer=recipe, progress=progress)
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


def measure_throughput(
    client: Client, folder: Path, sources: list[Path], rounds: int
) -> dict[str, Any]:
    """Photographs a second of both ways, in turns."""
    plain, recipe = Plain(), Colorizer(threads=1)
    plain.seconds(sources[:WARM], folder / "warm-plain")
    dask_seconds(client, sources[:WARM], folder / "warm-dask", recipe)
    times: dict[str, list[float]] = {"plain": [], "dask": []}
    for i in range(rounds):
        times["plain"].append(plain.seconds(sources, folder / f"plain{i}"))
        times["dask"].append(dask_seconds(client, sources, folder / f"dask{i}", recipe))
        last = ", ".join(f"{name} {values[-1]:.2f} s" for name, values in times.items())
        tell(f"throughput, round {i + 1} of {rounds}: {last}")
    plain.end()
    pairs = zip(times["plain"], times["dask"], strict=True)
    return {
        "photographs": len(sources),
        "rounds": rounds,
        "photographs a second": {
            name: len(sources) / median(values) for name, values in times.items()
        },
        "dask to plain": median(one / other for one, other in pairs),
    }


def processor_time(client: Client) -> dict[str, float]:
    """Seconds that the workers, and this process, have computed so far."""
    return {"workers": sum(client.run(time.process_time).values()), "here": time.process_time()}


def measure_cost(client: Client, folder: Path, counts: list[int]) -> list[dict[str, Any]]:
    """Milliseconds of computing a picture without a network, and this process's memory then."""
    sources = save_links(folder / "many", max(counts))
    rows = []
    for count in counts:
        tell(f"cost, {count:,} pictures")
        before = processor_time(client)
        dask_seconds(client, sources[:count], folder / f"{count}", Colorizer(gray, size=min(TINY)))
        after = processor_time(client)
        spent = {name: 1000 * (after[name] - before[name]) / count for name in before}
        rows.append({"pictures": count, "milliseconds": spent, "bytes": memory()})
    return rows


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("photos", nargs="+", type=Path, help="photographs, folders, tar files")
    parser.add_argument("--json", type=Path, required=True, help="file to write")
    parser.add_argument("--quick", action="store_true", help="fewer pictures and rounds")
    options = parser.parse_args()
    count, rounds = (48, 2) if options.quick else (400, 5)
    counts = [100, 1000] if options.quick else [100, 1000, 10000]
    cluster = LocalCluster(n_workers=PROCESSES, threads_per_worker=1, dashboard_address=":0")
    with tempfile.TemporaryDirectory() as name, cluster, Client(cluster) as client:
        folder = Path(name)
        photographs = save_photographs(folder / "photos", options.photos, count)
        report = {
            "machine": machine(),
            "throughput": measure_throughput(client, folder, photographs, rounds),
            "cost": measure_cost(client, folder, counts),
        }
    options.json.write_text(json.dumps(report, indent=2) + "\n")
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
