package toree.packages

import java.util.{List => JList, Map => JMap}

import org.apache.ivy.core.module.id.ModuleRevisionId

import toree.cells.CellOptions.{flag, text}
import toree.text.Json

/** A package to add, as `%AddDeps` was asked for it. */
final case class Request(
    group: String,
    artifact: String,
    version: String,
    transitive: Boolean = true,
    excludes: List[String] = Nil,
    repositories: List[String] = Nil,
    credentials: List[Credential] = Nil,
    configuration: Option[String] = None,
    classifier: Option[String] = None,
    verbose: Boolean = false,
    trace: Boolean = false,
    abort: Boolean = false
) {
  def id: ModuleRevisionId = ModuleRevisionId.newInstance(group, artifact, version)

  /** Whether a later look may find something else under the same version. */
  def isDynamic: Boolean = version.matches("latest\\..*|.*[\\[\\](),+].*|.*-SNAPSHOT")

  override def toString: String = s"$group:$artifact:$version"
}

/** A user of a repository's host. */
final case class Credential(host: String, user: String, password: String)

object Request {
  private val suffix =
    s"_${scala.util.Properties.versionNumberString.split('.').take(2).mkString(".")}"

  def read(json: String): Request = {
    val map = Json.read(json)
    val artifact = text(map, "artifact") + (if (flag(map, "scala")) suffix else "")
    Request(
      text(map, "group"),
      artifact,
      text(map, "version"),
      flag(map, "transitive"),
      list(map, "exclude").map(_.toString),
      list(map, "repository").map(_.toString),
      list(map, "credentials").collect { case entry: JMap[_, _] =>
        Credential(text(entry, "host"), text(entry, "user"), text(entry, "password"))
      },
      some(map, "configuration"),
      some(map, "classifier"),
      flag(map, "verbose"),
      flag(map, "trace"),
      flag(map, "abort")
    )
  }

  /** The Scala line an artifact is made for, when its name says so and it is not this one. */
  def strangeScala(artifact: String): Option[String] =
    "_(2\\.\\d+|3)$".r
      .findFirstMatchIn(artifact)
      .map(_.group(1))
      .filter(line => suffix != s"_$line")

  def scalaSuffix: String = suffix

  private def some(map: JMap[_, _], name: String): Option[String] =
    Some(text(map, name)).filter(_.nonEmpty)

  private def list(map: JMap[_, _], name: String): List[Any] = map.get(name) match {
    case sent: JList[_] => sent.toArray.toList
    case _              => Nil
  }
}
