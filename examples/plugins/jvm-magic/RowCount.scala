package example

import java.util.{Map => JMap}

import toree.Kernel
import toree.magic.CellMagic

/** `%%RowCount`: how many rows a query has. */
class RowCount extends CellMagic {
  def name: String = "RowCount"
  override def description: String = "Counts the rows of a query."

  override def execute(arguments: String, body: String, kernel: Kernel): JMap[String, String] =
    JMap.of("text/plain", kernel.sparkSession.sql(body).count().toString)
}
