package toree.closures

import scala.tools.asm.{ClassVisitor, Opcodes}

/** A visitor that is told a class's name, parent and interfaces first, and hands all on. */
private[toree] abstract class ClassHead(next: ClassVisitor)
    extends ClassVisitor(Opcodes.ASM7, next) {
  protected def head(name: String, parent: String, interfaces: Array[String]): Unit

  override def visit(
      version: Int,
      access: Int,
      name: String,
      signature: String,
      parent: String,
      interfaces: Array[String]
  ): Unit = {
    head(name, parent, interfaces)
    super.visit(version, access, name, signature, parent, interfaces)
  }
}
