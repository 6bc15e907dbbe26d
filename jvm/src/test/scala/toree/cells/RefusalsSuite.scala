package toree.cells

/** What Kubernetes' words become. */
class RefusalsSuite extends munit.FunSuite {
  private def told(code: Int, message: String) = Refusals.told(
    code,
    s"Failure executing: POST at: https://api/v1/namespaces/default/pods. Message: $message. " +
      s"Received status: Status(apiVersion=v1, code=$code, message=$message, status=Failure).",
    None
  )

  test("a quota that is full is named, with what to do") {
    val said = told(
      403,
      "pods \"toree-exec-1\" is forbidden: exceeded quota: team, requested: pods=1, used: pods=1, " +
        "limited: pods=1"
    )
    assert(said.startsWith("Kubernetes' quota 'team' is full (pods"), said)
    assert(said.contains("limited: pods=1). End something"), said)
  }

  test("a token that has ended, a right that is missing") {
    assert(told(401, "Unauthorized").contains("restart the kernel"))
    val forbidden = told(403, "pods is forbidden: User \"x\" cannot create resource")
    assert(forbidden.startsWith("Kubernetes refuses: pods is forbidden: User"), forbidden)
    assert(forbidden.contains("needs that right"), forbidden)
    assertEquals(told(409, "it is there"), "Kubernetes refuses: it is there")
  }

  test("an API server that does not answer") {
    val said = Refusals.told(0, "An error has occurred.", Some(new java.io.IOException("refused")))
    assertEquals(
      said,
      "Kubernetes' API server can't be asked: An error has occurred, java.io.IOException: refused"
    )
  }

  test("other errors are not Kubernetes'") {
    assertEquals(Refusals.of(new RuntimeException(new java.io.IOException("x"))), None)
  }
}
