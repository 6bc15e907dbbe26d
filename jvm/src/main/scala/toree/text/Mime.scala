package toree.text

import java.awt.image.RenderedImage
import java.io.ByteArrayOutputStream
import java.util.{Base64, Map => JMap}

import javax.imageio.ImageIO

/** Contents of MIME types as Jupyter's messages have them
  * (https://jupyter-client.readthedocs.io/en/stable/messaging.html#display-data).
  */
object Mime {

  /** JSON types carry JSON, all others text.
    *
    * Throws IllegalArgumentException where it is no JSON.
    */
  def content(mime: String, data: String): Any = if (isJson(mime)) Json.checked(data) else data

  /** The same for a value that shows itself: what is no JSON is text. */
  def shown(mime: String, data: String): Any =
    try content(mime, data)
    catch { case _: IllegalArgumentException => data }

  def isJson(mime: String): Boolean = mime == "application/json" || mime.endsWith("+json")

  def base64(bytes: Array[Byte]): String = Base64.getEncoder.encodeToString(bytes)

  def png(image: RenderedImage): String = {
    val out = new ByteArrayOutputStream
    ImageIO.write(image, "png", out)
    base64(out.toByteArray)
  }

  def java(bundle: Map[String, String]): JMap[String, String] = {
    val made = new _root_.java.util.LinkedHashMap[String, String]
    bundle.foreach { case (mime, data) => made.put(mime, data) }
    made
  }
}
