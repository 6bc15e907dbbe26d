package toree.magic

import java.io.{ByteArrayInputStream, InputStream, OutputStream, PrintStream}
import java.net.URI
import java.nio.charset.StandardCharsets.UTF_8
import java.util.{Map => JMap}

import org.apache.spark.{SparkConf, SparkContext}
import org.apache.spark.api.java.JavaSparkContext
import org.apache.spark.sql.SparkSession
import org.apache.toree.kernel.api._

import toree.Kernel

/** Today's kernel as magics of Apache Toree's know it. */
private[magic] final class OldKernel(kernel: Kernel) extends KernelLike {
  def eval(code: Option[String]): (Boolean, Map[String, String]) = {
    val (fine, text) = kernel.eval(code)
    (fine, Map("text/plain" -> text))
  }

  def out: PrintStream = kernel.out
  def err: PrintStream = kernel.err
  def in: InputStream = kernel.in
  def data: JMap[String, Any] = kernel.data
  def addJars(uris: URI*): Unit = kernel.addJars(uris: _*)
  def sparkContext: SparkContext = kernel.sparkContext
  def sparkConf: SparkConf = kernel.sparkConf
  def javaSparkContext: JavaSparkContext = kernel.javaSparkContext
  def sparkSession: SparkSession = kernel.sparkSession

  val stream: StreamMethodsLike = new StreamMethodsLike {
    def sendAll(text: String): Unit = kernel.stream.sendAll(text)
  }

  val display: DisplayMethodsLike = new DisplayMethodsLike {
    def content(mimeType: String, data: String): Unit = kernel.display.content(mimeType, data)
    def clear(wait: Boolean): Unit = kernel.display.clear(wait)
  }

  val factory: FactoryMethodsLike = new FactoryMethodsLike {
    def newKernelOutputStream(streamType: String, sendEmptyOutput: Boolean): OutputStream =
      if (streamType == "stderr") kernel.err else kernel.out
    def newKernelInputStream(prompt: String, password: Boolean): InputStream =
      new ByteArrayInputStream(s"${kernel.ask(prompt, password)}\n".getBytes(UTF_8))
  }
}
