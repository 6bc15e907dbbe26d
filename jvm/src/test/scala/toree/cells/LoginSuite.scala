package toree.cells

/** What a secure cluster's words become. */
class LoginSuite extends munit.FunSuite {
  private def told(text: String) = Failure.outcome(new java.io.IOException(text)).message

  test("nobody is logged in") {
    val said = told(
      "DestHost:destPort nn:8020 , LocalHost:localPort here:0. Failed on local exception: " +
        "java.io.IOException: org.apache.hadoop.security.AccessControlException: " +
        "Client cannot authenticate via:[TOKEN, KERBEROS]"
    )
    assert(said.contains("run kinit") && said.contains("--keytab"), said)
  }

  test("a ticket or a token has expired") {
    for (
      text <- Seq(
        "token (HDFS_DELEGATION_TOKEN token 3 for bob: HDFS_DELEGATION_TOKEN owner=bob, " +
          "renewer=yarn, realUser=gateway, issueDate=1, maxDate=2) is expired",
        "token (token for bob: HDFS_DELEGATION_TOKEN owner=bob) can't be found in cache",
        "GSSException: Ticket expired (32)"
      )
    ) assert(told(text).contains("%restart spark"), told(text))
  }

  test("other errors are left alone") {
    assertEquals(told("the lease is expired"), "the lease is expired")
  }
}
