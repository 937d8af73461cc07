import com.sun.net.httpserver.HttpServer;
import java.net.InetSocketAddress;
import org.apache.activemq.artemis.api.core.RoutingType;
import org.apache.activemq.artemis.core.config.impl.ConfigurationImpl;
import org.apache.activemq.artemis.core.server.JournalType;
import org.apache.activemq.artemis.core.server.embedded.EmbeddedActiveMQ;
import org.apache.activemq.artemis.core.settings.impl.AddressSettings;

/** ActiveMQ Artemis for tests: a folder for its data, a port for AMQP, and one for counts. */
public class Artemis {
  public static void main(String[] args) throws Exception {
    String folder = args[0];
    ConfigurationImpl config = new ConfigurationImpl();
    config.setPersistenceEnabled(true).setSecurityEnabled(false).setJournalType(JournalType.NIO);
    config.setJournalDirectory(folder + "/journal").setBindingsDirectory(folder + "/bindings");
    config.setPagingDirectory(folder + "/paging").setLargeMessagesDirectory(folder + "/large");
    // A small journal, and a full disk does not block.
    config.setJournalFileSize(1024 * 1024).setJournalMinFiles(2).setMaxDiskUsage(-1);
    config.addAcceptorConfiguration("amqp", "tcp://127.0.0.1:" + args[1] + "?protocols=AMQP");
    AddressSettings settings = new AddressSettings();
    settings.setAutoCreateQueues(true).setAutoCreateAddresses(true).setAutoDeleteQueues(false);
    settings.setDefaultQueueRoutingType(RoutingType.ANYCAST).setDefaultAddressRoutingType(RoutingType.ANYCAST);
    config.addAddressSetting("#", settings);
    EmbeddedActiveMQ broker = new EmbeddedActiveMQ();
    broker.setConfiguration(config);
    broker.start();
    // The number of messages of a queue, with those that were delivered and not acknowledged: GET /<queue>.
    HttpServer counts = HttpServer.create(new InetSocketAddress("127.0.0.1", Integer.parseInt(args[2])), 0);
    counts.createContext("/", exchange -> {
      var queue = broker.getActiveMQServer().locateQueue(exchange.getRequestURI().getPath().substring(1));
      byte[] count = Long.toString(queue == null ? 0 : queue.getMessageCount()).getBytes();
      exchange.sendResponseHeaders(200, count.length);
      exchange.getResponseBody().write(count);
      exchange.close();
    });
    counts.start();
  }
}
