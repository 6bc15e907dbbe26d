package toree.packages

import java.io.IOException
import java.net.{URI, UnknownHostException}
import java.nio.file.{Files, Path, Paths}
import java.util.concurrent.{ConcurrentHashMap, ExecutionException, FutureTask}

import scala.collection.mutable

import org.apache.hadoop.conf.Configuration
import org.apache.ivy.core.module.id.ModuleId
import org.apache.spark.SparkConf

import toree.cells.{Cell, Outcome}
import toree.repl.CellLoader

/** The jars that were added while this process runs, and how they get in.
  *
  * Nothing is added that would not be seen (the class path's own jars come first) or would make two
  * versions of one library; what was left out is said.
  */
final class Packages(loader: CellLoader) {

  /** Adds to the compiler, the class loader and Spark. */
  type Add = Seq[URI] => Unit

  private val revisions = mutable.Map.empty[ModuleId, String]
  private val fetched = new ConcurrentHashMap[URI, Path]
  private lazy val folder = Files.createTempDirectory("toree-packages-")

  /** Resolves a package and adds it; called on a cell's thread, prints into the cell. */
  def resolve(request: Request, add: Add): Outcome = {
    refusal(request).foreach(text => return failed(text))
    val progress = new Progress(Cell.current, s"$request")
    say(s"Marking $request for download")
    apart(progress)(look(request, progress)) match {
      case Left(problem) =>
        progress.end("Nothing was added")
        failed(problem)
      case Right(found) => put(request, found, progress, add)
    }
  }

  /** Fetches a jar from anywhere and adds it; called on a cell's thread. */
  def fetch(uri: URI, force: Boolean, conf: () => Configuration, add: Add): Outcome = {
    val name = uri.getPath.split('/').last
    val known = Option(fetched.get(uri)).filterNot(_ => force)
    val progress = new Progress(Cell.current, name)
    try {
      val path = known match {
        case Some(path) =>
          say(s"Using cached version of $name")
          path
        case None =>
          say(s"Starting download from $uri")
          val path = apart(progress)(new Download(uri, conf, loader, progress).into(folder))
          say(s"Finished download of $name")
          path
      }
      Jar.read(path, whole = true) match {
        case Left(fault) =>
          Files.deleteIfExists(path)
          failed(s"$uri $fault.")
        case Right(jar) =>
          fetched.put(uri, path)
          put(jar, name, add)
      }
    } catch {
      case error: UnknownHostException =>
        failed(s"$uri could not be fetched: there is no host ${error.getMessage}")
      case error: IOException =>
        failed(s"$uri could not be fetched: ${error.getMessage}")
    }
  }

  private def put(jar: Jar, name: String, add: Add): Outcome = synchronized {
    // Its folder is named by its content.
    val there = loader.added.exists(url => Paths.get(url.toURI).getParent == jar.path.getParent)
    if (there) Outcome.Ok()
    else
      verdict(jar) match {
        case Added(note) =>
          note.foreach(text => say(s"$name $text."))
          add(Seq(jar.path.toUri))
          Outcome.Ok()
        case Covered(why) if jar.known(loader.getParent.getParent.getResource)._1 == 0 =>
          failed(
            s"$name is not added: $why. Classes that are there stay until the kernel restarts."
          )
        case Covered(why) =>
          say(s"Not added: $name, as $why.")
          Outcome.Ok()
        case Refused(why) => failed(s"$name is not added: $why.")
        case Present      => Outcome.Ok()
      }
  }

  /** Waits so that a stopped cell ends at once; what was begun ends by itself, unused. */
  private def apart[T](progress: Progress)(body: => T): T = {
    val work = new FutureTask[T](() => body)
    val thread = new Thread(work, "toree-packages")
    thread.setDaemon(true)
    thread.start()
    try work.get()
    catch { case error: ExecutionException => throw error.getCause }
    finally progress.stopped = true
  }

  private def look(request: Request, progress: Progress): Either[String, Found] = {
    Repositories.know(request.credentials)
    val repositories = new Repositories(new SparkConf(), request)
    def resolution(silent: Set[String]) =
      new Resolution(request, repositories.settings(silent), progress, provided)
    progress.say("looking in the cache")
    val cached =
      if (request.isDynamic) None
      else
        Some(resolution(Set.empty).run(cached = true)).filter(f =>
          f.missing.isEmpty && whole(request, f)
        )
    cached.map(Right(_)).getOrElse {
      progress.say("asking the repositories")
      val silent = repositories.silent()
      silent
        .filter(repositories.isNamed)
        .foreach(root => say(s"$root does not answer; it is left out."))
      val online = resolution(silent)
      val found = online.run(cached = false)
      if (!whole(request, found))
        Left(absent(request, found, online, repositories.addresses, silent))
      else if (found.missing.nonEmpty && request.abort)
        Left(s"$request needs what no repository has: ${found.missing.mkString(", ")}")
      else Right(found)
    }
  }

  /** Whether the package itself is there, not only what it needs. */
  private def whole(request: Request, found: Found): Boolean =
    !found.missing.exists(_.startsWith(s"${request.group}:${request.artifact}:")) &&
      (found.artifacts.nonEmpty || found.problems.isEmpty)

  private def put(request: Request, found: Found, progress: Progress, add: Add): Outcome =
    synchronized {
      val decided = found.artifacts.map(artifact => artifact -> verdict(artifact))
      decided.collectFirst {
        case (artifact, Refused(why)) if isAsked(request, artifact) => why
      } match {
        case Some(why) =>
          progress.end("Nothing was added")
          failed(s"$request is not added: $why.")
        case None =>
          val seconds = progress.seconds
          decided.foreach {
            case (artifact, Refused(why)) => say(s"Not added: $artifact, as $why.")
            case (artifact, Covered(why)) => say(s"Not added: $artifact, as $why.")
            case (artifact, Added(note))  => note.foreach(text => say(s"$artifact $text."))
            case _                        => ()
          }
          val added = decided.collect { case (artifact, Added(_)) => artifact }
          val files = added.map(named)
          if (request.verbose) files.foreach(file => say(s"-> New file at $file"))
          if (files.nonEmpty) add(files.map(_.toUri))
          added.foreach(one => revisions.put(one.id.getModuleId, one.id.getRevision))
          found.missing.foreach(id =>
            System.err.println(s"$id was not found; $request is without it.")
          )
          if (found.left > 0)
            say(s"${found.left} dependencies were left out (--transitive brings them).")
          say(s"Obtained ${found.artifacts.size} files")
          progress.end(s"${summary(request, found, added.size)} in $seconds")
          Outcome.Ok()
      }
    }

  private def summary(request: Request, found: Found, added: Int): String = {
    val cached = found.artifacts.count(!_.fetched)
    val size = Progress.megabytes(found.artifacts.map(_.file.length).sum)
    s"$request: $added added, $size" + (if (cached > 0) s", $cached from the cache" else "")
  }

  private def verdict(artifact: Artifact): Verdict = {
    val strange = Request.strangeScala(artifact.id.getName)
    revisions.get(artifact.id.getModuleId) match {
      case Some(other) if other != artifact.id.getRevision =>
        Refused(s"this session has version $other, which stays until the kernel restarts")
      case Some(_) if artifact.classifier.isEmpty => Present
      case _ if strange.isDefined                 =>
        Refused(
          s"it is made for Scala ${strange.get}, and this is Scala ${Request.scalaSuffix.drop(1)}"
        )
      case _ =>
        Jar.read(artifact.file.toPath, whole = artifact.fetched) match {
          case Left(fault) => Refused(s"its jar $fault")
          case Right(jar)  => verdict(jar)
        }
    }
  }

  private def verdict(jar: Jar): Verdict = {
    val (known, holder) = jar.known(loader.getResource)
    if (jar.release > Jar.java)
      Refused(s"it is made for Java ${jar.release}, and this is Java ${Jar.java}")
    else if (known * 2 > jar.sample.size)
      Covered(s"its classes are there already, in ${holder.getOrElse("another jar")}")
    else Added(if (jar.classes.isEmpty) Some("holds no classes") else None)
  }

  private def isAsked(request: Request, artifact: Artifact): Boolean =
    artifact.id.getModuleId == request.id.getModuleId

  private def named(artifact: Artifact): Path = {
    val path = folder.resolve(artifact.fileName)
    if (!Files.exists(path))
      try Files.createLink(path, artifact.file.toPath)
      catch {
        case _: java.io.IOException | _: UnsupportedOperationException =>
          Files.copy(artifact.file.toPath, path)
      }
    path
  }

  /** Modules that Spark has and no package may bring: Scala's library and Spark's own parts. */
  private def provided: List[ModuleId] =
    Seq("scala-library", "scala-reflect", "scala-compiler")
      .map(new ModuleId("org.scala-lang", _))
      .toList ++
      sparkParts.map(new ModuleId("org.apache.spark", _))

  /** From `spark-core_2.13-4.0.0.jar`: the jars beside the one that has Spark's core. */
  private lazy val sparkParts: List[String] = {
    val core = classOf[SparkConf].getProtectionDomain.getCodeSource.getLocation
    val names = Option(Paths.get(core.toURI).getParent.toFile.list).toList.flatten
    names.filter(_.startsWith("spark-")).flatMap("^(.+?)-\\d".r.findFirstMatchIn(_)).map(_.group(1))
  }

  private def refusal(request: Request): Option[String] =
    if (provided.contains(request.id.getModuleId))
      Some(
        s"$request is not added: ${request.artifact} is a part of Spark, and a second one would not work."
      )
    else
      Request
        .strangeScala(request.artifact)
        .map { line =>
          val ours = Request.scalaSuffix.drop(1)
          s"$request is made for Scala $line, and this is Scala $ours. " +
            s"Write ${request.group}::${request.artifact.stripSuffix(s"_$line")}:${request.version}."
        }

  private def absent(
      request: Request,
      found: Found,
      resolution: Resolution,
      addresses: List[String],
      silent: Set[String]
  ): String = {
    val versions = resolution.versions(request.group, request.artifact)
    val scala = request.artifact + Request.scalaSuffix
    val faults =
      found.problems.filter(_.matches("(?s).*(invalid|sha1|md5|CLIENT ERROR|size|timed out).*"))
    val hint =
      if (faults.nonEmpty) faults.map(_.linesIterator.next()).distinct.take(3)
      else if (versions.contains(request.version)) found.problems.take(3)
      else if (versions.nonEmpty) List(s"Its versions are ${versions.takeRight(8).mkString(", ")}.")
      else if (resolution.versions(request.group, scala).nonEmpty)
        List(s"There is $scala: write ${request.group}::${request.artifact}:${request.version}.")
      else Nil
    val asked = addresses.filterNot(silent).mkString(", ")
    val where = if (asked.isEmpty) "No repository answers." else s"Asked: $asked"
    val quiet = if (silent.isEmpty) Nil else List(s"No answer from: ${silent.mkString(", ")}")
    (s"$request was not found." :: hint ::: where :: quiet).mkString("\n")
  }

  private def failed(text: String): Outcome =
    Outcome.Failed("runtime", "PackageError", text, text.linesIterator.toList)

  private def say(text: String): Unit = System.out.println(text)
}

private sealed trait Verdict
private case object Present extends Verdict
private final case class Added(note: Option[String]) extends Verdict
private final case class Covered(why: String) extends Verdict
private final case class Refused(why: String) extends Verdict
