import java.io.File;
import java.io.FileOutputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.permission.FsPermission;
import org.apache.hadoop.hdfs.MiniDFSCluster;
import org.apache.hadoop.minikdc.MiniKdc;
import org.apache.hadoop.security.UserGroupInformation;
import org.apache.hadoop.yarn.conf.YarnConfiguration;
import org.apache.hadoop.yarn.server.MiniYARNCluster;
import org.apache.kerby.kerberos.kerb.client.KrbClient;
import org.apache.kerby.kerberos.kerb.type.ticket.TgtTicket;

/** Hadoop's own HDFS and YARN in one process, with the queues `default`, `team` and `full`, in which
 * nothing begins.
 *
 * `java Cluster.java FOLDER [secure]`: its configuration is in FOLDER/conf once it is ready. It ends
 * with its standard input. A secure one asks for Kerberos: FOLDER/krb5.conf, and the keytab of each
 * user in FOLDER.
 */
public class Cluster {
  private static final String REALM = "EXAMPLE.COM";
  private static final String[] USERS = {"alice", "gateway"};

  public static void main(String[] arguments) throws Exception {
    File folder = new File(arguments[0]).getAbsoluteFile();
    boolean secure = arguments.length > 1 && arguments[1].equals("secure");
    YarnConfiguration conf = new YarnConfiguration();
    MiniKdc kdc = secure ? kerberos(folder, conf) : null;
    conf.set(MiniDFSCluster.HDFS_MINIDFS_BASEDIR, new File(folder, "dfs").toString());
    MiniDFSCluster dfs = new MiniDFSCluster.Builder(conf).numDataNodes(1).build();
    if (secure) homes(dfs.getFileSystem());
    conf.set("yarn.resourcemanager.scheduler.class",
        "org.apache.hadoop.yarn.server.resourcemanager.scheduler.capacity.CapacityScheduler");
    conf.set("yarn.scheduler.capacity.root.queues", "default,team,full");
    for (String queue : new String[] {"default", "team"}) {
      String name = "yarn.scheduler.capacity.root." + queue;
      conf.set(name + ".capacity", "50");
      conf.set(name + ".maximum-capacity", "100");
      conf.set(name + ".user-limit-factor", "4");
      conf.set(name + ".maximum-am-resource-percent", "1.0");
    }
    conf.set("yarn.scheduler.capacity.root.full.capacity", "0");
    conf.set("yarn.scheduler.capacity.root.full.maximum-capacity", "1");
    conf.set("yarn.scheduler.capacity.root.full.maximum-applications", "100");
    conf.setInt("yarn.scheduler.minimum-allocation-mb", 128);
    conf.setInt("yarn.nodemanager.resource.memory-mb", 8192);
    conf.setInt("yarn.nodemanager.resource.cpu-vcores", 16);
    conf.setBoolean("yarn.nodemanager.vmem-check-enabled", false);
    conf.setBoolean("yarn.nodemanager.pmem-check-enabled", false);
    conf.setFloat(
        "yarn.nodemanager.disk-health-checker.max-disk-utilization-per-disk-percentage", 99.5f);
    conf.setInt("yarn.nodemanager.delete.debug-delay-sec", 0);
    MiniYARNCluster yarn = new MiniYARNCluster("toree", 1, 1, 1);
    yarn.init(conf);
    yarn.start();
    if (!yarn.waitForNodeManagersToConnect(60000)) throw new IllegalStateException("no node");
    File draft = new File(folder, "draft");
    draft.mkdirs();
    Configuration clients = new Configuration(yarn.getConfig());
    clients.unset("net.topology.node.switch.mapping.impl"); // a class of its tests
    for (String name : new String[] {"core-site.xml", "yarn-site.xml"}) {
      try (OutputStream out = new FileOutputStream(new File(draft, name))) {
        clients.writeXml(out);
      }
    }
    draft.renameTo(new File(folder, "conf"));
    while (System.in.read() >= 0) {}
    yarn.stop();
    dfs.shutdown();
    if (secure) kdc.stop();
    System.exit(0);
  }

  /** A KDC of its own, and a cluster that trusts nobody else: one principal for all its services,
   * since one process is all of them. */
  private static MiniKdc kerberos(File folder, Configuration conf) throws Exception {
    MiniKdc kdc = new MiniKdc(MiniKdc.createConf(), folder);
    kdc.start();
    Files.copy(kdc.getKrb5conf().toPath(), new File(folder, "krb5.conf").toPath());
    File services = new File(folder, "services.keytab");
    kdc.createPrincipal(services, "hadoop/localhost", "HTTP/localhost");
    for (String user : USERS) kdc.createPrincipal(new File(folder, user + ".keytab"), user);
    ticket(kdc, "gateway", folder);
    conf.set("hadoop.security.authentication", "kerberos");
    conf.setBoolean("hadoop.security.authorization", true);
    conf.set("hadoop.user.group.static.mapping.overrides",
        "hadoop=hadoop;alice=team;bob=team;gateway=gateway");
    conf.set("hadoop.proxyuser.gateway.hosts", "*");
    conf.set("hadoop.proxyuser.gateway.groups", "team");
    for (String part : new String[] {
        "dfs.namenode.kerberos.principal", "dfs.datanode.kerberos.principal",
        "yarn.resourcemanager.principal", "yarn.nodemanager.principal"}) {
      conf.set(part, "hadoop/localhost@" + REALM);
    }
    for (String part : new String[] {
        "dfs.namenode.keytab.file", "dfs.datanode.keytab.file",
        "dfs.web.authentication.kerberos.keytab",
        "yarn.resourcemanager.keytab", "yarn.nodemanager.keytab"}) {
      conf.set(part, services.toString());
    }
    conf.set("dfs.web.authentication.kerberos.principal", "HTTP/localhost@" + REALM);
    conf.setBoolean("dfs.block.access.token.enable", true);
    conf.setBoolean("ignore.secure.ports.for.testing", true);
    UserGroupInformation.setConfiguration(conf);
    UserGroupInformation.loginUserFromKeytab("hadoop/localhost", services.toString());
    return kdc;
  }

  /** What `kinit -k -t USER.keytab -c USER.ticket USER` does. */
  private static void ticket(MiniKdc kdc, String user, File folder) throws Exception {
    KrbClient client = new KrbClient();
    client.setKdcRealm(REALM);
    client.setKdcHost("localhost");
    client.setAllowUdp(false);
    client.setKdcTcpPort(kdc.getPort());
    client.init();
    TgtTicket ticket = client.requestTgt(user + "@" + REALM, new File(folder, user + ".keytab"));
    client.storeTicket(ticket, new File(folder, user + ".ticket"));
  }

  private static void homes(FileSystem files) throws Exception {
    for (String user : new String[] {"alice", "bob"}) {
      Path home = new Path("/user/" + user);
      files.mkdirs(home);
      files.setOwner(home, user, "team");
      files.setPermission(home, new FsPermission("700"));
    }
  }
}
