package toree.closures

import java.util.concurrent.ConcurrentHashMap

import scala.collection.mutable
import scala.tools.asm.{ClassReader, FieldVisitor, Handle, MethodVisitor, Opcodes}

/** What the classes of cells read and call, by their bytecode. Names are the JVM's, with slashes.
  */
final class CellCode {
  private val known = new ConcurrentHashMap[String, CellClass]

  def of(name: String, loader: ClassLoader): CellClass = {
    val found = known.get(name)
    if (found != null) found
    else {
      val made = read(name, loader)
      known.put(name, made)
      made
    }
  }

  private def read(name: String, loader: ClassLoader): CellClass = {
    val in = loader.getResourceAsStream(s"$name.class")
    if (in == null) CellClass.unknown
    else
      try {
        val visitor = new Reading
        new ClassReader(in).accept(visitor, ClassReader.SKIP_DEBUG | ClassReader.SKIP_FRAMES)
        visitor.result(name)
      } finally in.close()
  }

  private final class Reading extends ClassHead(null) {
    private var parents = List.empty[String]
    private val inner = mutable.ListBuffer.empty[String]
    private val methods = mutable.HashMap.empty[String, CellMethod]

    protected def head(name: String, parent: String, interfaces: Array[String]): Unit =
      parents = (parent :: interfaces.toList).filter(CellCode.isCell)

    override def visitInnerClass(name: String, outer: String, simple: String, access: Int): Unit =
      if (CellCode.isCell(name) && !CellCode.isWrapper(name)) inner += name

    override def visitMethod(
        access: Int,
        name: String,
        shape: String,
        signature: String,
        thrown: Array[String]
    ): MethodVisitor = {
      val body = new Body
      methods(name + shape) = body.method
      body
    }

    def result(name: String): CellClass =
      CellClass(parents, methods.toMap, inner.filter(_.startsWith(s"$name$$")).toList.distinct)
  }

  private final class Body extends MethodVisitor(Opcodes.ASM7) {
    val method = new CellMethod

    override def visitFieldInsn(code: Int, owner: String, name: String, shape: String): Unit =
      if (code == Opcodes.GETFIELD && CellCode.isWrapper(owner)) method.reads += owner -> name

    override def visitMethodInsn(
        code: Int,
        owner: String,
        name: String,
        shape: String,
        isInterface: Boolean
    ): Unit = call(owner, name + shape)

    override def visitInvokeDynamicInsn(
        name: String,
        shape: String,
        bootstrap: Handle,
        arguments: Object*
    ): Unit = arguments.foreach {
      case target: Handle => call(target.getOwner, target.getName + target.getDesc)
      case _              => ()
    }

    private def call(owner: String, name: String): Unit =
      if (CellCode.isCell(owner)) method.calls += owner -> name
  }
}

/** A class of a cell: the cell classes it extends, its methods, the classes defined in it. */
final case class CellClass(
    parents: List[String],
    methods: Map[String, CellMethod],
    inner: List[String]
)

object CellClass {
  val unknown: CellClass = CellClass(Nil, Map.empty, Nil)
}

/** Fields of wrappers a method reads, and methods of cell classes it calls. */
final class CellMethod {
  val reads = mutable.LinkedHashSet.empty[(String, String)]
  val calls = mutable.LinkedHashSet.empty[(String, String)]
}

object CellCode {
  def isCell(name: String): Boolean = name.startsWith("$line")

  /** Whether a class is one of those the REPL puts around a cell's code. */
  def isWrapper(name: String): Boolean = isCell(name) && {
    var at = name.indexOf("$read")
    if (at > 0) {
      at += 5
      while (name.startsWith("$$iw", at)) at += 4
    }
    at == name.length
  }
}
