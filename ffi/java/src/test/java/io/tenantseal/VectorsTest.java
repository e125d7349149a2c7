package io.tenantseal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The frozen vectors that every language of tenantseal runs. */
class VectorsTest {
    private static final Path FOLDER = Paths.get("../../tests/vectors");

    private static JsonNode read(String name) throws IOException {
        return new ObjectMapper().readTree(FOLDER.resolve(name).toFile());
    }

    private static byte[] hex(JsonNode text) {
        String digits = text.asText();
        byte[] bytes = new byte[digits.length() / 2];
        for (int at = 0; at < bytes.length; at++) {
            bytes[at] = (byte) Integer.parseInt(digits.substring(2 * at, 2 * at + 2), 16);
        }
        return bytes;
    }

    private static Keyring keys(JsonNode frozen) throws IOException {
        ByteArrayOutputStream records = new ByteArrayOutputStream();
        for (JsonNode record : frozen.get("records")) {
            byte[] bytes = hex(record);
            records.write(ByteBuffer.allocate(4).putInt(bytes.length).array());
            records.write(bytes);
        }
        Keyring keys = Keyring.fromRecords(hex(frozen.get("kek")), records.toByteArray());
        byte[] stored = hex(frozen.get("policy"));
        int length = ByteBuffer.wrap(stored, 24, 4).getInt();
        keys.installPolicy(new String(stored, 28, length, StandardCharsets.UTF_8));
        return keys;
    }

    private static Field field(Keyring keys, JsonNode vector) {
        Field field = keys.tenant("t-1001").field(vector.get("field").asText());
        String compartment = vector.path("compartment").asText("");
        return compartment.isEmpty() ? field : field.compartment(compartment);
    }

    @Test
    void cellsOpen() throws IOException {
        JsonNode frozen = read("frozen_v1.json");
        Keyring keys = keys(frozen);
        assertTrue(frozen.get("cells").size() >= 8);
        for (JsonNode cell : frozen.get("cells")) {
            Field field = field(keys, cell);
            byte[] sealed = hex(cell.get("bytes"));
            long row = cell.get("row").asLong();
            String opened = "mask".equals(cell.get("what").asText())
                    ? field.mask().open(sealed, row) : field.openText(sealed, row);
            assertEquals(cell.get("value").asText(), opened);
        }
        JsonNode natural = frozen.get("natural");
        Object[] parts = new Object[natural.get("keys").size()];
        for (int at = 0; at < parts.length; at++) {
            parts[at] = natural.get("keys").get(at).asText();
        }
        assertArrayEquals(hex(natural.get("value")),
                field(keys, natural).open(hex(natural.get("bytes")), Row.natural(parts)));
        JsonNode unbound = frozen.get("unbound");
        assertArrayEquals(hex(unbound.get("value")),
                field(keys, unbound).open(hex(unbound.get("bytes")), Row.unbound()));
    }

    @Test
    void tokensAreTheSame() throws IOException {
        JsonNode frozen = read("frozen_v1.json");
        Field mobile = keys(frozen).tenant("t-1001").field("member.mobile");
        JsonNode tokens = frozen.get("tokens");
        String value = tokens.get("value").asText();
        assertEquals(tokens.get("exact").get(0).asLong(), mobile.index("exact").token(value));
        assertEquals(tokens.get("short").asLong(), mobile.index("short").token(value));
        long[] lookup = mobile.index("exact").lookup(value);
        for (JsonNode token : tokens.get("exact")) {
            assertTrue(Arrays.stream(lookup).anyMatch(found -> found == token.asLong()));
        }
    }

    @Test
    void theKeyFileOpens(@TempDir Path folder) throws IOException {
        JsonNode file = read("frozen_v1.json").get("key_file");
        Path path = folder.resolve("keys.ts");
        Files.write(path, hex(file.get("bytes")));
        byte[] passphrase = file.get("passphrase").asText().getBytes(StandardCharsets.UTF_8);
        Keyring keys = Keyring.open(path.toString(), passphrase);
        JsonNode cell = file.get("cell");
        Field mobile = keys.tenantByAlias(file.get("alias").asText()).field(cell.get("field").asText());
        assertEquals(cell.get("value").asText(), mobile.openText(hex(cell.get("bytes")), cell.get("row").asLong()));
    }

    @Test
    void whatMustBeRefusedIsRefusedWithItsCode() throws IOException {
        Keyring keys = keys(read("frozen_v1.json"));
        JsonNode cells = read("refused_v1.json").get("cells");
        assertTrue(cells.size() >= 20);
        for (JsonNode cell : cells) {
            TenantsealException refused = assertThrows(TenantsealException.class,
                    () -> field(keys, cell).open(hex(cell.get("bytes")), cell.get("row").asLong()));
            assertEquals(cell.get("code").asInt(), refused.code(), cell.get("what").asText());
        }
    }

    @Test
    void callbacksComeOutAsStated() throws IOException {
        int opened = 0;
        int refused = 0;
        for (JsonNode vector : read("wecom_own_keys.json").get("callbacks")) {
            String kind = vector.get("kind").asText();
            if (kind.equals("signature_3_tokens") || kind.equals("encrypt_fixed_random_json_reply")) {
                continue;
            }
            String body = vector.path("envelope").asText("");
            if (body.isEmpty()) {
                body = "<xml><Encrypt>" + vector.get("encrypt").asText() + "</Encrypt></xml>";
            }
            try (WXBizMsgCrypt crypt = new WXBizMsgCrypt(vector.get("token").asText(),
                    vector.get("encoding_aes_key").asText(), vector.get("receive_id").asText())) {
                String message = crypt.DecryptMsg(vector.get("msg_signature").asText(),
                        vector.get("timestamp").asText(), vector.get("nonce").asText(), body);
                assertEquals("ok", vector.path("expect").asText("ok"), kind);
                assertEquals(vector.get("plaintext").asText(), message, kind);
                opened++;
            } catch (AesException e) {
                assertTrue(!"ok".equals(vector.path("expect").asText("ok")) && e.getCode() < 0, kind);
                refused++;
            }
        }
        assertArrayEquals(new int[] {52, 31}, new int[] {opened, refused});
    }

    @Test
    void mediaOpensAsAStream() throws IOException {
        int opened = 0;
        for (JsonNode vector : read("wecom_own_keys.json").get("media")) {
            byte[] sealed = vector.get("ciphertext_b64").binaryValue();
            for (int step : new int[] {1, 31, 32, 1000, 100_000}) {
                ByteArrayOutputStream file = new ByteArrayOutputStream();
                try (MediaInputStream media = new MediaInputStream(
                        new ByteArrayInputStream(sealed), vector.get("aeskey").asText())) {
                    byte[] piece = new byte[step];
                    for (int count = media.read(piece); count >= 0; count = media.read(piece)) {
                        file.write(piece, 0, count);
                    }
                    assertEquals(-1, media.read());
                }
                assertEquals(vector.get("plaintext_len").asInt(), file.size());
                if (vector.get("plaintext_b64").isTextual()) {
                    assertArrayEquals(vector.get("plaintext_b64").binaryValue(), file.toByteArray());
                }
            }
            opened++;
        }
        assertTrue(opened >= 10);
    }
}
