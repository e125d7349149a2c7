import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.StringReader;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import javax.xml.parsers.DocumentBuilderFactory;
import me.chanjar.weixin.common.error.WxRuntimeException;
import me.chanjar.weixin.common.util.crypto.SHA1;
import me.chanjar.weixin.cp.config.impl.WxCpDefaultConfigImpl;
import me.chanjar.weixin.cp.util.crypto.WxCpCryptUtil;
import org.w3c.dom.Element;
import org.xml.sax.InputSource;

/** weixin-java-cp, behind the line protocol of ../../README.md. */
final class Peer {
    private static final SecureRandom RANDOM = new SecureRandom();

    /** What a request says: the query's fields or the reply's, and the ciphertext or the XML that it is in. */
    private static final class Message {
        String signature;
        String timestamp;
        String nonce;
        String encrypt;
        String xml;

        Message(JsonObject request) throws Exception {
            Map<String, String> query = new HashMap<>();
            if (request.has("query")) {
                for (String field : text(request, "query").split("&")) {
                    String[] parts = field.split("=", 2);
                    query.put(parts[0], URLDecoder.decode(parts[1], StandardCharsets.UTF_8));
                }
            }
            signature = query.get("msg_signature");
            timestamp = query.get("timestamp");
            nonce = query.get("nonce");
            encrypt = query.get("echostr");
            if (!request.has("body")) {
                return;
            }
            String body = decoded(request, "body");
            if (body.startsWith("{")) {
                JsonObject json = JsonParser.parseString(body).getAsJsonObject();
                encrypt = text(json, "encrypt");
                if (query.isEmpty()) {
                    signature = text(json, "msgsignature");
                    timestamp = text(json, "timestamp");
                    nonce = text(json, "nonce");
                }
                return;
            }
            xml = body;
            if (query.isEmpty()) {
                Element root = DocumentBuilderFactory.newInstance().newDocumentBuilder()
                        .parse(new InputSource(new StringReader(body))).getDocumentElement();
                signature = root.getElementsByTagName("MsgSignature").item(0).getTextContent();
                timestamp = root.getElementsByTagName("TimeStamp").item(0).getTextContent();
                nonce = root.getElementsByTagName("Nonce").item(0).getTextContent();
            }
        }

        String open(WxCpCryptUtil crypt) {
            return xml != null
                    ? crypt.decryptXml(signature, timestamp, nonce, xml)
                    : crypt.decryptContent(signature, timestamp, nonce, encrypt);
        }
    }

    public static void main(String[] arguments) throws Exception {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            JsonObject answer = new JsonObject();
            try {
                answer(JsonParser.parseString(line).getAsJsonObject(), answer);
            } catch (Exception error) {
                answer = new JsonObject();
                answer.addProperty("error", error.toString());
            }
            out.println(answer);
        }
    }

    private static void answer(JsonObject request, JsonObject answer) throws Exception {
        switch (text(request, "op")) {
            case "hello": hello(answer); break;
            case "open": open(request, answer); break;
            case "seal": seal(request, answer); break;
            case "bench": bench(request, answer); break;
            default: throw new IllegalArgumentException("no such operation");
        }
    }

    private static void hello(JsonObject answer) throws Exception {
        // The jar's name is all that says its version.
        Path jar = Path.of(WxCpCryptUtil.class.getProtectionDomain().getCodeSource().getLocation().toURI());
        answer.addProperty("name", "weixin-java-cp");
        answer.addProperty("version",
                jar.getFileName().toString().replace("weixin-java-cp-", "").replace(".jar", ""));
    }

    private static void open(JsonObject request, JsonObject answer) throws Exception {
        Message message = new Message(request);
        try {
            answer.addProperty("text", encoded(message.open(crypt(request))));
        } catch (WxRuntimeException refused) {
            answer.addProperty("refused", refused.getMessage());
        }
    }

    private static void seal(JsonObject request, JsonObject answer) {
        WxCpCryptUtil crypt = crypt(request);
        String plaintext = decoded(request, "text");
        if (text(request, "form").equals("reply")) {
            answer.addProperty("body", encoded(crypt.encrypt(plaintext)));
            return;
        }
        byte[] random = new byte[12];
        RANDOM.nextBytes(random);
        String encrypt = crypt.encrypt(Base64.getEncoder().encodeToString(random), plaintext);
        String timestamp = text(request, "timestamp");
        String nonce = text(request, "nonce");
        String signature = SHA1.gen(text(request, "token"), timestamp, nonce, encrypt);
        if (text(request, "form").equals("ciphertext")) {
            answer.addProperty("encrypt", encrypt);
            answer.addProperty("signature", signature);
        } else {
            answer.addProperty("query", "msg_signature=" + signature + "&timestamp=" + timestamp + "&nonce=" + nonce
                    + "&echostr=" + URLEncoder.encode(encrypt, StandardCharsets.UTF_8));
        }
    }

    private static void bench(JsonObject request, JsonObject answer) throws Exception {
        Message message = new Message(request);
        WxCpCryptUtil crypt = crypt(request);
        int count = request.get("count").getAsInt();
        long length = 0;
        for (int index = 0; index < count / 4; index++) {
            length += message.open(crypt).length();
        }
        long start = System.nanoTime();
        for (int index = 0; index < count; index++) {
            length += message.open(crypt).length();
        }
        answer.addProperty("ns", System.nanoTime() - start);
        answer.addProperty("length", length);
    }

    private static WxCpCryptUtil crypt(JsonObject request) {
        WxCpDefaultConfigImpl config = new WxCpDefaultConfigImpl();
        config.setToken(text(request, "token"));
        config.setAesKey(text(request, "key"));
        config.setCorpId(text(request, "id"));
        return new WxCpCryptUtil(config);
    }

    private static String text(JsonObject object, String name) {
        return object.get(name).getAsString();
    }

    private static String decoded(JsonObject object, String name) {
        return new String(Base64.getDecoder().decode(text(object, name)), StandardCharsets.UTF_8);
    }

    private static String encoded(String text) {
        return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
    }
}
