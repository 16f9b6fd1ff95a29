"""Threads for JAX, which takes as many as there are processors unless told before it is loaded."""
import os
import sys

THREADS, FOLDER = int(sys.argv[1]), sys.argv[2]
os.environ["JAX_PLATFORMS"] = "cpu"
os.environ["NPROC"] = str(THREADS)
os.environ["XLA_FLAGS"] = f"--xla_cpu_multi_thread_eigen={'true' if THREADS > 1 else 'false'} intra_op_parallelism_threads={THREADS}"
if hasattr(os, "sched_setaffinity"):  # what holds in every version
    os.sched_setaffinity(0, set(sorted(os.sched_getaffinity(0))[:THREADS]))
