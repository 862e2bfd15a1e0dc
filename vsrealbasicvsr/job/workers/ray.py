"""Workers on the machines of a Ray cluster; they read the source and write segments on a shared disk."""

from __future__ import annotations

import functools
import importlib
import signal
import socket
import threading
from concurrent.futures import Future
from dataclasses import replace
from typing import Any

from vsrealbasicvsr import weights
from vsrealbasicvsr.errors import JobError
from vsrealbasicvsr.job.segments.scan import Assignment
from vsrealbasicvsr.job.spec import Order
from vsrealbasicvsr.job.store.record import Done
from vsrealbasicvsr.job.workers.worker import OpenRestorer, Worker

_TIMEOUT_SECONDS = 10


class Cluster:
    """A `Crew` with one Ray actor for each worker. A dead actor is replaced on any machine with room.

    Args:
        order: The order of the job; its paths must mean the same files on every machine.
        address: Address of the cluster, as `ray.init` takes it; "local" starts a cluster on this machine.
        workers: Number of workers; 0 takes one for each GPU of the cluster, or one for each machine if the
            cluster has no GPU.
        opener: Creates the restorer.

    Raises:
        JobError: Ray is not installed, or there is no such cluster.
    """

    def __init__(self, order: Order, address: str, workers: int, opener: OpenRestorer) -> None:
        try:
            ray: Any = importlib.import_module("ray")  # untyped
        except ImportError:
            raise JobError("Ray is not installed: run `pip install vsrealbasicvsr[ray]`.") from None
        self._ray = ray
        _check_answers(address)
        handler = signal.getsignal(signal.SIGTERM)
        try:
            ray.init(address=address, log_to_driver=False, logging_level="ERROR", include_dashboard=False)
        except (ConnectionError, RuntimeError, ValueError, OSError) as error:
            raise _no_cluster(address, _first_line(error)) from error
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, handler)  # Ray's handler would end the program without a message
        gpus = int(ray.cluster_resources().get("GPU", 0))
        count = workers or gpus or len(ray.nodes())
        share = {"num_gpus": 1, "num_cpus": 1} if gpus else {"num_cpus": 1}
        actor: Any = ray.remote(**share)(Worker)
        self._start = functools.partial(actor.remote, _with_absolute_paths(order), 0, opener)
        self._actors = [self._start() for _ in range(count)]
        self._last: dict[int, Future[Done]] = {}
        self.names = [f"{n} (ray)" for n in range(count)]

    def give(self, worker: int, assignment: Assignment) -> Future[Done]:
        """See `Crew.give`."""
        last = self._last.get(worker)
        # A new actor, because during Ray's own restart of an actor all calls fail for some time.
        if last and isinstance(last.exception(), self._ray.exceptions.RayActorError):
            self._ray.kill(self._actors[worker])
            self._actors[worker] = self._start()
        future: Future[Done] = self._actors[worker].make.remote(assignment).future()
        self._last[worker] = future
        return future

    def close(self) -> None:
        """See `Crew.close`."""
        for actor in self._actors:
            self._ray.kill(actor)
        self._ray.shutdown()


def _with_absolute_paths(order: Order) -> Order:
    """Return the order with absolute paths, because actors have other working folders."""
    plan = order.plan
    return replace(
        order,
        info=replace(order.info, path=order.info.path.absolute()),
        target=order.target.absolute(),
        plan=replace(plan, target=plan.target.absolute(), source=plan.source and plan.source.absolute()),
        settings=replace(order.settings, model=str(weights.resolve(order.settings.model).absolute())),
    )


def _check_answers(address: str) -> None:
    """Check that the machine answers; Ray itself would wait for minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not host or not port.isdecimal():
        return  # one of Ray's keywords, such as auto
    try:
        socket.create_connection((host.strip("[]"), int(port)), _TIMEOUT_SECONDS).close()
    except (OSError, OverflowError) as error:
        raise _no_cluster(address, _first_line(error)) from error


def _no_cluster(address: str, reason: str) -> JobError:
    return JobError(f"there is no Ray cluster at {address}: {reason}.")


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0].rstrip(".") if str(error).strip() else type(error).__name__
