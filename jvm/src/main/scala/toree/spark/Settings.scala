package toree.spark

import java.util.{Map => JMap}

import scala.collection.JavaConverters._
import scala.util.Try

import org.apache.spark.SparkConf
import org.apache.spark.sql.SparkSession

import toree.cells.Failure
import toree.text.Json

/** Settings of the session, changed while the kernel runs (`%%configure`). */
final class Settings(spark: WorkspaceSpark) {

  /** Which of the settings a running session takes, which need a new session, and which a new JVM.
    */
  def sorted(settings: JMap[String, Any]): String = {
    val session = spark.peek
    val (jvm, rest) = pairs(settings).partition { case (name, _) => Settings.ofJvm(name) }
    val same = new SparkConf()
    val (known, changed) = rest.partition { case (name, value) =>
      session.exists(s =>
        s.conf.getOption(name).orElse(s.sparkContext.getConf.getOption(name)).contains(value)
      )
    }
    val (now, later) = changed.partition { case (name, _) =>
      session.exists(_.conf.isModifiable(name))
    }
    Json.obj(
      "running" -> session.isDefined,
      "same" -> (known.map(_._1) ++ jvm.filter(p => same.getOption(p._1).contains(p._2)).map(_._1)),
      "now" -> now.map(_._1),
      "session" -> later.map(_._1),
      "jvm" -> jvm.filterNot(p => same.getOption(p._1).contains(p._2)).map(_._1)
    )
  }

  /** Sets what the running session takes. */
  def set(settings: JMap[String, Any]): Unit = spark.peek.foreach { session =>
    pairs(settings).foreach { case (name, value) =>
      if (session.conf.isModifiable(name)) session.conf.set(name, value)
    }
  }

  /** Remembers settings for the session to come. */
  def keep(settings: JMap[String, Any]): Unit =
    pairs(settings).foreach { case (name, value) => System.setProperty(name, value) }

  /** Ends the session and makes one with new settings; one with the old again if Spark refuses
    * them.
    *
    * @return
    *   what Spark refused, or an empty text
    */
  def renew(settings: JMap[String, Any]): String = {
    val before = pairs(settings).map { case (name, _) => name -> Option(System.getProperty(name)) }
    keep(settings)
    try {
      spark.peek.foreach(check(_, settings))
      spark.shared.stop()
      spark.session()
      ""
    } catch {
      case problem: Exception =>
        before.foreach {
          case (name, Some(value)) => System.setProperty(name, value)
          case (name, None)        => System.clearProperty(name)
        }
        Try(spark.session()) // the next cell says what is wrong with those
        Failure.unwrapped(problem).toString
    }
  }

  /** Spark's own checks of its SQL settings, while the old session still lives. */
  private def check(session: SparkSession, settings: JMap[String, Any]): Unit =
    pairs(settings).foreach {
      case (name, value) if name == "spark.sql.extensions" =>
        value.split(",").map(_.trim).filter(_.nonEmpty).foreach { extension =>
          Class.forName(extension, false, Thread.currentThread.getContextClassLoader)
        }
      case (name, value) if session.conf.isModifiable(name) =>
        session.newSession().conf.set(name, value)
      case _ => ()
    }

  private def pairs(settings: JMap[String, Any]): List[(String, String)] =
    settings.asScala.toList.map { case (name, value) => name -> String.valueOf(value) }
}

object Settings {

  /** What a JVM is started with. */
  private def ofJvm(name: String): Boolean =
    name.startsWith("spark.driver.extra") || name == "spark.driver.memory" ||
      name == "spark.driver.memoryOverhead" || name == "spark.submit.deployMode"
}
