"""What a driver in a pod of Kubernetes' says to Spark: where it is, and whose executors are.

The provisioner's pods know it by Kubernetes' downward API; a pod of the user's may say the same.
"""

from __future__ import annotations

import os


def options(master: str) -> list[str]:
    """Options of spark-submit's; what the user says comes after them and wins."""
    name, address = os.environ.get("TOREE_POD_NAME"), os.environ.get("TOREE_POD_IP")
    if not (master.startswith("k8s://") and name and address):
        return []
    settings = {
        "spark.driver.host": address,
        # Executors' pods go with it, however it ends.
        "spark.kubernetes.driver.pod.name": name,
        "spark.kubernetes.namespace": os.environ.get("TOREE_POD_NAMESPACE") or "default",
    }
    return [word for pair in settings.items() for word in ("--conf", "=".join(pair))]
