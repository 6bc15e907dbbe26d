package toree.spark

import java.util.concurrent.TimeUnit

import scala.collection.mutable

import org.apache.spark.{SparkContext, Success}
import org.apache.spark.scheduler._

import toree.text.Json

/** What the JupyterLab extension SparkMonitor draws: jobs, stages and tasks as they begin and end.
  *
  * Its messages are those of its own listener (github.com/swan-cern/sparkmonitor). Nothing is
  * listened to before somebody has that extension.
  *
  * @param tell
  *   takes a message as JSON
  */
final class Monitor(tell: String => Unit) extends SparkListener {
  import Monitor._

  private var context: Option[SparkContext] = None
  private var isOpen = false
  private var watching = false
  private val stages = mutable.LinkedHashMap.empty[Int, Stage] // that run
  private val jobsOfStage = mutable.HashMap.empty[Int, Set[Int]]
  private val toldTasks = mutable.HashSet.empty[Long]
  private var second, tasks = 0L // so many tasks were told of in this second

  /** Somebody looks, or one more. */
  def open(): Unit = synchronized {
    val first = !isOpen
    isOpen = true
    context.foreach { now =>
      if (first) now.addSparkListener(this)
      begun(now)
    }
  }

  /** Follows this context; those before it have ended. */
  def follow(next: SparkContext): Unit = synchronized {
    if (!context.exists(_ eq next)) {
      context = Some(next)
      stages.clear()
      jobsOfStage.clear()
      toldTasks.clear()
      if (isOpen) {
        next.addSparkListener(this)
        begun(next)
      }
    }
  }

  private def begun(now: SparkContext): Unit = say(
    "sparkApplicationStart",
    "startTime" -> now.startTime,
    "appId" -> now.applicationId,
    "appAttemptId" -> now.applicationAttemptId.getOrElse("null"),
    "appName" -> now.appName,
    "sparkUser" -> now.sparkUser
  )

  // ---------------------------------------------------------------- Spark's events

  override def onApplicationEnd(event: SparkListenerApplicationEnd): Unit =
    say("sparkApplicationEnd", "endTime" -> event.time)

  override def onJobStart(event: SparkListenerJobStart): Unit = synchronized {
    def property(name: String) = Option(event.properties).flatMap(p => Option(p.getProperty(name)))
    event.stageIds.foreach { id =>
      jobsOfStage(id) = jobsOfStage.getOrElse(id, Set.empty) + event.jobId
    }
    say(
      "sparkJobStart",
      "jobGroup" -> property("spark.jobGroup.id").getOrElse("null"),
      "jobId" -> event.jobId,
      "status" -> "RUNNING",
      "submissionTime" -> event.time,
      "stageIds" -> event.stageIds,
      "stageInfos" -> event.stageInfos.map { stage =>
        stage.stageId.toString -> Map(
          "attemptId" -> stage.attemptNumber(),
          "name" -> stage.name,
          "numTasks" -> stage.numTasks,
          "completionTime" -> stage.completionTime.getOrElse(-1L),
          "submissionTime" -> stage.submissionTime.getOrElse(-1L)
        )
      }.toMap,
      "numTasks" -> event.stageInfos.filter(_.completionTime.isEmpty).map(_.numTasks).sum,
      "totalCores" -> context.fold(0)(_.defaultParallelism),
      "appId" -> context.fold("null")(_.applicationId),
      "numExecutors" -> context.fold(0)(_.statusTracker.getExecutorInfos.length),
      "name" -> property("callSite.short").getOrElse("null")
    )
  }

  override def onJobEnd(event: SparkListenerJobEnd): Unit = synchronized {
    jobsOfStage.keys.filter(jobsOfStage(_) == Set(event.jobId)).toList.foreach(jobsOfStage -= _)
    val status = if (event.jobResult == JobSucceeded) "COMPLETED" else "FAILED"
    say("sparkJobEnd", "jobId" -> event.jobId, "status" -> status, "completionTime" -> event.time)
  }

  override def onStageSubmitted(event: SparkListenerStageSubmitted): Unit = synchronized {
    val info = event.stageInfo
    stages(info.stageId) = new Stage(info)
    say(
      "sparkStageSubmitted",
      described(info) :+ ("submissionTime" -> info.submissionTime.getOrElse(-1L)): _*
    )
    watch()
  }

  override def onStageCompleted(event: SparkListenerStageCompleted): Unit = synchronized {
    val info = event.stageInfo
    val known = stages.remove(info.stageId).getOrElse(new Stage(info))
    val fields = Seq(
      "completionTime" -> info.completionTime.getOrElse(-1L),
      "submissionTime" -> info.submissionTime.getOrElse(-1L),
      "numFailedTasks" -> known.failed,
      "numCompletedTasks" -> known.completed,
      "status" -> (if (info.failureReason.isEmpty) "COMPLETED" else "FAILED")
    )
    say("sparkStageCompleted", described(info) ++ fields: _*)
  }

  override def onTaskStart(event: SparkListenerTaskStart): Unit = synchronized {
    val task = event.taskInfo
    stages.get(event.stageId).foreach(_.active += 1)
    if (hasRoom) {
      toldTasks += task.taskId
      say("sparkTaskStart", told(event.stageId, event.stageAttemptId, task): _*)
    }
  }

  override def onTaskEnd(event: SparkListenerTaskEnd): Unit = synchronized {
    val task = event.taskInfo
    stages.get(event.stageId).foreach { stage =>
      stage.active -= 1
      if (event.reason == Success) stage.completed += 1 else stage.failed += 1
    }
    // Whoever heard of its begin hears of its end.
    if (toldTasks.remove(task.taskId))
      say(
        "sparkTaskEnd",
        told(event.stageId, event.stageAttemptId, task) ++ Seq(
          "finishTime" -> task.finishTime,
          "taskType" -> event.taskType,
          "errorMessage" -> null,
          "metrics" -> Map.empty[String, Any]
        ): _*
      )
  }

  // ---------------------------------------------------------------- messages

  private def described(stage: StageInfo): Seq[(String, Any)] = Seq(
    "stageId" -> stage.stageId,
    "stageAttemptId" -> stage.attemptNumber(),
    "name" -> stage.name,
    "numTasks" -> stage.numTasks,
    "parentIds" -> stage.parentIds,
    "jobIds" -> jobsOfStage.getOrElse(stage.stageId, Set.empty[Int]).toSeq.sorted
  )

  private def told(stage: Int, attempt: Int, task: TaskInfo): Seq[(String, Any)] = Seq(
    "launchTime" -> task.launchTime,
    "taskId" -> task.taskId,
    "stageId" -> stage,
    "stageAttemptId" -> attempt,
    "index" -> task.index,
    "attemptNumber" -> task.attemptNumber,
    "executorId" -> task.executorId,
    "host" -> task.host,
    "status" -> task.status,
    "speculative" -> task.speculative
  )

  private def hasRoom: Boolean = {
    val now = TimeUnit.NANOSECONDS.toSeconds(System.nanoTime)
    if (now != second) { second = now; tasks = 0 }
    tasks += 1
    tasks <= most
  }

  /** How far the running stages are, once a second while there are any. */
  private def watch(): Unit = if (!watching) {
    watching = true
    val thread = new Thread(() => while (look()) TimeUnit.SECONDS.sleep(1), "toree-monitor")
    thread.setDaemon(true)
    thread.start()
  }

  private def look(): Boolean = synchronized {
    watching = stages.nonEmpty
    stages.values.toSeq.takeRight(shown).foreach { stage =>
      val fields = Seq(
        "numActiveTasks" -> stage.active,
        "numFailedTasks" -> stage.failed,
        "numCompletedTasks" -> stage.completed
      )
      say("sparkStageActive", described(stage.info) ++ fields: _*)
    }
    watching
  }

  private def say(kind: String, fields: (String, Any)*): Unit =
    tell(Json.obj(("msgtype" -> kind) +: fields: _*))
}

private object Monitor {
  private val most = 250L // tasks a second that are told of, as SparkMonitor itself does
  private val shown = 50 // running stages

  private final class Stage(val info: StageInfo) {
    var active, completed, failed = 0
  }
}
