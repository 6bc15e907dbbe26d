package toree.cells

/** What to do when a cluster does not know who asks: Kerberos' and Hadoop's own words say neither.
  */
private[toree] object Login {
  private val nobody =
    ("Client cannot authenticate via:\\[(TOKEN, )?KERBEROS|SIMPLE authentication is not enabled|" +
      "Failed to find any Kerberos tgt|No valid credentials provided").r
  private val old = "Ticket expired|token \\([^)]*\\) (is expired|can't be found in cache)".r

  def hint(text: String): Option[String] =
    if (old.findFirstIn(text).isDefined)
      Some(
        "The Kerberos ticket or the tokens of this session have expired: run kinit where the kernel " +
          "is, then %restart spark. With --principal and --keytab Spark renews them itself."
      )
    else if (nobody.findFirstIn(text).isDefined)
      Some(
        "There is no valid Kerberos ticket: run kinit where the kernel is, or give Spark " +
          "--principal and --keytab. The next cell that needs Spark tries again."
      )
    else None
}
