"""Whether this process was started together with others, found without starting MPI."""

from __future__ import annotations

import os
from collections.abc import Mapping


def launched(environment: Mapping[str, str] = os.environ) -> int:
    """How many processes an MPI launcher started together with this one; 1 if none did.

    Looks at what mpirun (Open MPI, MPICH, Intel) and srun tell every process. Importing MPI to ask
    would start it in programs that do not need it.
    """
    for name in ("OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "MV2_COMM_WORLD_SIZE"):
        if environment.get(name, "").isdigit():
            return int(environment[name])
    if "PMIX_RANK" in environment and environment.get("SLURM_STEP_NUM_TASKS", "").isdigit():
        return int(environment["SLURM_STEP_NUM_TASKS"])
    return 1


def threads_of_rank(environment: Mapping[str, str] = os.environ) -> int | None:
    """Threads that a rank may use, so that those of one machine share its cores; None where nothing
    is to be said: one process, a launcher that gave each its cores, or a user who did.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None
    if launched(environment) < 2 or "NUMBA_NUM_THREADS" in environment or cores != os.cpu_count():
        return None
    for name in ("OMPI_COMM_WORLD_LOCAL_SIZE", "MPI_LOCALNRANKS"):
        if environment.get(name, "").isdigit():
            return max(1, (cores or 1) // max(1, int(environment[name])))
    return None
