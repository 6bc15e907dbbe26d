package toree.companion

import java.util.{Map => JMap}

/** The environment that Java code and the processes it starts see. */
private object Environment {

  /** Java knows no way to change it; Spark opens the package in which it is kept. */
  def set(variables: JMap[String, String]): Unit = if (variables != null)
    try {
      val seen = System.getenv()
      val field = seen.getClass.getDeclaredField("m")
      field.setAccessible(true)
      field.get(seen).asInstanceOf[JMap[String, String]].putAll(variables)
    } catch {
      case problem: Exception => System.err.println(s"The environment stays: $problem")
    }
}
