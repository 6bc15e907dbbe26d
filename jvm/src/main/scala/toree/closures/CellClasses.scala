package toree.closures

import java.nio.file.{Files, Path, StandardCopyOption}

import scala.tools.asm.{ClassReader, ClassVisitor, ClassWriter, MethodVisitor, Opcodes, Type}

/** What the classes a cell defines get before anybody loads them, here or on an executor.
  *
  * In a cell they stand inside a class, and Scala's objects are singletons only outside of one. So:
  * two of an object are equal; an object that has no state but what never changes, and every
  * enumeration, is one per process; objects travel, and so do the parents of what does.
  */
object CellClasses {

  /** The classes to write anew, by file name without its end. */
  def rewritten(files: Map[String, Array[Byte]]): Map[String, Array[Byte]] = {
    val facts = files.map { case (_, bytes) => ClassFacts(bytes) }.map(f => f.name -> f).toMap
    val modules = facts.values.flatMap(_.modules).filter(facts.contains).toSet
    val single = modules.filter(name => isEnumeration(facts(name)) || isConstant(facts, name))
    val travels = facts.keySet.filter(name => goes(facts, modules, name))
    val parents = travels.flatMap(name => line(facts, name)) ++ travels
    files.flatMap { case (file, bytes) =>
      val own = facts(new ClassReader(bytes).getClassName)
      val serializable = parents(own.name) && !own.isSerializable
      if (serializable || modules(own.name) || own.modules.exists(single)) {
        val writer = new ClassWriter(0)
        val marks = Marks(serializable, modules(own.name), single(own.name))
        new ClassReader(bytes).accept(new Rewriting(writer, own, marks, single, facts), 0)
        Some(file -> writer.toByteArray)
      } else None
    }
  }

  /** Puts what the classes call beside them: executors may not have our jar. */
  def serve(folder: Path): Unit = List(helper, s"$helper$$").foreach { name =>
    val to = folder.resolve(s"$name.class")
    Files.createDirectories(to.getParent)
    val in = getClass.getClassLoader.getResourceAsStream(s"$name.class")
    try { Files.copy(in, to, StandardCopyOption.REPLACE_EXISTING); () }
    finally in.close()
  }

  private def isEnumeration(facts: ClassFacts): Boolean = facts.parent == "scala/Enumeration"

  /** The class and its parents of the same cell. */
  private def line(facts: Map[String, ClassFacts], name: String): List[String] =
    facts.get(name).toList.flatMap(f => f.name :: line(facts, f.parent))

  private def isConstant(facts: Map[String, ClassFacts], name: String): Boolean = {
    val own = line(facts, name).map(facts)
    plain(own.last.parent) && own.forall(f => f.hasConstantsOnly && !f.usesOuter)
  }

  /** An object travels unless a parent of an earlier cell does not: Java could not make it again.
    */
  private def goes(facts: Map[String, ClassFacts], modules: Set[String], name: String): Boolean =
    facts(name).isSerializable || (modules(name) && plain(line(facts, name).map(facts).last.parent))

  private def plain(parent: String): Boolean =
    parent == "java/lang/Object" || parent.startsWith("scala/runtime/AbstractFunction")

  private final case class Marks(serializable: Boolean, module: Boolean, single: Boolean)

  private final class Rewriting(
      next: ClassVisitor,
      facts: ClassFacts,
      marks: Marks,
      single: Set[String],
      all: Map[String, ClassFacts]
  ) extends ClassVisitor(Opcodes.ASM7, next) {
    import Opcodes._

    override def visit(
        version: Int,
        access: Int,
        name: String,
        signature: String,
        parent: String,
        interfaces: Array[String]
    ): Unit = {
      val added = if (marks.serializable) Array(serializableName) else Array.empty[String]
      val said =
        if (signature == null || !marks.serializable) signature
        else s"${signature}L$serializableName;"
      super.visit(version, access, name, said, parent, interfaces ++ added)
    }

    override def visitMethod(
        access: Int,
        name: String,
        shape: String,
        signature: String,
        thrown: Array[String]
    ): MethodVisitor =
      if (marks.single && name == "readResolve" && shape == resolveShape) null
      else {
        val method = super.visitMethod(access, name, shape, signature, thrown)
        if (!name.contains("$lzycompute")) method
        else
          new MethodVisitor(ASM7, method) {
            override def visitFieldInsn(
                code: Int,
                owner: String,
                name: String,
                shape: String
            ): Unit = {
              if (code == PUTFIELD && name.endsWith("$module")) {
                val kind = Type.getType(shape).getInternalName
                if (single(kind)) {
                  super.visitMethodInsn(INVOKESTATIC, helper, "unique", uniqueShape, false)
                  super.visitTypeInsn(CHECKCAST, kind)
                }
              }
              super.visitFieldInsn(code, owner, name, shape)
            }
          }
      }

    override def visitEnd(): Unit = {
      val own = line(all, facts.name).map(all)
      if (marks.module && plain(own.last.parent)) {
        if (!own.exists(_.methods("equals(Ljava/lang/Object;)Z")))
          method("equals", "(Ljava/lang/Object;)Z", 2) { m =>
            m.visitVarInsn(ALOAD, 0)
            m.visitVarInsn(ALOAD, 1)
            m.visitMethodInsn(INVOKESTATIC, helper, "same", sameShape, false)
            m.visitInsn(IRETURN)
          }
        if (!own.exists(_.methods("hashCode()I")))
          method("hashCode", "()I", 1) { m =>
            m.visitLdcInsn(facts.name.hashCode)
            m.visitInsn(IRETURN)
          }
      }
      if (marks.single)
        method("readResolve", resolveShape, 1) { m =>
          m.visitVarInsn(ALOAD, 0)
          m.visitMethodInsn(INVOKESTATIC, helper, "unique", uniqueShape, false)
          m.visitInsn(ARETURN)
        }
      super.visitEnd()
    }

    private def method(
        name: String,
        shape: String,
        size: Int
    )(body: MethodVisitor => Unit): Unit = {
      val made = super.visitMethod(ACC_PUBLIC, name, shape, null, null)
      made.visitCode()
      body(made)
      made.visitMaxs(size, size)
      made.visitEnd()
    }
  }

  private[closures] val serializableName = "java/io/Serializable"
  private val helper = "toree/closures/Singletons"
  private val resolveShape = "()Ljava/lang/Object;"
  private val uniqueShape = "(Ljava/lang/Object;)Ljava/lang/Object;"
  private val sameShape = "(Ljava/lang/Object;Ljava/lang/Object;)Z"
}
