"""Where replicas live: the cluster that lends them, and Ray's behind that protocol."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, Protocol

from lab.errors import LabError
from lab.serve.orders import Plan
from lab.serve.replica import Replica

# A thread of a replica for each question that waits there (our choice).
AT_ONCE = 256
HERE = "this machine"
NO_RAY = "--engine ray needs the package ray: .venv/bin/pip install -e '.[ray]'"
NO_CLUSTER = (
    "no Ray cluster answers at {address} ({why}): start one with ray start --head, or leave "
    "--address out"
)
NO_GPUS = "{replicas} replicas need a GPU each, and this machine has {gpus}: give --replicas {gpus}"


class Lost(Exception):
    """A replica has ended, or cannot be reached any more."""


class Far(Protocol):
    """A replica somewhere."""

    def ask(self, name: str, *given: object) -> Any:
        """Call a method of ``Replica``; raises ``Lost``, and what the method raises."""

    def end(self) -> None:
        """End the replica at once."""


class Cluster(Protocol):
    """Lends replicas."""

    def hire(self) -> Far:
        """Start one more replica; it may have to wait for a place."""

    def close(self) -> None:
        """End every replica."""


class RayCluster:
    """Replicas as Ray actors, in a cluster of this machine or at an ``address``.

    A replica takes one CPU of Ray's count, and a whole GPU where the cluster has any. Raises
    ``LabError`` without the package ray, without a cluster at the address, and for more replicas
    than this machine has GPUs.
    """

    def __init__(self, plan: Plan, replicas: int, address: str) -> None:
        # else Ray reports to its makers how it is used
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        self._ray, self._plan = _import_ray(), plan
        cores = {} if address else {"num_cpus": max(replicas, os.cpu_count() or 1)}
        try:
            self._ray.init(
                address=address or "local",
                include_dashboard=False if not address else None,
                log_to_driver=False,
                logging_level="ERROR",
                **cores,
            )
        except (OSError, ValueError, RuntimeError, self._ray.exceptions.RayError) as error:
            why = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise LabError(NO_CLUSTER.format(address=address or HERE, why=why)) from None
        gpus = int(self._ray.cluster_resources().get("GPU", 0))
        if not address and gpus and replicas > gpus:
            self.close()
            raise LabError(NO_GPUS.format(replicas=replicas, gpus=gpus))
        self._options = {
            "num_cpus": 1,
            "num_gpus": 1 if gpus else 0,
            "max_concurrency": AT_ONCE,
            "scheduling_strategy": "SPREAD",
        }

    def hire(self) -> RayFar:
        """Start one more replica; it waits where the cluster has no place for it yet."""
        actor = self._ray.remote(Replica).options(**self._options).remote(self._plan)
        return RayFar(self._ray, actor)

    def close(self) -> None:
        """Leave the cluster, and with that end every replica."""
        self._ray.shutdown()


class RayFar:
    """A replica as a Ray actor. It is not restarted by Ray: what was on it has to begin anew."""

    def __init__(self, ray: Any, actor: Any) -> None:
        self._ray, self._actor = ray, actor

    def ask(self, name: str, *given: object) -> Any:
        """Call a method of the replica and wait for what it returns."""
        errors = self._ray.exceptions
        method: Callable[..., Any] = getattr(self._actor, name).remote
        try:
            return self._ray.get(method(*given))
        except errors.RayTaskError as error:  # raised there by the lab itself
            raise error.cause from None
        except errors.RayError as error:  # it has ended, or cannot be reached
            raise Lost(str(error)) from None

    def end(self) -> None:
        """End the replica at once."""
        self._ray.kill(self._actor)


def _import_ray() -> Any:
    try:
        import ray
    except ImportError:
        raise LabError(NO_RAY) from None
    return ray
