package toree.stop

import scala.tools.asm.{
  ClassReader,
  ClassVisitor,
  ClassWriter,
  FieldVisitor,
  Handle,
  Label,
  MethodVisitor,
  Opcodes
}

import toree.closures.{CellCode, ClassHead}

/** Rewrites a cell's class as it is loaded, so that the cell can be stopped.
  *
  * Before every backward jump and at the entry of every method stands a call of the loader's gate
  * class. `System.exit` and regular expressions go through `Guard`, and the object around a cell's
  * code tells `Originals` that it was made. The inserted calls take nothing from the stack and
  * leave nothing there, so frames and sizes stay as the compiler made them.
  */
object Instrument {
  val gateName = "toree/$Gate"

  def apply(bytes: Array[Byte]): Array[Byte] =
    try {
      val reader = new ClassReader(bytes)
      val writer = new ClassWriter(reader, 0)
      reader.accept(new Checked(writer), 0)
      writer.toByteArray
    } catch {
      // A method at the edge of the JVM's size limit runs as it is, without checks.
      case _: RuntimeException => bytes
    }

  /** The class whose `check()` every cell class of one loader calls; `Guard.link` decides what it
    * does.
    */
  def gate: Array[Byte] = {
    import Opcodes._
    val writer = new ClassWriter(0)
    writer.visit(V1_8, ACC_PUBLIC | ACC_FINAL, gateName, null, "java/lang/Object", null)
    val method = writer.visitMethod(ACC_PUBLIC | ACC_STATIC, "check", "()V", null, null)
    val bootstrap = new Handle(
      H_INVOKESTATIC,
      "toree/stop/Guard",
      "link",
      "(Ljava/lang/invoke/MethodHandles$Lookup;Ljava/lang/String;Ljava/lang/invoke/MethodType;)" +
        "Ljava/lang/invoke/CallSite;",
      false
    )
    method.visitCode()
    method.visitInvokeDynamicInsn("check", "()V", bootstrap)
    method.visitInsn(RETURN)
    method.visitMaxs(0, 0)
    method.visitEnd()
    writer.visitEnd()
    writer.toByteArray
  }

  private final class Checked(next: ClassVisitor) extends ClassHead(next) {
    private var isWrapper = false

    protected def head(name: String, parent: String, interfaces: Array[String]): Unit =
      isWrapper = CellCode.isWrapper(name)

    /** The field that holds a request's values: not final, as it is emptied when no later cell can
      * reach them (`History`).
      */
    override def visitField(
        access: Int,
        name: String,
        shape: String,
        signature: String,
        value: AnyRef
    ): FieldVisitor = {
      val kept = if (name == "INSTANCE") access & ~Opcodes.ACC_FINAL else access
      super.visitField(kept, name, shape, signature, value)
    }

    override def visitMethod(
        access: Int,
        name: String,
        shape: String,
        signature: String,
        thrown: Array[String]
    ): MethodVisitor = {
      val method = super.visitMethod(access, name, shape, signature, thrown)
      // No check at the start of an initializer: it would spoil a class that has not done anything.
      if (method == null) null
      else
        new CheckedMethod(method, !name.startsWith("<"), told = isWrapper && name == "<init>")
    }
  }

  private final class CheckedMethod(
      next: MethodVisitor,
      atEntry: Boolean,
      private var told: Boolean
  ) extends MethodVisitor(Opcodes.ASM7, next) {
    private val passed = new java.util.HashSet[Label]

    private def check(): Unit =
      super.visitMethodInsn(Opcodes.INVOKESTATIC, gateName, "check", "()V", false)

    override def visitCode(): Unit = {
      super.visitCode()
      if (atEntry) check()
    }

    override def visitLabel(label: Label): Unit = {
      passed.add(label)
      super.visitLabel(label)
    }

    override def visitJumpInsn(opcode: Int, label: Label): Unit = {
      if (passed.contains(label)) check()
      super.visitJumpInsn(opcode, label)
    }

    override def visitTableSwitchInsn(min: Int, max: Int, other: Label, labels: Label*): Unit = {
      if ((other +: labels).exists(passed.contains)) check()
      super.visitTableSwitchInsn(min, max, other, labels: _*)
    }

    override def visitLookupSwitchInsn(
        other: Label,
        keys: Array[Int],
        labels: Array[Label]
    ): Unit = {
      if ((other +: labels.toSeq).exists(passed.contains)) check()
      super.visitLookupSwitchInsn(other, keys, labels)
    }

    override def visitMethodInsn(
        opcode: Int,
        owner: String,
        name: String,
        shape: String,
        isInterface: Boolean
    ): Unit =
      if (replaced(s"$owner.$name$shape")) {
        val receiver = if (opcode == Opcodes.INVOKESTATIC) "" else s"L$owner;"
        val to = if (name == "halt") "exit" else name
        super.visitMethodInsn(Opcodes.INVOKESTATIC, guard, to, s"($receiver${shape.tail}", false)
      } else {
        // The text is the last argument of all these, so it can be wrapped where it lies.
        if (matching(owner) && shape.contains("Ljava/lang/CharSequence;)"))
          super.visitMethodInsn(Opcodes.INVOKESTATIC, guard, "chars", wrap, false)
        built(owner, name, shape)
        super.visitMethodInsn(opcode, owner, name, shape, isInterface)
        if (told && opcode == Opcodes.INVOKESPECIAL) {
          told = false
          super.visitVarInsn(Opcodes.ALOAD, 0)
          super.visitMethodInsn(Opcodes.INVOKESTATIC, originals, "add", addShape, false)
        }
      }

    /** What a Spark application is built from passes through our hands, where it lies on the stack.
      */
    private def built(owner: String, name: String, shape: String): Unit =
      if (isBuilder(owner) && (name == "getOrCreate" || name == "create")) {
        val shape = "(Ljava/lang/Object;)Ljava/lang/Object;"
        super.visitMethodInsn(Opcodes.INVOKESTATIC, build, "builder", shape, false)
        super.visitTypeInsn(Opcodes.CHECKCAST, owner)
      } else if (isContext(owner) && shape.contains("Lorg/apache/spark/SparkConf;)"))
        super.visitMethodInsn(Opcodes.INVOKESTATIC, build, "conf", ofConf, false)
  }

  private val build = "toree/spark/SparkBuild"
  private val ofConf = "(Lorg/apache/spark/SparkConf;)Lorg/apache/spark/SparkConf;"
  private val isContext = Set(
    "org/apache/spark/SparkContext",
    "org/apache/spark/SparkContext$",
    "org/apache/spark/api/java/JavaSparkContext"
  )
  private def isBuilder(owner: String) =
    owner.startsWith("org/apache/spark/sql/") && owner.matches(
      ".*/SparkSession(Builder|\\$Builder)"
    )
  private val originals = "toree/closures/Originals"
  private val addShape = "(Ljava/lang/Object;)V"

  private val guard = "toree/stop/Guard"
  private val wrap = "(Ljava/lang/CharSequence;)Ljava/lang/CharSequence;"
  private val matching = Set("java/util/regex/Pattern", "scala/util/matching/Regex")
  private val replaced = Set(
    "java/lang/System.exit(I)V",
    "java/lang/Runtime.exit(I)V",
    "java/lang/Runtime.halt(I)V",
    "scala/sys/package$.exit(I)Lscala/runtime/Nothing$;",
    "scala/sys/package$.exit()Lscala/runtime/Nothing$;",
    "java/net/Socket.getInputStream()Ljava/io/InputStream;",
    "java/net/ServerSocket.accept()Ljava/net/Socket;",
    "java/lang/String.matches(Ljava/lang/String;)Z",
    "java/lang/String.replaceAll(Ljava/lang/String;Ljava/lang/String;)Ljava/lang/String;",
    "java/lang/String.replaceFirst(Ljava/lang/String;Ljava/lang/String;)Ljava/lang/String;"
  )
}
