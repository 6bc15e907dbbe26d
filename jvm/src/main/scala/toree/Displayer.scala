package toree

import java.util.{Map => JMap}

/** How a library shows its values in a notebook.
  *
  * Found by `java.util.ServiceLoader` in jars on the class path, those added at run time included,
  * or given to `kernel.display.register`.
  */
trait Displayer {

  /** MIME types and contents (binary ones in base 64), or null for a value it does not know. */
  def display(value: Any): JMap[String, String]
}
