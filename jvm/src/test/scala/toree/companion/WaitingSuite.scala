package toree.companion

import java.io.{FileOutputStream, RandomAccessFile}
import java.nio.file.{Files, Path}

import scala.concurrent.{Await, Future}
import scala.concurrent.ExecutionContext.Implicits.global
import scala.concurrent.duration.DurationInt

import toree.text.Json

/** When a spare ends. */
class WaitingSuite extends munit.FunSuite {
  private val folder = FunFixture[Path](
    _ => {
      val made = Files.createTempDirectory("spare")
      for (name <- Seq("living", "lifeline"))
        assertEquals(new ProcessBuilder("mkfifo", made.resolve(name).toString).start().waitFor(), 0)
      made
    },
    _ => ()
  )

  private def waiting(folder: Path, seconds: Double, patience: Double): Waiting = {
    val told = Map("lifeline" -> folder.resolve("lifeline").toString)
    val facts = Json.obj("seconds" -> seconds, "told" -> told)
    new Waiting(folder.resolve("address"), Json.read(facts), patience)
  }

  private def published(waits: Waiting, folder: Path): Unit = waits.publish { more =>
    Files.write(folder.resolve("address"), Json.obj(more: _*).getBytes)
    ()
  }

  /** A kernel: it has the pipe open both ways, so that opening does not wait. */
  private def kernel(folder: Path) = new RandomAccessFile(folder.resolve("living").toFile, "rw")

  private def background(body: => Unit): Future[Unit] = {
    val done = scala.concurrent.Promise[Unit]()
    val thread = new Thread(() => { body; done.success(()); () })
    thread.setDaemon(true)
    thread.start()
    done.future
  }

  folder.test("it ends with the last kernel, and is there no more for others") { folder =>
    val first = kernel(folder)
    val second = kernel(folder)
    val waits = waiting(folder, 600, 0.5)
    background(waits.listen())
    published(waits, folder)
    val over = background(waits.watch())
    first.close()
    Thread.sleep(2000)
    assert(!over.isCompleted && Files.exists(folder.resolve("address")))
    second.close()
    Await.result(over, 20.seconds)
    assert(!Files.exists(folder.resolve("address")))
  }

  folder.test("a kernel that comes soon after the last one keeps it") { folder =>
    val old = kernel(folder)
    val waits = waiting(folder, 600, 5)
    background(waits.listen())
    published(waits, folder)
    val over = background(waits.watch())
    old.close()
    Thread.sleep(500)
    val fresh = kernel(folder)
    Thread.sleep(6000)
    assert(!over.isCompleted)
    fresh.close()
    Await.result(over, 20.seconds)
  }

  folder.test("it ends when no cell has run for its time, and not before") { folder =>
    val there = kernel(folder)
    val waits = waiting(folder, 2, 600)
    background(waits.listen())
    published(waits, folder)
    val over = background(waits.watch())
    for (_ <- 1 to 8) { Thread.sleep(500); there.write('.') }
    assert(!over.isCompleted)
    Await.result(over, 20.seconds)
    there.close()
  }

  folder.test("it ends when its address is removed") { folder =>
    val there = kernel(folder)
    val waits = waiting(folder, 600, 0.5)
    background(waits.listen())
    published(waits, folder)
    val over = background(waits.watch())
    Files.delete(folder.resolve("address"))
    Await.result(over, 20.seconds)
    there.close()
  }

  folder.test("taken, it hangs on its kernel alone") { folder =>
    val there = kernel(folder)
    val waits = waiting(folder, 1, 0.5)
    background(waits.listen())
    published(waits, folder)
    val over = background(waits.watch())
    val gone = background(waits.follow())
    Files.delete(folder.resolve("address"))
    val lifeline = new FileOutputStream(folder.resolve("lifeline").toFile)
    there.close()
    Thread.sleep(3000)
    assert(!over.isCompleted && !gone.isCompleted)
    lifeline.close()
    Await.result(gone, 20.seconds)
    assert(!over.isCompleted)
  }
}
