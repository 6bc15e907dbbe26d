package org.apache.toree.kernel.api

import java.io.{InputStream, OutputStream, PrintStream}
import java.net.URI
import java.util.{Map => JMap}

import org.apache.spark.{SparkConf, SparkContext}
import org.apache.spark.api.java.JavaSparkContext
import org.apache.spark.sql.SparkSession

/** The `kernel` of magics written for Apache Toree, without its interpreters and configuration. */
trait KernelLike {
  def eval(code: Option[String]): (Boolean, Map[String, String])
  def factory: FactoryMethodsLike
  def stream: StreamMethodsLike
  def display: DisplayMethodsLike
  def out: PrintStream
  def err: PrintStream
  def in: InputStream
  def data: JMap[String, Any]
  def addJars(uris: URI*): Unit
  def sparkContext: SparkContext
  def sparkConf: SparkConf
  def javaSparkContext: JavaSparkContext
  def sparkSession: SparkSession
}

trait FactoryMethodsLike {
  def newKernelOutputStream(streamType: String, sendEmptyOutput: Boolean): OutputStream
  def newKernelInputStream(prompt: String, password: Boolean): InputStream
}

trait StreamMethodsLike {
  def sendAll(text: String): Unit
}

trait DisplayMethodsLike {
  def content(mimeType: String, data: String): Unit
  def html(data: String): Unit = content("text/html", data)
  def javascript(data: String): Unit = content("application/javascript", data)
  def clear(wait: Boolean = false): Unit
}
