"""Settings that belong together: `%%configure delta` and its like."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping


@dataclasses.dataclass(frozen=True)
class Preset:
    """A package's coordinates by Spark line, and the session settings it needs.

    `{scala}` stands for Scala's binary version, `{spark}` for Spark's full one.
    """

    packages: Mapping[str, str]  # "3.5" -> coordinates; "*": any line
    settings: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def coordinates(self, spark: str, scala: str) -> str:
        """For a Spark and a Scala version; empty where there is none yet."""
        line = ".".join(spark.split(".")[:2])
        binary = ".".join(scala.split(".")[:2])
        return self.packages.get(line, self.packages.get("*", "")).format(scala=binary, spark=spark)

    def nearest(self, spark: str, scala: str) -> str:
        """Of a part of Spark's: the newest of its line; else empty."""
        own = "{spark}" in self.packages.get("*", "")
        return self.coordinates(f"{spark.rpartition('.')[0]}.+", scala) if own else ""


_ICEBERG = "org.apache.iceberg.spark"
_SPARK = "spark.sql.catalog.spark_catalog"

PRESETS = {
    "delta": Preset(
        {
            "3.5": "io.delta:delta-spark_{scala}:3.3.2",
            "4.0": "io.delta:delta-spark_4.0_{scala}:4.4.0",
            "4.1": "io.delta:delta-spark_4.1_{scala}:4.4.0",
            "4.2": "io.delta:delta-spark_4.2_{scala}:4.4.0",
        },
        {
            "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
            _SPARK: "org.apache.spark.sql.delta.catalog.DeltaCatalog",
        },
    ),
    "iceberg": Preset(
        {
            "3.5": "org.apache.iceberg:iceberg-spark-runtime-3.5_{scala}:1.11.0",
            "4.0": "org.apache.iceberg:iceberg-spark-runtime-4.0_{scala}:1.11.0",
            "4.1": "org.apache.iceberg:iceberg-spark-runtime-4.1_{scala}:1.12.0",
        },
        {
            "spark.sql.extensions": f"{_ICEBERG}.extensions.IcebergSparkSessionExtensions",
            _SPARK: f"{_ICEBERG}.SparkSessionCatalog",
            "spark.sql.catalog.local": f"{_ICEBERG}.SparkCatalog",
            "spark.sql.catalog.local.type": "hadoop",
            "spark.sql.catalog.local.warehouse": "spark-warehouse/iceberg",
        },
    ),
    "hudi": Preset(
        {
            "3.5": "org.apache.hudi:hudi-spark3.5-bundle_{scala}:1.1.1",
            "4.0": "org.apache.hudi:hudi-spark4.0-bundle_{scala}:1.1.0",
        },
        {
            "spark.serializer": "org.apache.spark.serializer.KryoSerializer",
            "spark.kryo.registrator": "org.apache.spark.HoodieSparkKryoRegistrar",
            "spark.sql.extensions": "org.apache.spark.sql.hudi.HoodieSparkSessionExtension",
            _SPARK: "org.apache.spark.sql.hudi.catalog.HoodieCatalog",
        },
    ),
    "avro": Preset({"*": "org.apache.spark:spark-avro_{scala}:{spark}"}),
    "kafka": Preset({"*": "org.apache.spark:spark-sql-kafka-0-10_{scala}:{spark}"}),
}
