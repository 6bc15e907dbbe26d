package org.apache.toree {

  package plugins {

    /** Apache Toree's plug-in, as far as a magic has to do with it. */
    trait Plugin {
      final val name: String = getClass.getName
      final val simpleName: String = getClass.getSimpleName
      final val priority: Long = 0
    }
  }

  package magic {

    /** What a magic of Apache Toree's shows: MIME types and texts. */
    final case class MagicOutput(data: (String, String)*) {
      lazy val asMap: Map[String, String] = Map(data: _*)
    }

    /** Magics written for Apache Toree. The names and signatures are those that its jars were
      * compiled against (docs/plugins.md).
      */
    trait Magic extends plugins.Plugin {
      def execute(code: String): Any
    }

    trait LineMagic extends Magic {
      override def execute(code: String): Unit
    }

    trait CellMagic extends Magic {
      override def execute(code: String): MagicOutput
    }
  }

  package magic.dependencies {

    import java.io.OutputStream

    import kernel.api.KernelLike

    trait IncludeKernel extends plugins.Plugin {
      this: magic.Magic =>
      private var _kernel: KernelLike = _
      protected[toree] def init(newKernel: KernelLike): Unit = _kernel = newKernel
      def kernel: KernelLike = _kernel
    }

    trait IncludeOutputStream extends plugins.Plugin {
      this: magic.Magic =>
      private var _outputStream: OutputStream = _
      protected[toree] def newOutputStream(newOutputStream: OutputStream): Unit =
        _outputStream = newOutputStream
      def outputStream: OutputStream = _outputStream
    }

    object Include {

      /** Gives a magic what it has asked for. */
      def apply(one: magic.Magic, kernel: KernelLike, out: OutputStream): Unit = {
        one match {
          case wants: IncludeKernel => wants.init(kernel)
          case _                    => ()
        }
        one match {
          case wants: IncludeOutputStream => wants.newOutputStream(out)
          case _                          => ()
        }
      }
    }
  }

  package object magic {
    type CellMagicOutput = MagicOutput
    type LineMagicOutput = Unit
    val CellMagicOutput = MagicOutput
    val LineMagicOutput: MagicOutput = MagicOutput()
  }
}
