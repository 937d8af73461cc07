import com.sun.net.httpserver.HttpServer;
import java.io.File;
import java.net.InetSocketAddress;
import org.apache.activemq.broker.BrokerService;
import org.apache.activemq.command.ActiveMQQueue;

/** ActiveMQ Classic for tests: a folder for its data, a port for AMQP, and one for counts. */
public class Classic {
  public static void main(String[] args) throws Exception {
    BrokerService broker = new BrokerService();
    broker.setUseJmx(false);
    broker.setDataDirectoryFile(new File(args[0]));
    // The default limits are above what a small disk has.
    broker.getSystemUsage().getStoreUsage().setLimit(256L * 1024 * 1024);
    broker.getSystemUsage().getTempUsage().setLimit(64L * 1024 * 1024);
    broker.addConnector("amqp://127.0.0.1:" + args[1]);
    broker.start();
    // The number of messages of a queue, with those that were delivered and not acknowledged: GET /<queue>.
    HttpServer counts = HttpServer.create(new InetSocketAddress("127.0.0.1", Integer.parseInt(args[2])), 0);
    counts.createContext("/", exchange -> {
      var name = new ActiveMQQueue(exchange.getRequestURI().getPath().substring(1));
      var queue = broker.getRegionBroker().getDestinationMap().get(name);
      long number = queue == null ? 0 : queue.getDestinationStatistics().getMessages().getCount();
      byte[] count = Long.toString(number).getBytes();
      exchange.sendResponseHeaders(200, count.length);
      exchange.getResponseBody().write(count);
      exchange.close();
    });
    counts.start();
    broker.waitUntilStopped();
  }
}
