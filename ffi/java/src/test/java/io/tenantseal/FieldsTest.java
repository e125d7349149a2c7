package io.tenantseal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.security.SecureRandom;
import java.util.AbstractList;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FieldsTest {
    private static final String NUMBER = "13800138000";
    private final byte[] kek = new byte[32];
    private Keyring keys;
    private Field mobile;

    @BeforeEach
    void makeKeys() throws IOException {
        new SecureRandom().nextBytes(kek);
        keys = Keyring.fromKek(kek);
        byte[] policy = Files.readAllBytes(Paths.get("../../examples/contacts.policy.json"));
        keys.installPolicy(new String(policy, StandardCharsets.UTF_8));
        mobile = keys.createTenant("t-1001").field("member.mobile");
        keys.createTenant("t-2002");
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    @Test
    void aValueOpensInItsOwnPlaceAlone() {
        byte[] sealed = mobile.seal(NUMBER, 42);
        assertEquals(64 + 11, sealed.length);
        assertEquals(NUMBER, mobile.openText(sealed, 42));
        assertEquals(NUMBER, mobile.openText(mobile.sealText(NUMBER, 42), 42));
        assertArrayEquals(utf8(NUMBER), mobile.open(mobile.seal(NUMBER, Row.of("id-42")), Row.of("id-42")));
        for (Row row : Arrays.asList(Row.of(43), Row.of("42"), Row.of(utf8("42")))) {
            assertEquals(201, assertThrows(OpenException.class, () -> mobile.open(sealed, row)).code());
        }
        Field other = keys.tenant("t-2002").field("member.mobile");
        assertEquals(202, assertThrows(OpenException.class, () -> other.open(sealed, 42)).code());
        BlindIndex index = mobile.index("exact");
        assertArrayEquals(new long[] {index.token(NUMBER)}, index.lookup("+86 138 0013 8000"));
        assertTrue(index.matches(NUMBER, "+86 138 0013 8000") && !index.matches(NUMBER, "13900139000"));
        assertEquals("138****8000", mobile.mask().open(mobile.mask().seal(NUMBER, 1), 1));
        assertThrows(InvalidException.class, () -> mobile.seal(NUMBER, Row.unbound()));
    }

    @Test
    void manyValuesInOneCall() {
        List<byte[]> values = new ArrayList<>();
        long[] rows = new long[500];
        for (int n = 0; n < rows.length; n++) {
            rows[n] = n;
            values.add(n % 7 == 0 ? null : utf8(String.format("138%08d", n)));
        }
        List<byte[]> cells = mobile.sealMany(values, rows);
        List<byte[]> opened = mobile.openMany(cells, rows);
        for (int n = 0; n < rows.length; n++) {
            assertArrayEquals(values.get(n), opened.get(n));
        }
        assertArrayEquals(values.get(1), mobile.open(cells.get(1), 1));
        cells.set(8, cells.get(9));
        assertEquals(8, assertThrows(OpenException.class, () -> mobile.openMany(cells, rows)).position());
        assertTrue(mobile.sealMany(Collections.emptyList(), new long[0]).isEmpty());
        assertNull(mobile.sealMany(Collections.singletonList(null), new long[] {1}).get(0));
        assertThrows(IllegalArgumentException.class, () -> mobile.sealMany(values, new long[1]));
    }

    @Test
    void whatIsNoValueOrNameIsRefused() {
        assertThrows(NullPointerException.class, () -> mobile.seal((String) null, 1));
        assertThrows(NullPointerException.class, () -> mobile.seal((byte[]) null, 1));
        assertThrows(NullPointerException.class, () -> mobile.open(null, 1));
        assertThrows(IllegalArgumentException.class, () -> mobile.seal("\ud800", 1));
        assertThrows(TenantsealException.class, () -> mobile.seal(new byte[] {(byte) 0xff}, 1));
        for (byte[] sealed : Arrays.asList(new byte[0], new byte[] {(byte) 0xf8}, utf8("ts1."), new byte[100])) {
            assertThrows(OpenException.class, () -> mobile.open(sealed, 1));
        }
        assertEquals(120, assertThrows(InvalidException.class, () -> keys.tenant("nobody")).code());
        assertEquals(121, assertThrows(InvalidException.class, () -> keys.tenant("t-1001").field("member.none")).code());
        assertEquals(103, assertThrows(InvalidException.class, () -> Keyring.fromKek(new byte[31])).code());
        assertEquals(103, assertThrows(InvalidException.class, () -> Keyring.fromKek(new byte[32])).code());
        assertThrows(InvalidException.class, () -> keys.createTenant(String.join("", Collections.nCopies(129, "x"))));
        assertThrows(InvalidException.class, () -> keys.createTenant("t-1001"));
        assertThrows(IllegalArgumentException.class, () -> Row.natural(1.5));
    }

    @Test
    void whatIsClosedThrowsAndClosesAgain() {
        mobile.close();
        mobile.close();
        assertThrows(IllegalStateException.class, () -> mobile.seal(NUMBER, 1));
        try (Tenant tenant = keys.tenant("t-1001")) {
            assertArrayEquals(utf8("t-1001"), tenant.id());
        }
    }

    @Test
    void whatIsForgottenIsReleasedAndNotBefore() {
        // Each field is garbage as soon as its call has begun.
        for (int n = 0; n < 20_000; n++) {
            assertEquals(11 + 64, keys.tenant("t-1001").field("member.mobile").seal(NUMBER, n).length);
            if (n % 5_000 == 0) {
                System.gc();
            }
        }
    }

    @Test
    void whatIsForgottenIsReleasedAfterAnInterruptToo() throws InterruptedException {
        Thread reaper = Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().equals("tenantseal-reaper")).findAny().get();
        reaper.interrupt();
        reaper.join(100);
        assertTrue(reaper.isAlive());
    }

    @Test
    void aListThatChangesMeanwhileIsReadOnce() {
        List<byte[]> changing = new AbstractList<byte[]>() {
            private int reads;

            @Override
            public int size() {
                return 2;
            }

            @Override
            public byte[] get(int position) {
                return reads++ < 2 ? utf8(NUMBER) : null;
            }
        };
        List<byte[]> cells = mobile.sealMany(changing, new long[] {1, 2});
        assertEquals(NUMBER, mobile.openText(cells.get(0), 1));
        assertEquals(NUMBER, mobile.openText(cells.get(1), 2));
    }

    @Test
    void bytesThatAreNoTextAreNotShownAsText(@TempDir Path folder) {
        Keyring made = Keyring.fromKek(kek);
        made.installPolicy("{\"tenantseal_policy\": 1, \"version\": 1, \"fields\": [{\"table\": \"m\", \"column\": \"photo\","
                + "\"type\": \"bytes\", \"storage\": \"cell\", \"class\": [\"personal\"], \"bind\": \"row\"}]}");
        Field photo = made.createTenant("t-1001").field("m.photo");
        byte[] bytes = {(byte) 0xff, 1};
        assertEquals(105, assertThrows(InvalidException.class, () -> photo.openText(photo.seal(bytes, 1), 1)).code());
        try (Vault vault = Vault.open(folder.resolve("vault.db").toString(), made); TenantVault rows = vault.tenant("t-1001")) {
            Record row = rows.get("m", rows.insert("m", Collections.singletonMap("photo", bytes)));
            assertArrayEquals(bytes, row.bytes("photo"));
            assertThrows(InvalidException.class, () -> row.text("photo"));
            assertThrows(IllegalArgumentException.class, () -> rows.listMasked("m", 0, -1));
        }
    }

    @Test
    void nothingSecretIsShownOrStored() {
        for (Handle object : Arrays.asList(keys, mobile, mobile.index("exact"), mobile.mask())) {
            assertEquals("tenantseal " + object.getClass().getSimpleName(), object.toString());
            assertThrows(IOException.class,
                    () -> new ObjectOutputStream(new ByteArrayOutputStream()).writeObject(object));
        }
        OpenException refused = assertThrows(OpenException.class, () -> mobile.open(mobile.seal(NUMBER, 1), 2));
        assertFalse(refused.toString().contains(NUMBER));
    }

    @Test
    void recordsMakeTheSameKeyringAgain() {
        byte[] sealed = mobile.seal(NUMBER, 1);
        Keyring again = Keyring.fromRecords(kek, keys.records());
        again.installPolicy(keys.policy());
        assertEquals(NUMBER, again.tenant("t-1001").field("member.mobile").openText(sealed, 1));
        assertEquals(2, again.rotateTenant("t-1001"));
        assertEquals(2, again.rotateIndex("t-1001"));
        again.addAlias("ww1", "t-1001");
        assertArrayEquals(utf8("t-1001"), again.tenantByAlias("ww1").id());
        again.removeAlias("ww1");
        assertThrows(InvalidException.class, () -> again.tenantByAlias("ww1"));
    }

    @Test
    void rowsOfAVault(@TempDir Path folder) throws IOException {
        Path path = folder.resolve("vault.db");
        Vault vault = Vault.open(path.toString(), keys);
        TenantVault acme = vault.tenant("t-1001");
        TenantVault other = vault.tenant("t-2002");
        Map<String, Object> values = new HashMap<>();
        values.put("mobile", NUMBER);
        values.put("name", "张三");
        values.put("userid", "zhang");
        values.put("email", null);
        long row = acme.insert("member", values);
        Record record = acme.get("member", row);
        assertEquals("张三", record.text("name"));
        assertEquals("zhang", record.text("userid"));
        assertNull(record.text("email"));
        assertEquals("", record.compartment());
        assertFalse(record.toString().contains(NUMBER));
        assertEquals(row, acme.find("member.mobile", "exact", "+86 138 0013 8000").get(0).id());
        assertTrue(other.find("member.mobile", "exact", NUMBER).isEmpty());
        assertNull(other.get("member", row));
        assertEquals("138****8000", acme.listMasked("member", 0, 10).get(0).text("mobile"));
        try (Transaction transaction = acme.begin()) {
            assertTrue(transaction.update("member", row, Collections.singletonMap("mobile", "13900139000")));
            transaction.commit();
        }
        try (Transaction transaction = acme.begin()) {
            assertTrue(transaction.delete("member", row));
        }
        assertEquals("13900139000", acme.get("member", row).text("mobile"));
        for (Object wrong : Arrays.asList(1L, utf8("x"))) {
            assertEquals(105, assertThrows(InvalidException.class,
                    () -> acme.insert("member", Collections.singletonMap("mobile", wrong))).code());
        }
        assertThrows(IllegalArgumentException.class,
                () -> acme.insert("member", Collections.singletonMap("mobile", new Object())));
        vault.close();
        assertThrows(IllegalStateException.class, () -> vault.tenant("t-1001"));
        acme.close();
        other.close();
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : (Iterable<Path>) files::iterator) {
                assertFalse(new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1).contains(NUMBER));
            }
        }
        assertThrows(StoreException.class, () -> Vault.open("/nonexistent/vault.db", keys));
    }

    @Test
    void threadsShareAField() throws InterruptedException {
        List<Thread> threads = new ArrayList<>();
        List<String> cells = Collections.synchronizedList(new ArrayList<>());
        for (int worker = 0; worker < 4; worker++) {
            Thread thread = new Thread(() -> {
                for (int row = 0; row < 500; row++) {
                    cells.add(mobile.sealText(NUMBER, row));
                }
            });
            thread.start();
            threads.add(thread);
        }
        for (Thread thread : threads) {
            thread.join();
        }
        assertEquals(2000, cells.stream().distinct().count());
    }
}
