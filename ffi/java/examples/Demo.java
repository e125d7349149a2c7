import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.tenantseal.Callback;
import io.tenantseal.CallbackException;
import io.tenantseal.Event;
import io.tenantseal.Field;
import io.tenantseal.Keyring;
import io.tenantseal.OpenException;
import io.tenantseal.Record;
import io.tenantseal.Sender;
import io.tenantseal.TenantVault;
import io.tenantseal.Transaction;
import io.tenantseal.Vault;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.InetSocketAddress;
import java.net.URL;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.security.SecureRandom;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;

/**
 * From a WeCom callback to a sealed, searchable contact: the steps of `make demo`, from Java. A real HTTP server and client on
 * loopback, an SQLite file, two tenants. Every step says what it expects and what it got; the exit code is 1 if one differs.
 */
public final class Demo {
    private static final long NOW = 1_750_000_000L;
    private static final String[] OFFICIAL = {"QDG6eK", "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C", "wx5823bf96d3bd56c7"};
    private static final Map<String, String[]> CLIENTS = new LinkedHashMap<>();

    static {
        CLIENTS.put("t-1001", new String[] {"zTokenOfAcme", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG", "ww1000000000000001"});
        CLIENTS.put("t-2002", new String[] {"aTokenOfOther", "GFEDCBA9876543210zyxwvutsrqponmlkjihgfedcba", "ww2000000000000002"});
    }

    private int failed;
    private boolean diesNext;
    private final Callback official = Callback.companyApp(OFFICIAL[0], OFFICIAL[1], OFFICIAL[2]);
    private final Map<String, Callback> callbacks = new HashMap<>();
    private Vault vault;

    public static void main(String[] arguments) throws IOException {
        int failed = new Demo().run(Paths.get(arguments[0]));
        System.out.println(failed > 0 ? "\n" + failed + " steps differ" : "\nevery step as expected");
        System.exit(failed > 0 ? 1 : 0);
    }

    private void step(String what, Object expected, Object got) {
        boolean same = Objects.equals(expected, got);
        failed += same ? 0 : 1;
        System.out.printf("%s %-58s %s%s%n", same ? "ok  " : "FAIL", what, got, same ? "" : ", not " + expected);
    }

    // The server: what a provider writes.

    private void serve(HttpExchange exchange) throws IOException {
        String client = exchange.getRequestURI().getPath().substring("/callback/".length());
        String query = exchange.getRequestURI().getRawQuery();
        int status = 200;
        String answer = "";
        try {
            if (exchange.getRequestMethod().equals("GET")) {
                answer = (client.equals("official") ? official : callbacks.get(client)).verifyUrl(query);
            } else {
                Event event = (client.equals("official") ? official : callbacks.get(client))
                        .open(query, read(exchange.getRequestBody()));
                if (event.isInProgress()) {
                    status = 503;
                } else if (!event.isFresh()) {
                    answer = "known";
                } else if (client.equals("official")) {
                    answer = event.child("Content");
                } else if (diesNext) {
                    diesNext = false;
                    status = 500;
                } else {
                    answer = store(client, event);
                }
            }
        } catch (CallbackException refused) {
            status = 403;
            answer = "";
        }
        byte[] body = answer.getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
        exchange.getResponseBody().write(body);
        exchange.close();
    }

    private String store(String client, Event event) {
        Map<String, String> contact = new HashMap<>();
        contact.put("userid", event.child("UserID"));
        contact.put("name", event.child("Name"));
        contact.put("mobile", event.child("Mobile"));
        contact.put("email", event.child("Email"));
        try (TenantVault rows = vault.tenant(client); Transaction transaction = rows.begin()) {
            transaction.insert("member", contact);
            event.done();
            transaction.commit();
        }
        return event.reply("<xml><Content>welcome</Content></xml>");
    }

    // The client.

    private static String ask(String url, byte[] body) throws IOException {
        HttpURLConnection connection = (HttpURLConnection) new URL(url).openConnection();
        if (body != null) {
            connection.setDoOutput(true);
            connection.getOutputStream().write(body);
        }
        int status = connection.getResponseCode();
        InputStream answer = status < 400 ? connection.getInputStream() : connection.getErrorStream();
        return status + " " + (answer == null ? "" : new String(read(answer), StandardCharsets.UTF_8));
    }

    private static byte[] read(InputStream from) throws IOException {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        byte[] some = new byte[4096];
        for (int count = from.read(some); count >= 0; count = from.read(some)) {
            all.write(some, 0, count);
        }
        return all.toByteArray();
    }

    private static String createUser(String name, String mobile) {
        return "<xml><CreateTime>" + NOW + "</CreateTime><MsgType><![CDATA[event]]></MsgType>"
                + "<Event><![CDATA[change_contact]]></Event><ChangeType>create_user</ChangeType>"
                + "<UserID><![CDATA[u" + mobile.substring(7) + "]]></UserID><Name><![CDATA[" + name + "]]></Name>"
                + "<Mobile>" + mobile + "</Mobile><Email><![CDATA[" + mobile + "@example.com]]></Email></xml>";
    }

    private static Sender sender(String client) {
        String[] credentials = CLIENTS.get(client);
        return Sender.of(credentials[0], credentials[1], credentials[2]);
    }

    private int run(Path policy) throws IOException {
        byte[] kek = new byte[32];
        new SecureRandom().nextBytes(kek);
        Keyring keys = Keyring.fromKek(kek);
        keys.installPolicy(new String(Files.readAllBytes(policy), StandardCharsets.UTF_8));
        CLIENTS.forEach((client, credentials) -> {
            keys.createTenant(client);
            keys.addAlias(credentials[2], client);
            callbacks.put(client, Callback.companyApp(credentials[0], credentials[1], credentials[2]).fixedTime(NOW * 1000));
        });
        Path folder = Files.createTempDirectory("tenantseal");
        vault = Vault.open(folder.resolve("contacts.db").toString(), keys);
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
        server.createContext("/callback/", this::serve);
        server.start();
        try {
            steps(keys, "http://127.0.0.1:" + server.getAddress().getPort() + "/callback");
        } finally {
            server.stop(0);
            vault.close();
            // Not while the vault is open: who opens and closes its files in the same process drops its locks.
            boolean shown = false;
            try (Stream<Path> files = Files.list(folder)) {
                for (Path file : (Iterable<Path>) files::iterator) {
                    shown |= new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1).contains("13800138000");
                    Files.delete(file);
                }
            }
            step("no number is in the database or its log", false, shown);
            Files.delete(folder);
        }
        return failed;
    }

    private void steps(Keyring keys, String base) throws IOException {
        String check = "msg_signature=5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3&timestamp=1409659589&nonce=263014780"
                + "&echostr=P9nAzCzyDtyTWESHep1vC5X9xho%2FqYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp%2B4RPcs8TgAE7OaBO%2BFZXvnaqQ%3D%3D";
        String post = "msg_signature=477715d11cdb4164915debcba66cb864d751f3e6&timestamp=1409659813&nonce=1372623149";
        String body = "<xml><ToUserName><![CDATA[wx5823bf96d3bd56c7]]></ToUserName><Encrypt><![CDATA["
                + "RypEvHKD8QQKFhvQ6QleEB4J58tiPdvo+rtK1I9qca6aM/wvqnLSV5zEPeusUiX5L5X/0lWfrf0QADHHhGd3QczcdCUpj911L3vg3W/sYYvu"
                + "JTs3TUUkSUXxaccAS0qhxchrRYt66wiSpGLYL42aM6A8dTT+6k4aSknmPj48kzJs8qLjvd4Xgpue06DOdnLxAUHzM6+kDZ+HMZfJYuR+LtwG"
                + "c2hgf5gsijff0ekUNXZiqATP7PF5mZxZ3Izoun1s4zG4LUMnvw2r+KqCKIw+3IQH03v+BCA9nMELNqbSf6tiWSrXJB3LAVGUcallcrw8V2t9"
                + "EL4EhzJWrQUax5wLVMNS0+rUPA3k22Ncx4XXZS9o0MBH27Bo6BpNelZpS+/uh9KsNlY6bHCmJU9p8g7m3fVKn28H3KDYA5Pl/T8Z1ptDAVe0"
                + "lXdQ2YoyyH2uyPIGHBZZIs2pDBS8R07+qN+E7Q==]]></Encrypt><AgentID><![CDATA[218]]></AgentID></xml>";
        official.fixedTime(1_409_659_589_000L);
        step("official sample, URL check", "200 1616140317555161061", ask(base + "/official?" + check, null));
        official.fixedTime(1_409_659_813_000L);
        step("official sample, message", "200 hello", ask(base + "/official?" + post, body.getBytes(StandardCharsets.UTF_8)));
        official.fixedTime(NOW * 1000);
        step("the same, years later", "403 ", ask(base + "/official?" + check, null));

        Map<String, Sender.Post> posts = new HashMap<>();
        posts.put("t-1001", sender("t-1001").post(createUser("张三", "13800138000"), NOW, "1372623149"));
        posts.put("t-2002", sender("t-2002").post(createUser("李四", "13900139000"), NOW, "1372623149"));
        for (String client : CLIENTS.keySet()) {
            String answer = ask(base + "/" + client + "?" + posts.get(client).query, posts.get(client).body);
            step("create_user for " + client, "200", answer.substring(0, 3));
            step("its passive reply, opened as Tencent would", "<xml><Content>welcome</Content></xml>",
                    new String(sender(client).openReply(answer.substring(4)), StandardCharsets.UTF_8));
        }

        TenantVault acme = vault.tenant("t-1001");
        TenantVault other = vault.tenant("t-2002");
        step("masked listing", "138****8000", acme.listMasked("member", 0, 10).get(0).text("mobile"));
        Record found = acme.find("member.mobile", "exact", "+86 138 0013 8000").get(0);
        step("found by mobile, in another spelling", "张三", found.text("name"));
        step("the other tenant finds nothing", 0, other.find("member.mobile", "exact", "13800138000").size());
        // No other copy of SQLite may open the file in this process, so the stolen row is sealed anew.
        Field mobile = keys.tenant("t-1001").field("member.mobile");
        byte[] stolen = mobile.seal("13800138000", found.id());
        String opened = "opened";
        try {
            keys.tenant("t-2002").field("member.mobile").open(stolen, found.id());
        } catch (OpenException refused) {
            opened = "OpenException";
        }
        step("the other tenant opens a stolen row", "OpenException", opened);

        String url = base + "/t-1001?";
        Sender.Post genuine = posts.get("t-1001");
        String text = new String(genuine.body, StandardCharsets.UTF_8);
        String encrypt = text.substring(text.indexOf("<Encrypt><![CDATA[") + 18, text.indexOf("]]></Encrypt>"));
        Map<String, String[]> refusals = new LinkedHashMap<>();
        refusals.put("tampered", new String[] {genuine.query, text.replace(encrypt, "AAAA" + encrypt)});
        refusals.put("spliced", new String[] {
            genuine.query + URLEncoder.encode(encrypt.substring(0, 64), "UTF-8"), text.replace(encrypt, encrypt.substring(64))});
        refusals.put("swapped", new String[] {genuine.query.replace("" + NOW, "#").replace("1372623149", "" + NOW)
            .replace("#", "1372623149"), text});
        refusals.put("of another client", new String[] {
            posts.get("t-2002").query, new String(posts.get("t-2002").body, StandardCharsets.UTF_8)});
        for (Map.Entry<String, String[]> bad : refusals.entrySet()) {
            step(bad.getKey() + ": refused with one answer", "403 ",
                    ask(url + bad.getValue()[0], bad.getValue()[1].getBytes(StandardCharsets.UTF_8)));
        }
        step("POST replayed as GET: refused with that answer", "403 ",
                ask(url + genuine.query + "&echostr=" + URLEncoder.encode(encrypt, "UTF-8"), null));
        step("a byte-for-byte replay is known", "200 known", ask(url + genuine.query, genuine.body));
        Sender.Post again = sender("t-1001").post(createUser("张三", "13800138000"), NOW, "99");
        step("a re-encrypted retry is known", "200 known", ask(url + again.query, again.body));
        Sender.Post second = sender("t-1001").post(createUser("王五", "13700137000"), NOW, "98");
        step("another create_user of that second", "200", ask(url + second.query, second.body).substring(0, 3));
        Sender.Post third = sender("t-1001").post(createUser("赵六", "13600136000"), NOW, "97");
        diesNext = true;
        ask(url + third.query, third.body);
        step("a worker dies: in progress meanwhile", "503 ", ask(url + third.query, third.body));
        callbacks.get("t-1001").fixedTime(NOW * 1000 + 4_000);
        step("and processed after the lease", "200", ask(url + third.query, third.body).substring(0, 3));
        step("contacts of t-1001", 3, acme.listMasked("member", 0, 10).size());
    }
}
