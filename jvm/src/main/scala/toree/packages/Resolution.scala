package toree.packages

import java.io.File
import java.util.Date

import scala.collection.JavaConverters._

import org.apache.ivy.Ivy
import org.apache.ivy.core.{IvyContext, LogOptions}
import org.apache.ivy.core.module.descriptor.{
  DefaultDependencyArtifactDescriptor,
  DefaultDependencyDescriptor,
  DefaultExcludeRule,
  DefaultModuleDescriptor
}
import org.apache.ivy.core.module.id.{ArtifactId, ModuleId, ModuleRevisionId}
import org.apache.ivy.core.report.{ArtifactDownloadReport, DownloadStatus, ResolveReport}
import org.apache.ivy.core.resolve.ResolveOptions
import org.apache.ivy.core.settings.IvySettings
import org.apache.ivy.plugins.matcher.{ExactPatternMatcher, GlobPatternMatcher, PatternMatcher}
import org.apache.ivy.util.{AbstractMessageLogger, Message}

/** One artifact that is there, as a file of Ivy's cache. */
final case class Artifact(
    id: ModuleRevisionId,
    file: File,
    classifier: Option[String],
    fetched: Boolean
) {

  /** Unlike the name in the cache, no other module's: executors know jars by their names. */
  def fileName: String =
    s"${id.getOrganisation}_${id.getName}-${id.getRevision}${classifier.fold("")("-" + _)}.jar"

  override def toString: String = s"${id.getOrganisation}:${id.getName}:${id.getRevision}"
}

/** What a resolution found. `missing` are dependencies that no repository has. */
final case class Found(
    artifacts: List[Artifact],
    missing: List[String],
    problems: List[String],
    left: Int
)

/** One look for a package and, if it is wanted, for what that depends on. */
final class Resolution(
    request: Request,
    settings: => IvySettings,
    progress: Progress,
    provided: List[ModuleId]
) {
  private val log = new Resolution.Log(request)
  private val ivy = new Ivy
  ivy.getLoggerEngine.setDefaultLogger(log)
  // Settings too are made inside the context: else Ivy makes a default one, and tells stdout.
  IvyContext.pushNewContext().setIvy(ivy)
  ivy.setSettings(settings)
  ivy.bind()
  ivy.getEventManager.addTransferListener(progress)

  /** @param cached
    *   look only at what was fetched before
    */
  def run(cached: Boolean): Found = {
    val module = DefaultModuleDescriptor.newDefaultInstance(
      ModuleRevisionId.newInstance("toree", s"${request.group}-${request.artifact}", "1")
    )
    module.addExtraAttributeNamespace("m", Ivy.getIvyHomeURL + "maven")
    module.setLastModified(new Date().getTime)
    module.addDependency(dependency(module))
    request.excludes.foreach(text => exclude(module, text, GlobPatternMatcher.INSTANCE))
    provided.foreach(id =>
      exclude(module, s"${id.getOrganisation}:${id.getName}", ExactPatternMatcher.INSTANCE)
    )
    val options = new ResolveOptions()
    options.setConfs(Array("default"))
    options.setOutputReport(false)
    options.setLog(LogOptions.LOG_QUIET)
    options.setUseCacheOnly(cached)
    options.setCheckIfChanged(request.isDynamic)
    found(ivy.resolve(module, options))
  }

  /** The versions of a module that the repositories list, newest last. */
  def versions(group: String, artifact: String): List[String] =
    try {
      val all = ModuleRevisionId.newInstance(group, artifact, "[0,)")
      ivy.listRevisions(all.getOrganisation, all.getName).toList.sortBy(Resolution.order)
    } catch { case _: RuntimeException => Nil }

  private def dependency(module: DefaultModuleDescriptor): DefaultDependencyDescriptor = {
    val made =
      new DefaultDependencyDescriptor(
        module,
        request.id,
        false,
        request.isDynamic,
        request.transitive
      )
    request.configuration match {
      // Maven's scopes hold a module's dependencies; the module itself is in `master`.
      case Some(name) =>
        made.addDependencyConfiguration("default", name)
        made.addDependencyConfiguration("default", s"master($name)")
      case None => made.addDependencyConfiguration("default", "default(runtime)")
    }
    request.classifier.foreach { name =>
      val extra = java.util.Collections.singletonMap("m:classifier", name)
      made.addDependencyArtifact(
        "default",
        new DefaultDependencyArtifactDescriptor(made, request.artifact, "jar", "jar", null, extra)
      )
    }
    made
  }

  private def exclude(
      module: DefaultModuleDescriptor,
      text: String,
      matcher: PatternMatcher
  ): Unit = {
    val parts = text.split(":")
    val id = new ModuleId(parts(0), if (parts.length > 1) parts(1) else "*")
    val rule = new DefaultExcludeRule(new ArtifactId(id, "*", "*", "*"), matcher, null)
    rule.addConfiguration("default")
    module.addExcludeRule(rule)
  }

  private def found(report: ResolveReport): Found = {
    val jars = report.getAllArtifactsReports.toList.filter(_.getExt == "jar")
    val (there, lost) =
      jars.partition(r => r.getLocalFile != null && r.getDownloadStatus != DownloadStatus.FAILED)
    val unresolved = report.getUnresolvedDependencies.toList
      .map(node => name(node.getId))
      .filterNot(_ == "toree")
    val node =
      report.getDependencies.asScala.map(_.asInstanceOf[org.apache.ivy.core.resolve.IvyNode])
    val left =
      if (request.transitive) 0
      else
        node
          .find(_.getModuleId == request.id.getModuleId)
          .flatMap(n => Option(n.getDescriptor))
          .fold(0)(_.getDependencies.count(d => runtime(d.getModuleConfigurations)))
    Found(
      there.map(artifact).distinct,
      (unresolved ++ lost.map(r => name(r.getArtifact.getModuleRevisionId))).distinct,
      (lost.map(_.getDownloadDetails) ++ log.problems ++ ivy.getLoggerEngine.getProblems.asScala
        .map(_.toString)).distinct
        .filter(text => text != null && text.trim.nonEmpty),
      left
    )
  }

  private def runtime(configurations: Array[String]): Boolean =
    configurations.exists(Set("runtime", "compile", "default", "*"))

  private def artifact(report: ArtifactDownloadReport): Artifact = {
    val extra = report.getArtifact.getExtraAttributes.asScala
    Artifact(
      report.getArtifact.getModuleRevisionId,
      report.getLocalFile,
      extra.get("classifier").map(_.toString),
      report.getDownloadStatus == DownloadStatus.SUCCESSFUL
    )
  }

  private def name(id: ModuleRevisionId): String =
    s"${id.getOrganisation}:${id.getName}:${id.getRevision}"
}

object Resolution {

  /** Versions by their numbers: 2.9 before 2.10. */
  private def order(version: String): String =
    "\\d+".r.replaceAllIn(
      version,
      found => "0" * math.max(0, 9 - found.group(0).length) + found.group(0)
    )

  /** Ivy's words: shown as far as they were asked for. */
  private final class Log(request: Request) extends AbstractMessageLogger {
    val problems = new scala.collection.mutable.ListBuffer[String]

    override def log(text: String, level: Int): Unit = rawlog(text, level)
    override def rawlog(text: String, level: Int): Unit = {
      val refused = text.matches("(?is).*client error: .*(unauthorized|forbidden).*")
      if (level <= Message.MSG_WARN || refused) problems += text.trim
      val wanted =
        if (request.trace) Message.MSG_DEBUG else if (request.verbose) Message.MSG_VERBOSE else -1
      if (level <= wanted) println(text)
    }
    override def doProgress(): Unit = ()
    override def doEndProgress(text: String): Unit = ()
  }
}
