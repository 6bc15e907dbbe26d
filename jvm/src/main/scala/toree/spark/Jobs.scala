package toree.spark

import toree.text.Json

/** The running jobs of the session (`%spark jobs`). */
final class Jobs(spark: SparkAccess) {
  def running: String = Json.array(
    spark.peek.toList.flatMap { session =>
      val tracker = session.sparkContext.statusTracker
      for {
        id <- tracker.getActiveJobIds().toList.sorted
        job <- tracker.getJobInfo(id)
      } yield {
        val stages = job.stageIds().toList.flatMap(tracker.getStageInfo(_))
        Map(
          "id" -> id,
          "stage" -> stages.map(_.name).headOption.getOrElse(""),
          "done" -> stages.map(_.numCompletedTasks).sum,
          "tasks" -> stages.map(_.numTasks).sum
        )
      }
    }
  )

  /** False when there is no such job. */
  def cancel(id: Int): Boolean = spark.peek.exists { session =>
    val found = session.sparkContext.statusTracker.getActiveJobIds().contains(id)
    if (found) session.sparkContext.cancelJob(id)
    found
  }
}
