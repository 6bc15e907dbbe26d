package toree.spark

import org.apache.hadoop.security.UserGroupInformation

/** Who this process is for a secure Hadoop. Without a ticket YARN's client tries for a quarter of
  * an hour before it says so.
  */
object Kerberos {

  /** @throws Reach.Missing there is nothing that a secure cluster would take */
  def check(): Unit = if (UserGroupInformation.isSecurityEnabled && !isKnown) {
    UserGroupInformation.loginUserFromSubject(null) // there may be a ticket by now
    if (!isKnown)
      throw new Reach.Missing(
        "there is no valid Kerberos ticket for the cluster: run kinit where the kernel is, or give " +
          "Spark --principal and --keytab. The next cell that needs Spark tries again"
      )
  }

  private def isKnown: Boolean = {
    val user = UserGroupInformation.getCurrentUser
    val real = Option(user.getRealUser).getOrElse(user)
    real.hasKerberosCredentials || !user.getTokens.isEmpty
  }
}
