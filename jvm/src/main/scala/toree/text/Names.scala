package toree.text

/** Names as the user knows them, without the REPL's wrappings. */
object Names {
  private val wrapping =
    """(?:\$line\d+[./])?\$read(?:\.INSTANCE|\$)?(?:[.$]*\$iw\$?)*(?:[.$]+|(?=@)|\b)|INSTANCE\.(?:\$iw\.)*|\$iw[.$]""".r

  /** Whether a name is of an object the REPL puts around a cell's code. */
  def wraps(name: String): Boolean = name.startsWith("$")

  def clean(text: String): String =
    if (text.indexOf('$') < 0 && text.indexOf("INSTANCE.") < 0) text
    else wrapping.replaceAllIn(text, "")
}
