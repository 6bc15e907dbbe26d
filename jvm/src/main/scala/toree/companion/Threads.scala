package toree.companion

/** Work beside whoever asks for it, with room for the compiler's recursion. */
private object Threads {
  def background(name: String, loader: ClassLoader)(body: => Unit): Unit = {
    val thread = new Thread(null, () => body, name, 16L * 1024 * 1024)
    thread.setDaemon(true)
    thread.setContextClassLoader(loader)
    thread.start()
  }
}
