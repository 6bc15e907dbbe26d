package toree.packages

import java.io.File
import java.net.{Authenticator, HttpURLConnection, PasswordAuthentication, URL}
import java.util.concurrent.{ConcurrentHashMap, Executors, TimeUnit}

import scala.collection.JavaConverters._

import org.apache.ivy.Ivy
import org.apache.ivy.core.settings.{IvySettings, NamedTimeoutConstraint}
import org.apache.ivy.plugins.matcher.GlobPatternMatcher
import org.apache.ivy.plugins.repository.file.FileRepository
import org.apache.ivy.plugins.resolver.{
  AbstractResolver,
  ChainResolver,
  DependencyResolver,
  FileSystemResolver,
  IBiblioResolver
}
import org.apache.spark.SparkConf

/** Where packages come from: what `spark-submit --packages` would look at, and what a call adds.
  *
  * Ivy's own classes are used and Spark's settings are read (`spark.jars.repositories`, `.ivy`,
  * `.ivySettings`, DEFAULT_ARTIFACT_REPOSITORY): Spark's helpers around them are private and differ
  * between its releases.
  */
final class Repositories(conf: SparkConf, request: Request) {
  private val named =
    request.repositories ++ setting("spark.jars.repositories").toList.flatMap(_.split(','))

  /** Ivy's settings, without the repositories in `silent`. */
  def settings(silent: Set[String] = Set.empty): IvySettings = {
    val settings = new IvySettings
    setting("spark.jars.ivySettings").foreach(path =>
      settings.load(new File(new java.net.URI(path).getPath))
    )
    val folder = setting("spark.jars.ivy").map(new File(_)).getOrElse(ownFolder)
    if (setting("spark.jars.ivy").isDefined || setting("spark.jars.ivySettings").isEmpty) {
      settings.setDefaultIvyUserDir(folder)
      settings.setDefaultCache(new File(folder, "cache"))
    }
    settings.setVariable("ivy.maven.lookup.sources", "false")
    settings.setVariable("ivy.maven.lookup.javadoc", "false")
    if (settings.getVariable("ivy.checksums") == null)
      settings.setVariable("ivy.checksums", "sha1,md5")
    settings.addMatcher(new GlobPatternMatcher)
    settings.addConfigured(patience)
    // Several kernels may fill one cache.
    Option(settings.getLockStrategy("artifact-lock-nio")).foreach(settings.setDefaultLockStrategy)
    val all = new ChainResolver
    all.setName("toree")
    added.filterNot(r => silent(r.getRoot)).foreach(all.add(_: DependencyResolver))
    val usual = Option(settings.getDefaultResolver)
    if (usual.isEmpty) standard(folder).foreach {
      case remote: IBiblioResolver if silent(remote.getRoot) => ()
      case resolver                                          => all.add(resolver)
    }
    usual.foreach(all.add(_))
    settings.addResolver(all)
    settings.setDefaultResolver(all.getName)
    all.getResolvers.asScala.foreach {
      case one: AbstractResolver => one.setTimeoutConstraint(patience.getName)
      case _                     => ()
    }
    settings
  }

  /** Addresses of the repositories that do not answer; asked all at once. */
  def silent(): Set[String] = {
    val pool = Executors.newCachedThreadPool { (task: Runnable) =>
      val thread = new Thread(task, "toree-repository")
      thread.setDaemon(true)
      thread
    }
    val questions = remote.distinct.map(root => root -> pool.submit(() => answers(root)))
    try
      questions.collect {
        case (root, answer)
            if !(try answer.get(Repositories.connect * 2L, TimeUnit.MILLISECONDS)
            catch { case _: java.util.concurrent.TimeoutException => false }) =>
          root
      }.toSet
    finally { pool.shutdownNow(); () }
  }

  /** Addresses a user reads when something was not found. */
  def addresses: List[String] = remote.distinct

  def isNamed(root: String): Boolean = added.exists(_.getRoot == root)

  private def remote: List[String] = {
    val usual = if (setting("spark.jars.ivySettings").isDefined) Nil else standard(ownFolder)
    (added ++ usual).collect {
      case one: IBiblioResolver if one.getRoot.startsWith("http") => one.getRoot
    }
  }

  private def answers(root: String): Boolean =
    try
      new URL(root).openConnection() match {
        case connection: HttpURLConnection =>
          connection.setConnectTimeout(Repositories.connect)
          connection.setReadTimeout(Repositories.connect)
          connection.setRequestMethod("HEAD")
          connection.getResponseCode > 0
        case _ => true
      }
    catch { case _: java.io.IOException => false }

  private lazy val added: List[IBiblioResolver] =
    named.map(_.trim).filter(_.nonEmpty).zipWithIndex.map { case (root, index) =>
      maven(s"repo-${index + 1}", Repositories.folder(root))
    }

  private def standard(folder: File): List[DependencyResolver] = {
    val central = sys.env.get("DEFAULT_ARTIFACT_REPOSITORY")
    val local = new File(folder, "local")
    val ivy = new FileSystemResolver
    ivy.setName("local-ivy-cache")
    ivy.setLocal(true)
    ivy.setRepository(new FileRepository(local))
    val module = Seq(local.getAbsolutePath, "[organisation]", "[module]", "[revision]")
    ivy.addIvyPattern((module ++ Seq("ivys", "ivy.xml")).mkString(File.separator))
    ivy.addArtifactPattern(
      (module ++ Seq("[type]s", "[artifact](-[classifier]).[ext]")).mkString(File.separator)
    )
    val m2 = new File(System.getProperty("user.home"), s".m2${File.separator}repository")
    List(
      maven("local-m2-cache", m2.toURI.toString),
      ivy,
      maven("central", central.getOrElse("https://repo1.maven.org/maven2/")),
      maven("spark-packages", central.getOrElse("https://repos.spark-packages.org/"))
    )
  }

  private def maven(name: String, root: String): IBiblioResolver = {
    val made = new IBiblioResolver
    made.setName(name)
    made.setM2compatible(true)
    made.setUsepoms(true)
    made.setRoot(root)
    made.setChangingPattern(".*-SNAPSHOT")
    made.setCheckmodified(true)
    made
  }

  private def patience: NamedTimeoutConstraint = {
    val made = new NamedTimeoutConstraint("toree")
    made.setConnectionTimeout(Repositories.connect)
    made.setReadTimeout(Repositories.read)
    made
  }

  /** Ivy 2.5.2 can't share a cache with those before it: Spark has moved its own from there on. */
  private def ownFolder: File = {
    val old = Ivy.getIvyVersion.matches("2\\.([0-4]\\..*|5\\.[01])")
    val home =
      System.getProperty("user.home") + File.separator + (if (old) ".ivy2" else ".ivy2.5.2")
    new File(System.getProperty("ivy.home", home))
  }

  private def setting(key: String): Option[String] = conf.getOption(key).filter(_.trim.nonEmpty)
}

object Repositories {

  /** Milliseconds a repository has to accept a connection, and to send something once it has. */
  private val connect = 4000
  private val read = 15000

  /** An address as Ivy wants it: a folder's path becomes a URL, and all end in a slash. */
  private def folder(root: String): String = {
    val url = if (root.matches("[a-zA-Z][-+.\\w]+:.*")) root else new File(root).toURI.toString
    if (url.endsWith("/")) url else s"$url/"
  }

  private val users = new ConcurrentHashMap[String, Credential]

  /** Java and Ivy ask this process's one authenticator; others' answers stay what they were. */
  def know(credentials: List[Credential]): Unit = if (credentials.nonEmpty) synchronized {
    if (users.isEmpty) Authenticator.setDefault(new ByHost(Authenticator.getDefault))
    credentials.foreach(one => users.put(one.host, one))
  }

  /** Servers call their realms what they like: the host decides. */
  private final class ByHost(before: Authenticator) extends Authenticator {
    override protected def getPasswordAuthentication: PasswordAuthentication = {
      val host = getRequestingHost
      val known = Option(users.get(s"$host:$getRequestingPort")).orElse(Option(users.get(host)))
      known.filter(_ => getRequestorType == Authenticator.RequestorType.SERVER) match {
        case Some(one) => new PasswordAuthentication(one.user, one.password.toCharArray)
        case None if before != null =>
          before.requestPasswordAuthenticationInstance(
            host,
            getRequestingSite,
            getRequestingPort,
            getRequestingProtocol,
            getRequestingPrompt,
            getRequestingScheme,
            getRequestingURL,
            getRequestorType
          )
        case None => null
      }
    }
  }
}
