package toree.closures

import java.lang.ref.Reference
import java.util.{Map => JMap}

import scala.util.control.NonFatal

import org.apache.spark.sql.catalyst.expressions.codegen.{CodeAndComment, CodeGenerator}
import org.apache.spark.util.SizeEstimator

/** Java code that Spark has generated for queries. It keeps a thousand pieces compiled, for each
  * class loader its own, and so the classes of cells they are about, with all these hold.
  */
object GeneratedCode {

  /** Lets go of what no query can use again: made under a class loader that is not used any more,
    * or about classes that were loaded by it.
    */
  def forget(loader: ClassLoader, about: String => Boolean): Unit =
    try
      cache.keySet.removeIf {
        case key: Product =>
          key.productIterator.exists {
            case of: Reference[_]     => of.get == loader
            case code: CodeAndComment => about(code.body)
            case _                    => false
          }
        case _ => false
      }
    catch { case NonFatal(_) => () } // Spark's own affair: then the memory stays taken

  /** What Spark has found out about the size of classes: it keeps each by itself for ever. */
  def forgetSizes(loader: ClassLoader): Unit =
    try {
      val field = SizeEstimator.getClass.getDeclaredField("classInfos")
      field.setAccessible(true)
      field.get(SizeEstimator).asInstanceOf[JMap[Class[_], AnyRef]].keySet.removeIf {
        _.getClassLoader eq loader
      }
      ()
    } catch { case NonFatal(_) => () }

  // Private to an object of Spark's, behind a class of its; both have the same names in 3.5 and 4.
  private def cache: JMap[AnyRef, AnyRef] = {
    def called(on: AnyRef, method: java.lang.reflect.Method) = {
      method.setAccessible(true)
      method.invoke(on)
    }
    val whole = called(CodeGenerator, CodeGenerator.getClass.getDeclaredMethod("cache"))
    val guava = called(whole, whole.getClass.getMethod("cache"))
    called(guava, guava.getClass.getMethod("asMap")).asInstanceOf[JMap[AnyRef, AnyRef]]
  }
}
