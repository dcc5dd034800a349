"""What is measured, each in a process of its own: a job reads its arguments and returns figures."""

import json
import os
import resource
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import WriterProperties, write_deltalake
from traffic import Traffic

from batch.compacting.compact import compact, shards
from batch.compacting.shards import SHARD_BYTES
from batch.executor import Executor, connect
from batch.keeping.recluster import recluster
from batch.keeping.vacuum import vacuum
from lakehouse import clock
from lakehouse.clock import CITY_ZONE
from lakehouse.landing.segments import SegmentName, stamped
from lakehouse.log import datafiles
from lakehouse.store import Lake
from lakehouse.tables import TABLES

BATCH_ROWS = 2000
OBSERVATIONS = TABLES["observations"]
ORDER = ["camera_id", "track_id", "at"]
QUOTED = ", ".join(f'"{column}"' for column in ORDER)
ZSTD = WriterProperties(compression="ZSTD", compression_level=1, max_row_group_size=datafiles.ROW_GROUP)
Figures = dict[str, float]


def cpu_s() -> float:
    """User and system seconds of this process."""
    return time.process_time()


def rounds(job: Callable[[], object], count: int) -> float:
    """The median of a job's CPU seconds."""
    found = []
    for _ in range(count):
        began = cpu_s()
        job()
        found.append(cpu_s() - began)
    return statistics.median(found)


def unsynced() -> None:
    """Sync nothing from here on: what is made now is measured later, and no power is cut."""
    os.fsync = lambda _: None


def land(root: str, cameras: int, seconds: int, fps: float, producers: int) -> Figures:
    """Land what some cameras see in a time that ends now, in batches, by so many producers."""
    unsynced()
    lake, rows = Lake.create(root), 0
    start = int(clock.now().timestamp()) - seconds
    for number in range(producers):
        names = tuple(f"33-74-{number:02d}-1001-{camera:02d}" for camera in range(cameras // producers))
        producer = lake.landing.producer(f"shard-{number}")
        traffic = Traffic(names, start, seconds, number, epoch=producer.epoch, fps=fps)
        for batch in traffic.batches(BATCH_ROWS):
            producer.append({"observations": batch})
            rows += batch.num_rows
    return {"rows": rows}


def append(root: str, batches: int) -> Figures:
    """CPU seconds of a durable append, and of a `write_deltalake` append of the same rows."""
    lake = Lake.create(f"{root}/ours")
    producer = lake.landing.producer("shard-0")
    traffic = Traffic(
        tuple(f"33-74-01-1001-{camera:02d}" for camera in range(12)), int(clock.now().timestamp()), 1800, 1
    )
    ours, peer = [], []
    for batch in islice(traffic.batches(BATCH_ROWS), batches):
        ours.append(rounds(lambda rows=batch: producer.append({"observations": rows}), 1))
        peer.append(
            rounds(
                lambda rows=batch: write_deltalake(
                    f"{root}/peer", rows, mode="append", partition_by="day", writer_properties=ZSTD
                ),
                1,
            )
        )
    return {"ours": statistics.median(ours), "peer": statistics.median(peer)}


def ours(root: str) -> Figures:
    """Compaction in this process."""
    began = cpu_s()
    done = compact(Lake.open(root))
    return {"cpu_s": cpu_s() - began, "rows": done.rows["observations"], "peak_mib": _peak_mib()}


def on_ray(root: str) -> Figures:
    """Compaction as Ray Data tasks: the CPU seconds of all that Ray started, its own included."""
    import psutil
    import ray

    def family() -> float:
        members = psutil.Process().children(recursive=True)
        return cpu_s() + sum(sum(one.cpu_times()[:2]) for one in members)

    ray.init(address="local", num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    connect()
    began = family()
    done = compact(Lake.open(root), Executor.RAY)
    found = {"cpu_s": family() - began, "rows": done.rows["observations"]}
    ray.shutdown()
    return found


def floor(root: str) -> Figures:
    """Reading every segment, and writing the same rows, sorted beforehand, with the same options."""
    spent, rows = 0.0, 0
    for number, names in enumerate(_shards(root)):
        began = cpu_s()
        lake = Lake.open(root)
        parts = [(name, lake.landing.open(name).rows("observations")) for name in names]
        spent += cpu_s() - began
        for day, part in datafiles._parts(OBSERVATIONS, stamped("observations", parts)):
            ready = datafiles._sorted(OBSERVATIONS, part.drop_columns(list(day)))
            began = cpu_s()
            _durably(Path(root) / f"{number}-{day['day']}.parquet", datafiles._parquet(OBSERVATIONS, ready))
            spent += cpu_s() - began
            rows += part.num_rows
    return {"cpu_s": spent, "rows": rows}


def duckdb(root: str) -> Figures:
    """DuckDB sorts the same shards and writes them as Parquet, a file for each day; nothing is committed."""
    import duckdb as engine

    began, rows = cpu_s(), 0
    session = engine.connect()
    for number, names in enumerate(_shards(root)):
        found = _read(root, names)
        for day in pc.unique(found["day"]).to_pylist():
            session.register("found", found)
            target = Path(root) / f"duckdb-{number}-{day}.parquet"
            session.execute(
                f"copy (select * exclude (day) from found where day = '{day}' order by {QUOTED})"  # noqa: S608
                f" to '{target}' (format parquet, compression zstd, compression_level 1,"
                f" row_group_size {datafiles.ROW_GROUP})"
            )
            _durably(target)
        rows += found.num_rows
    return {"cpu_s": cpu_s() - began, "rows": rows}


def delta(root: str) -> Figures:
    """Pyarrow sorts the same shards and `write_deltalake` appends them, one after the other."""
    began, rows = cpu_s(), 0
    for names in _shards(root):
        found = _read(root, names).sort_by([(column, "ascending") for column in ORDER])
        write_deltalake(f"{root}/delta", found, mode="append", partition_by="day", writer_properties=ZSTD)
        rows += found.num_rows
    return {"cpu_s": cpu_s() - began, "rows": rows}


def _shards(root: str) -> Iterator[list]:
    lake = Lake.open(root)
    names = [name for found in lake.landing.segments().values() for name in found]
    for shard in shards(lake, [(name, ()) for name in names], SHARD_BYTES):
        yield [name for name, _ in shard]


def _read(root: str, names: list) -> pa.Table:
    lake = Lake.open(root)
    parts = [(name, lake.landing.open(name).rows("observations")) for name in names]
    return stamped("observations", parts).cast(OBSERVATIONS.schema)


def _durably(path: Path, data: bytes | None = None) -> None:
    if data is not None:
        path.write_bytes(data)
    with path.open("rb") as file:
        os.fsync(file.fileno())


def bytes_a_row(root: str) -> Figures:
    """What a detection takes in the table's files, and what its velocity takes of that."""
    snapshot = Lake.open(root).table("observations")
    log = pa.table(snapshot.get_add_actions())
    count = pc.sum(log["num_records"]).as_py()
    files = [one.metadata for one in snapshot.to_pyarrow_dataset().get_fragments()]
    groups = [file.row_group(number) for file in files for number in range(file.num_row_groups)]
    columns = [group.column(number) for group in groups for number in range(group.num_columns)]
    velocity = sum(one.total_compressed_size for one in columns if one.path_in_schema in {"vx", "vy"})
    return {"bytes": pc.sum(log["size_bytes"]).as_py() / count, "velocity": velocity / count}


def reads(root: str, fresh: int, count: int) -> Figures:
    """CPU seconds of the four reads that people make."""
    lake = Lake.open(root)
    at, camera = pc.field("at"), pc.field("camera_id")
    newest = pc.max(lake.read("observations", columns=["at"], fresh=True)["at"]).as_py()
    now = newest.replace(minute=0, second=0, microsecond=0)
    one, district = camera == "33-74-01-1001-03", camera.isin([f"33-74-01-1001-{n:02d}" for n in range(8)])

    def between(first: datetime, last: datetime) -> pc.Expression:
        return (at >= pa.scalar(first)) & (at < pa.scalar(last))

    hour = timedelta(hours=1)
    wanted = {
        "camera and 2 hours": one & between(now - 8 * hour, now - 6 * hour),
        "camera and day": one & between(now - 24 * hour, now + hour),
        "last 5 minutes": at >= pa.scalar(newest - timedelta(minutes=5)),
        "district and hour": district & between(now - 8 * hour, now - 7 * hour),
    }
    found: Figures = {}
    for name, where in wanted.items():
        rows = lake.read("observations", where=where, fresh=bool(fresh)).num_rows
        if not rows:
            raise ValueError(f"{name} finds nothing: the workload is too small for this read")
        found[f"{name}: rows"] = rows
        found[name] = rounds(lambda: lake.read("observations", where=where, fresh=bool(fresh)), count)  # noqa: B023
    return found


def settle(root: str) -> Figures:
    """Recluster a lake as if all of its days were over."""
    done = recluster(Lake.open(root), now=clock.now() + timedelta(days=2))
    return {"days": len(done.days)}


def ageing(root: str, days: int, commits_a_day: int) -> Figures:
    """CPU seconds until a table is open and its files known, by day: the median over the day's commits."""
    unsynced()
    lake, found = Lake.create(root), {}
    midnight = clock.now().astimezone(CITY_ZONE).replace(hour=0, minute=0, second=0) - timedelta(days=days)
    for day in range(days):
        start = midnight + timedelta(days=day)
        traffic = Traffic(("33-74-01-1001-01",), int(start.timestamp()), 7200, day, epoch=day + 1, fps=0.5)
        rows = stamped("observations", [(SegmentName("shard-0", day + 1, 0), traffic.coded())])
        size = rows.num_rows // commits_a_day
        times = []
        for number in range(commits_a_day):
            lake.append("observations", rows.slice(number * size, size))
            if number % max(commits_a_day // 24, 1) == 0:
                times.append(rounds(lambda: lake.table("observations").to_pyarrow_dataset(), 3))
        recluster(lake, now=start + timedelta(days=1, minutes=5))
        vacuum(lake, tables=["observations"])
        found[str(day + 1)] = statistics.median(times)
    return found


def _peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    job, *arguments = sys.argv[1:]
    values = [json.loads(argument) for argument in arguments]
    print(json.dumps(globals()[job](*values)))
