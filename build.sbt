// For the people who work on the JVM part. Users' installations compile the same sources with the
// compiler in Spark's own jars, so nothing here may be needed for that.

// Spark releases by the exact Scala each ships: the REPL's classes change between patch releases.
val sparkFor = Map("2.12.18" -> "3.5.7", "2.13.8" -> "3.5.3")
// With SPARK_HOME set (say, to an installed pyspark), its jars replace the repository's Spark.
val sparkJars = sys.env.get("SPARK_HOME").toSeq.flatMap(h => (file(h) / "jars" * "*.jar").get)
val scalaOfJars =
  sparkJars.map(_.base).find(_.startsWith("scala-library-")).map(_.stripPrefix("scala-library-"))

ThisBuild / scalaVersion := scalaOfJars.getOrElse("2.12.18")
lazy val root = (project in file(".")).aggregate(jvm).settings(crossScalaVersions := Nil)
lazy val jvm = (project in file("jvm")).settings(
  crossScalaVersions := scalaOfJars.fold(sparkFor.keys.toSeq.sorted)(Seq(_)),
  crossTarget := target.value / s"scala-${scalaVersion.value}",
  libraryDependencies ++= (if (scalaOfJars.isDefined) Nil else Seq(sparkFor(scalaVersion.value)))
    .map("org.apache.spark" %% "spark-repl" % _ % Provided),
  Compile / unmanagedJars ++= sparkJars.map(Attributed.blank),
  libraryDependencies += "org.scalameta" %% "munit" % "1.2.2" % Test,
  dependencyOverrides ++= Seq("scala-library", "scala-reflect", "scala-compiler")
    .map("org.scala-lang" % _ % scalaVersion.value),
  scalacOptions ++= Seq("-deprecation", "-feature", "-unchecked", "-Xfatal-warnings"),
  // What 2.13 deprecates is often all that 2.12 has.
  scalacOptions += "-Wconf:cat=deprecation:s",
  // Spark 3.5 runs on Java 11 too, so nothing newer of Java's may be called.
  Compile / scalacOptions ++= (if (scalaOfJars.isDefined) Nil else Seq("-release", "11")),
  Test / fork := true,
  Test / javaHome := sys.env.get("TEST_JAVA_HOME").map(file(_)),
  Test / javaOptions ++= Seq("-Xmx1g", s"-Dexpected.scala=${scalaVersion.value}"),
  Test / javaOptions ++=
    Seq(
      "java.lang",
      "java.lang.invoke",
      "java.lang.reflect",
      "java.io",
      "java.net",
      "java.nio",
      "java.util",
      "java.util.concurrent",
      "sun.nio.ch",
      "sun.security.action",
      "sun.util.calendar"
    )
      .map(p => s"--add-opens=java.base/$p=ALL-UNNAMED")
)
