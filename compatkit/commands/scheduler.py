"""Scheduler: the Dask cluster that a command's files are scored on."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from compatkit.commands.flags import flag
from compatkit.errors import CompatkitError, ConfigError
from compatkit.reports.hostile import visible

LOCAL = "local"
QUIET = 50  # the level of logging that is "critical"
PATIENCE = 10  # seconds for a scheduler to answer
SCHEDULER_FLAG = flag(
    "--scheduler",
    metavar="ADDRESS",
    group="Where it runs",
    help="Score the files on a Dask cluster: its address, such as tcp://host:8786, or 'local' for "
    "all cores of this machine.",
)


@contextmanager
def open_client(address: str | None) -> Iterator[Any]:
    """Yield a client of a cluster, None where no address was said.

    Args:
        address: of a scheduler; `local` for a cluster of this machine alone, which ends with the
            command.

    Raises:
        ConfigError: the address is empty.
        MissingExtraError: Dask is not installed.
        CompatkitError: no scheduler answers.
    """
    if address is None:
        yield None
        return
    if not address.strip():  # as an unset variable of a shell leaves it
        raise ConfigError(
            f"--scheduler is empty; the address of a scheduler, or {LOCAL!r}, was expected."
        )
    from compatkit.extras import require_extra  # noqa: PLC0415  (start-up time)

    require_extra("dask")
    from distributed import Client, LocalCluster  # noqa: PLC0415  (start-up time)
    from distributed.comm import resolve_address  # noqa: PLC0415

    if address == LOCAL:
        with (
            LocalCluster(
                n_workers=os.cpu_count() or 1,
                threads_per_worker=1,
                host="127.0.0.1",
                dashboard_address="127.0.0.1:0",
                silence_logs=QUIET,
            ) as cluster,
            Client(cluster, set_as_default=False) as client,
        ):
            yield client
        return
    try:
        resolve_address(address)  # a client that fails at it complains for 20 seconds as it ends
        client = Client(address, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError) as error:
        raise CompatkitError(
            f"--scheduler {visible(address)}: no scheduler answers ({error or 'timeout'}). "
            "Is it running, and is the address the one it printed?"
        ) from error
    with client:
        yield client
