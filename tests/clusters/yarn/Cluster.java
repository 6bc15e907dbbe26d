import java.io.File;
import java.io.FileOutputStream;
import java.io.OutputStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.hdfs.MiniDFSCluster;
import org.apache.hadoop.yarn.conf.YarnConfiguration;
import org.apache.hadoop.yarn.server.MiniYARNCluster;

/** Hadoop's own HDFS and YARN in one process, with the queues `default` and `team`.
 *
 * `java Cluster.java FOLDER`: its configuration is in FOLDER/conf once it is ready. It ends with
 * its standard input.
 */
public class Cluster {
  public static void main(String[] arguments) throws Exception {
    File folder = new File(arguments[0]).getAbsoluteFile();
    YarnConfiguration conf = new YarnConfiguration();
    conf.set(MiniDFSCluster.HDFS_MINIDFS_BASEDIR, new File(folder, "dfs").toString());
    MiniDFSCluster dfs = new MiniDFSCluster.Builder(conf).numDataNodes(1).build();
    conf.set("yarn.resourcemanager.scheduler.class",
        "org.apache.hadoop.yarn.server.resourcemanager.scheduler.capacity.CapacityScheduler");
    conf.set("yarn.scheduler.capacity.root.queues", "default,team");
    for (String queue : new String[] {"default", "team"}) {
      String name = "yarn.scheduler.capacity.root." + queue;
      conf.set(name + ".capacity", "50");
      conf.set(name + ".maximum-capacity", "100");
      conf.set(name + ".user-limit-factor", "4");
      conf.set(name + ".maximum-am-resource-percent", "1.0");
    }
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
    System.exit(0);
  }
}
