import io.tenantseal.BlindIndex;
import io.tenantseal.Callback;
import io.tenantseal.Event;
import io.tenantseal.Field;
import io.tenantseal.Keyring;
import io.tenantseal.Sender;
import io.tenantseal.WXBizMsgCrypt;
import java.io.ByteArrayInputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Callable;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.IvParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import javax.xml.parsers.DocumentBuilderFactory;

/**
 * What a call from Java costs, beside the platform's own AES-GCM and WeCom's algorithm written in Java. Everything runs in
 * turn, several rounds after a warm-up, in this one JVM; the table has the median of each row and its ratio to its peer.
 */
public final class Crossing {
    private static final String TOKEN = "QDG6eK";
    private static final String KEY = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C";
    private static final String CORP = "wx5823bf96d3bd56c7";
    private static final long NOW = 1_409_659_813L;
    private static final int MANY = 10_000;
    private static final int WARM = 5;
    private static final int ROUNDS = 15;
    private static final SecureRandom RANDOM = new SecureRandom();

    private static final class Line {
        final String name;
        final int count;
        final int peer;
        final Callable<?> call;
        final List<Double> times = new ArrayList<>();

        Line(String name, int count, int peer, Callable<?> call) {
            this.name = name;
            this.count = count;
            this.peer = peer;
            this.call = call;
        }

        double median() {
            Collections.sort(times);
            return times.get(times.size() / 2);
        }
    }

    private static byte[] gcm(SecretKeySpec key, byte[] value) throws Exception {
        byte[] nonce = new byte[12];
        RANDOM.nextBytes(nonce);
        Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
        cipher.init(Cipher.ENCRYPT_MODE, key, new GCMParameterSpec(128, nonce));
        cipher.updateAAD(new byte[] {42});
        byte[] sealed = cipher.doFinal(value);
        return ByteBuffer.allocate(12 + sealed.length).put(nonce).put(sealed).array();
    }

    private static byte[] ungcm(SecretKeySpec key, byte[] sealed) throws Exception {
        Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
        cipher.init(Cipher.DECRYPT_MODE, key, new GCMParameterSpec(128, sealed, 0, 12));
        cipher.updateAAD(new byte[] {42});
        return cipher.doFinal(sealed, 12, sealed.length - 12);
    }

    /** The published algorithm: sort, SHA-1, base64, AES-CBC, cut. None of our checks but the receiveid. */
    private static byte[] published(byte[] body, String signature, String timestamp, String nonce) throws Exception {
        DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
        factory.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);
        String encrypt = factory.newDocumentBuilder().parse(new ByteArrayInputStream(body))
                .getElementsByTagName("Encrypt").item(0).getTextContent();
        String[] parts = {TOKEN, timestamp, nonce, encrypt};
        Arrays.sort(parts);
        StringBuilder hex = new StringBuilder();
        for (byte one : MessageDigest.getInstance("SHA-1").digest(String.join("", parts).getBytes(StandardCharsets.UTF_8))) {
            hex.append(String.format("%02x", one));
        }
        byte[] key = Base64.getDecoder().decode(KEY + "=");
        Cipher cipher = Cipher.getInstance("AES/CBC/NoPadding");
        cipher.init(Cipher.DECRYPT_MODE, new SecretKeySpec(key, "AES"), new IvParameterSpec(key, 0, 16));
        byte[] plain = cipher.doFinal(Base64.getDecoder().decode(encrypt));
        int end = plain.length - plain[plain.length - 1];
        int length = ByteBuffer.wrap(plain, 16, 4).getInt();
        if (!hex.toString().equals(signature) || !CORP.equals(new String(plain, 20 + length, end - 20 - length, "UTF-8"))) {
            throw new IllegalStateException();
        }
        return Arrays.copyOfRange(plain, 20, 20 + length);
    }

    public static void main(String[] arguments) throws Exception {
        byte[] kek = new byte[32];
        RANDOM.nextBytes(kek);
        Keyring keys = Keyring.fromKek(kek);
        keys.installPolicy(new String(Files.readAllBytes(Paths.get(arguments[0])), StandardCharsets.UTF_8));
        Field mobile = keys.createTenant("t-1001").field("member.mobile");
        BlindIndex index = mobile.index("exact");
        SecretKeySpec key = new SecretKeySpec(kek, "AES");
        byte[] value = "13800138000".getBytes(StandardCharsets.UTF_8);
        List<byte[]> values = Collections.nCopies(MANY, value);
        long[] rows = new long[MANY];
        for (int row = 0; row < MANY; row++) {
            rows[row] = row;
        }
        byte[] sealed = mobile.seal(value, 42);
        List<byte[]> cells = mobile.sealMany(values, rows);
        byte[] peer = gcm(key, value);
        String padding = String.join("", Collections.nCopies(180, "h"));
        String text = "<xml><CreateTime>" + NOW + "</CreateTime><MsgId>1</MsgId><Content>" + padding + "</Content></xml>";
        Sender.Post post = Sender.of(TOKEN, KEY, CORP).post(text, NOW, "1372623149");
        String signature = post.query.substring(14, 54);
        String body = new String(post.body, StandardCharsets.UTF_8);
        Callback app = Callback.companyApp(TOKEN, KEY, CORP).fixedTime(NOW * 1000).withoutGuard();
        WXBizMsgCrypt crypt = new WXBizMsgCrypt(TOKEN, KEY, CORP);

        List<Line> table = Arrays.asList(
                new Line("javax.crypto AES/GCM encrypt, random nonce", 1, -1, () -> gcm(key, value)),
                new Line("Field.seal", 1, 0, () -> mobile.seal(value, 42)),
                new Line("javax.crypto AES/GCM decrypt", 1, -1, () -> ungcm(key, peer)),
                new Line("Field.open", 1, 2, () -> mobile.open(sealed, 42)),
                new Line("javax.crypto AES/GCM in a loop", MANY, -1, () -> {
                    for (byte[] one : values) {
                        gcm(key, one);
                    }
                    return null;
                }),
                new Line("Field.sealMany", MANY, 4, () -> mobile.sealMany(values, rows)),
                new Line("Field.openMany", MANY, 4, () -> mobile.openMany(cells, rows)),
                new Line("BlindIndex.token", 1, -1, () -> index.token("13800138000")),
                new Line("the published algorithm in Java", 1, -1,
                        () -> published(post.body, signature, "1409659813", "1372623149")),
                new Line("WXBizMsgCrypt.DecryptMsg", 1, 8,
                        () -> crypt.DecryptMsg(signature, "1409659813", "1372623149", body)),
                new Line("Callback.open and message", 1, 8, () -> {
                    try (Event event = app.open(post.query, post.body)) {
                        return event.message();
                    }
                }));
        for (int round = 0; round < WARM + ROUNDS; round++) {
            for (Line line : table) {
                int repeat = Math.max(1, 5_000 / line.count);
                long start = System.nanoTime();
                for (int turn = 0; turn < repeat; turn++) {
                    line.call.call();
                }
                if (round >= WARM) {
                    line.times.add((System.nanoTime() - start) / (double) repeat / line.count);
                }
            }
        }
        System.out.println("| call | ns per value | ratio to its peer |\n|---|---:|---:|");
        for (Line line : table) {
            String ratio = line.peer < 0 ? "" : String.format("%.2f", line.median() / table.get(line.peer).median());
            System.out.printf("| %s | %,.0f | %s |%n", line.name, line.median(), ratio);
        }
    }
}
