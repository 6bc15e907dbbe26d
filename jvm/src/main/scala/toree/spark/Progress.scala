package toree.spark

import java.util.concurrent.TimeUnit

import scala.collection.mutable

import org.apache.spark.{SparkContext, Success}
import org.apache.spark.scheduler._

import toree.cells.Cell
import toree.text.Json

/** How far the Spark jobs of running cells are.
  *
  * The listener notes which jobs and stages are whose and what was read; how far a stage is,
  * Spark's status tracker says. It sorts all stages it knows whenever it is asked of one, so where
  * very many run the listener's own counts are taken. A thread looks while a cell has jobs that
  * take their time, four times a second, and sleeps otherwise.
  *
  * @param tell
  *   takes a cell's id, a snapshot as JSON, and what to call when nobody wants more of it
  */
final class Progress(tell: (String, String, () => Unit) => Unit) extends SparkListener {
  import Progress._

  private val cells = mutable.LinkedHashMap.empty[String, Jobs]
  private val cellOfJob = mutable.HashMap.empty[Int, String]
  private val cellOfStage = mutable.HashMap.empty[Int, String]
  private var context: Option[SparkContext] = None
  private var watching = false
  private var fed = 0L // when there last was an executor

  /** Follows this context; those before it have ended. */
  def follow(next: SparkContext): Unit = synchronized {
    if (!context.exists(_ eq next)) {
      Seq(cells, cellOfJob, cellOfStage).foreach(_.clear())
      context = Some(next)
      next.addSparkListener(this)
    }
  }

  /** The last word on a cell, empty where it had no jobs. What its threads still run is followed,
    * and told of as before.
    */
  def end(cell: String): String = synchronized {
    val text = cells.get(cell).fold("")(_.snapshot)
    if (cells.get(cell).forall(_.active.isEmpty)) forget(cell)
    text
  }

  /** Every stage of a cell's jobs, as JSON; "" where it had none. At its end Spark's events may
    * still be under way: `settled` waits for them a little.
    */
  def stages(cell: String, settled: Boolean): String = {
    def over = synchronized(cells.get(cell).exists(_.active.isEmpty))
    var turns = 0
    while (settled && turns < 20 && !over) {
      TimeUnit.MILLISECONDS.sleep(5)
      turns += 1
    }
    synchronized(cells.get(cell).fold("")(_.stages))
  }

  /** The user has stopped the cell: its jobs are being cancelled. */
  def cancelling(group: String): Unit =
    synchronized(cells.get(named(group)).foreach(_.cancelling = true))

  // ---------------------------------------------------------------- Spark's events

  override def onJobStart(event: SparkListenerJobStart): Unit = synchronized {
    Option(event.properties).flatMap(cellOf).foreach { cell =>
      val jobs = cells.getOrElseUpdate(cell, new Jobs)
      jobs.active += event.jobId
      jobs.total += 1
      cellOfJob(event.jobId) = cell
      event.stageInfos.foreach { stage =>
        cellOfStage(stage.stageId) = cell
        jobs.await(stage.stageId, stage.numTasks)
      }
      if (cells.size > kept) cells.find(_._2.active.isEmpty).foreach(old => forget(old._1))
      watch()
    }
  }

  override def onJobEnd(event: SparkListenerJobEnd): Unit = synchronized {
    cellOfJob.remove(event.jobId).flatMap(cells.get).foreach { jobs =>
      jobs.active -= event.jobId
      if (event.jobResult != JobSucceeded) jobs.failed += 1
      // What was never submitted has been skipped: its result was there.
      if (jobs.active.isEmpty) jobs.skip()
    }
  }

  override def onStageSubmitted(event: SparkListenerStageSubmitted): Unit = synchronized {
    of(event.stageInfo).foreach(_.begin(event.stageInfo))
  }

  override def onStageCompleted(event: SparkListenerStageCompleted): Unit = synchronized {
    of(event.stageInfo).foreach(_.complete(event.stageInfo))
  }

  override def onTaskStart(event: SparkListenerTaskStart): Unit = synchronized {
    stageOf(event.stageId).foreach(_.active += 1)
  }

  override def onTaskEnd(event: SparkListenerTaskEnd): Unit = synchronized {
    cellOfStage.get(event.stageId).flatMap(cells.get).foreach { jobs =>
      val stage = stageOf(event.stageId)
      stage.foreach(_.active -= 1)
      if (event.reason != Success) jobs.tasksFailed += 1 else stage.foreach(_.done += 1)
      Option(event.taskMetrics).map(_.inputMetrics).foreach { read =>
        jobs.bytes += read.bytesRead
        jobs.rows += read.recordsRead
        stage.foreach(_.bytes += read.bytesRead)
      }
    }
  }

  private def of(stage: StageInfo): Option[Jobs] = cellOfStage.get(stage.stageId).flatMap(cells.get)

  private def stageOf(id: Int): Option[Stage] =
    cellOfStage.get(id).flatMap(cells.get).flatMap(_.every.get(id))

  private def forget(cell: String): Unit = {
    cells -= cell
    Seq(cellOfJob, cellOfStage).foreach(table =>
      table --= table.keys.filter(table(_) == cell).toList
    )
  }

  // ---------------------------------------------------------------- the watching thread

  private def watch(): Unit = if (!watching) {
    watching = true
    val thread = new Thread(() => while (look()) TimeUnit.MILLISECONDS.sleep(250), "toree-progress")
    thread.setDaemon(true)
    thread.start()
  }

  /** Tells of every cell whose jobs take long; false when no cell has any more. */
  private def look(): Boolean = {
    if (context.exists(Cluster.hasExecutors)) fed = System.nanoTime
    val news = synchronized {
      val live = cells.filter(_._2.active.nonEmpty)
      watching = live.nonEmpty
      // Once more when they have ended: the cell may have ended before.
      val over = cells.filter { case (_, jobs) => jobs.active.isEmpty && jobs.told }
      over.foreach(_._2.told = false)
      val news = live.filter(_._2.age >= patience)
      news.foreach(_._2.told = true)
      (news ++ over).map { case (cell, jobs) => cell -> jobs.snapshot }.toList
    }
    giveUp()
    news.foreach { case (cell, text) => tell(cell, text, () => synchronized(forget(cell))) }
    synchronized(watching)
  }

  /** Jobs for which the cluster has nothing end in time; why is in every language's error. */
  private def giveUp(): Unit = for {
    now <- synchronized(context)
    jobs <- synchronized(cells.values.filter(_.active.nonEmpty).toList)
    why <- Cluster.givenUp(now, synchronized(jobs.hungry))
    job <- synchronized(jobs.active.toList)
  } now.cancelJob(job, why)

  private final class Jobs {
    val active = mutable.HashSet.empty[Int]
    var total, failed, stagesDone, stagesTotal, tasksDone, tasksFailed, tasksTotal = 0
    var bytes, rows = 0L
    var cancelling = false
    var told = false // of jobs that run: of their end, too
    val every = mutable.LinkedHashMap.empty[Int, Stage]
    private val began = System.nanoTime
    private val waiting = mutable.HashMap.empty[Int, Int]
    private val running = mutable.LinkedHashMap.empty[Int, StageInfo]

    def age: Double = (System.nanoTime - began) / 1e9

    /** Seconds without an executor. */
    def hungry: Double = math.min(age, (System.nanoTime - math.max(fed, began)) / 1e9)

    def await(stage: Int, tasks: Int): Unit = if (!running.contains(stage)) {
      waiting(stage) = tasks
      every(stage) = new Stage(tasks)
      stagesTotal += 1
      tasksTotal += tasks
    }

    def begin(stage: StageInfo): Unit = {
      if (waiting.remove(stage.stageId).isEmpty) { // another attempt
        stagesTotal += 1
        tasksTotal += stage.numTasks
      }
      running(stage.stageId) = stage
      every.get(stage.stageId).foreach(attempted => attempted.before = attempted.done)
    }

    def complete(stage: StageInfo): Unit = running.remove(stage.stageId).foreach { _ =>
      stagesDone += 1
      every.get(stage.stageId).foreach(_.over = true)
      // A stage that fails, or is stopped, has done a part.
      tasksDone += (
        if (stage.failureReason.isEmpty) stage.numTasks
        else every.get(stage.stageId).fold(0)(attempted => attempted.done - attempted.before)
      )
    }

    def skip(): Unit = {
      stagesTotal -= waiting.size
      tasksTotal -= waiting.values.sum
      every --= waiting.keys
      waiting.clear()
    }

    def snapshot: String = {
      val stages = running.values.toSeq.map(stage => stage -> progress(stage.stageId))
      Json.obj(
        "elapsed" -> age,
        "jobs" -> counts("done" -> (total - active.size), "failed" -> failed, "total" -> total),
        "stages" -> counts("done" -> stagesDone, "total" -> stagesTotal),
        "tasks" -> counts(
          "done" -> (tasksDone + stages.map(_._2._1).sum),
          "active" -> stages.map(_._2._2).sum,
          "failed" -> tasksFailed,
          "total" -> tasksTotal
        ),
        "bytes" -> bytes,
        "rows" -> rows,
        "running" -> stages.takeRight(shown).map { case (stage, (done, _)) =>
          Map(
            "id" -> stage.stageId,
            "attempt" -> stage.attemptNumber(),
            "name" -> stage.name.take(40),
            "done" -> done,
            "total" -> stage.numTasks
          )
        },
        "ui" -> context.flatMap(_.uiWebUrl),
        "cancelling" -> cancelling,
        "idle" -> active.isEmpty,
        "starved" -> (if (active.isEmpty) None else context.flatMap(Cluster.starved(_, hungry)))
      )
    }

    def stages: String = Json.obj(
      "stages" -> every.toSeq.map { case (id, stage) =>
        Seq(id, stage.total, math.min(stage.done, stage.total), stage.bytes, stage.over)
      },
      "active" -> running.keys.toSeq.map(progress(_)._2).sum
    )

    /** How many tasks of a running stage are done, and how many run. */
    private def progress(id: Int): (Int, Int) =
      if (running.size > many)
        every.get(id).fold((0, 0))(stage => (math.min(stage.done, stage.total), stage.active))
      else
        context
          .flatMap(_.statusTracker.getStageInfo(id))
          .fold((0, 0))(stage => (stage.numCompletedTasks, stage.numActiveTasks))
  }
}

object Progress {
  private val patience = 0.5 // seconds of Spark work before there is anything to show
  private val shown = 3 // running stages by name; the rest counts
  private val many = 50 // running stages
  private val kept = 100 // cells whose jobs have ended

  private final class Stage(val total: Int) {
    var done, active = 0
    var before = 0 // done by attempts before this one
    var bytes = 0L
    var over = false
  }

  private def counts(fields: (String, Int)*): Map[String, Int] = fields.toMap

  private def cellOf(properties: java.util.Properties): Option[String] =
    Cell.ofJob(properties.getProperty(_: String)).map(named)

  // Each call of a cell has a number behind the cell's id.
  private def named(call: String): String = call.takeWhile(_ != '.')
}
