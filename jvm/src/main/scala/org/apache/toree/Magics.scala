package org.apache.toree {

  package plugins {

    /** Apache Toree's plug-in, as far as a magic has to do with it. */
    trait Plugin {
      final val name: String = getClass.getName
    }
  }

  package magic {

    /** What a magic of Apache Toree's shows: MIME types and texts. */
    final case class MagicOutput(data: (String, String)*) {
      lazy val asMap: Map[String, String] = Map(data: _*)
    }

    /** Magics written for Apache Toree: the old names, so that simple ones load (docs/plugins.md).
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

    trait IncludeKernel {
      this: magic.Magic =>
      private var _kernel: _root_.toree.Kernel = _
      def kernel: _root_.toree.Kernel = _kernel
      def kernel_=(newKernel: _root_.toree.Kernel): Unit = _kernel = newKernel
    }

    trait IncludeOutputStream {
      this: magic.Magic =>
      private var _outputStream: java.io.OutputStream = _
      def outputStream: java.io.OutputStream = _outputStream
      def outputStream_=(newOutputStream: java.io.OutputStream): Unit =
        _outputStream = newOutputStream
    }
  }

  package object magic {
    type CellMagicOutput = MagicOutput
    type LineMagicOutput = Unit
    val CellMagicOutput = MagicOutput
  }
}
