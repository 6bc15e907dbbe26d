package toree.closures

import scala.collection.mutable
import scala.tools.asm.{ClassReader, FieldVisitor, MethodVisitor, Opcodes, Type}

/** What has to be known of a class before any is written. */
private final class ClassFacts extends ClassHead(null) {
  var name = ""
  var parent = ""
  var isSerializable = false
  var usesOuter = false
  val modules = mutable.ListBuffer.empty[String]
  val methods = mutable.HashSet.empty[String]
  // Fields that may change, and those of a kind that may.
  private val fields = mutable.ListBuffer.empty[(String, String, Boolean)]

  /** Lazy values count as values: they may be worked out again anywhere. */
  def hasConstantsOnly: Boolean = fields.forall { case (name, shape, isFinal) =>
    name.endsWith("$module") || name.startsWith("bitmap$") || name == "$outer" ||
    ((isFinal || methods.exists(_.startsWith(s"$name$$lzycompute"))) && constant(shape))
  }

  private def constant(shape: String): Boolean =
    shape.length == 1 || ClassFacts.constants.exists(shape.startsWith)

  protected def head(name: String, parent: String, interfaces: Array[String]): Unit = {
    this.name = name
    this.parent = parent
    isSerializable =
      interfaces.contains(CellClasses.serializableName) || parent == "scala/Enumeration"
  }

  override def visitField(
      access: Int,
      name: String,
      shape: String,
      signature: String,
      value: Object
  ): FieldVisitor = {
    if (name.endsWith("$module")) modules += Type.getType(shape).getInternalName
    if ((access & Opcodes.ACC_STATIC) == 0)
      fields += ((name, shape, (access & Opcodes.ACC_FINAL) != 0))
    null
  }

  override def visitMethod(
      access: Int,
      name: String,
      shape: String,
      signature: String,
      thrown: Array[String]
  ): MethodVisitor = {
    methods += name + shape
    // Those that hand it on are there whether it is used or not.
    if (name == "<init>" || name == "readResolve" || name.endsWith("$$$outer")) null
    else
      new MethodVisitor(Opcodes.ASM7) {
        override def visitFieldInsn(code: Int, owner: String, field: String, kind: String): Unit =
          if (code == Opcodes.GETFIELD && field == "$outer") usesOuter = true
        override def visitMethodInsn(
            code: Int,
            owner: String,
            called: String,
            kind: String,
            isInterface: Boolean
        ): Unit = if (called.endsWith("$$$outer")) usesOuter = true
      }
  }
}

private object ClassFacts {
  def apply(bytes: Array[Byte]): ClassFacts = {
    val facts = new ClassFacts
    new ClassReader(bytes).accept(facts, ClassReader.SKIP_DEBUG | ClassReader.SKIP_FRAMES)
    facts
  }

  private val constants = List(
    "Ljava/lang/String;",
    "Ljava/lang/Integer;",
    "Ljava/lang/Long;",
    "Ljava/lang/Double;",
    "Ljava/lang/Boolean;",
    "Ljava/lang/Class;",
    "Ljava/math/",
    "Ljava/time/",
    "Ljava/util/UUID;",
    "Lscala/Enumeration$Value;",
    "Lscala/Option;",
    "Lscala/Some;",
    "Lscala/Symbol;",
    "Lscala/Tuple",
    "Lscala/collection/immutable/",
    "Lscala/math/Big",
    "Lscala/math/Ordering"
  )
}
