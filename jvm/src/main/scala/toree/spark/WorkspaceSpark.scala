package toree.spark

import org.apache.spark.sql.SparkSession

/** Spark as one workspace has it: the session all share, or one of its own over the same context.
  *
  * A session of its own has its own temporary views, settings and current database, and its jobs
  * run in a pool of that name: a fair share of the cores, where the scheduler is a fair one.
  *
  * @param pool
  *   of a private workspace; none in the one that works on the session all share
  */
final class WorkspaceSpark(val shared: SparkAccess, pool: Option[String]) {
  // The shared session it was made from, and the own one: a fresh one of the first makes the second old.
  private var own: Option[(SparkSession, SparkSession)] = None

  /** The number of the session a first use would give now. */
  def number: Int = shared.number

  /** The session, if there is one. */
  def peek: Option[SparkSession] = shared.peek.map(of)

  /** The session; starts Spark if need be. */
  def session(): SparkSession = {
    val found = of(shared.session())
    enter()
    found
  }

  private def of(common: SparkSession): SparkSession =
    if (pool.isEmpty) common
    else
      synchronized {
        own.collect { case (from, made) if from eq common => made }.getOrElse {
          val made = common.newSession()
          own = Some((common, made))
          made
        }
      }

  /** What runs on the calling thread is this workspace's from now on. */
  def enter(): Unit = for (name <- pool; session <- peek) {
    SparkSession.setActiveSession(session)
    val context = session.sparkContext
    if (context.getLocalProperty(WorkspaceSpark.pool) == null)
      context.setLocalProperty(WorkspaceSpark.pool, name)
  }

  /** Lets go of the own session and what it has cached as views. */
  def close(): Unit = synchronized {
    own = None
  }
}

object WorkspaceSpark {
  private val pool = "spark.scheduler.pool"
}
