package io.tenantseal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import javax.crypto.Cipher;
import javax.crypto.spec.IvParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.Test;

class WecomTest {
    private static final String TOKEN = "QDG6eK";
    private static final String KEY = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C";
    private static final String CORP = "wx5823bf96d3bd56c7";
    private static final long NOW = 1_409_659_813L;
    private static final String SIGNATURE = "5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3";
    private static final String ECHO =
            "P9nAzCzyDtyTWESHep1vC5X9xho/qYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp+4RPcs8TgAE7OaBO+FZXvnaqQ==";

    private static Callback app() {
        return Callback.companyApp(TOKEN, KEY, CORP).fixedTime(NOW * 1000);
    }

    private static Sender sender() {
        return Sender.of(TOKEN, KEY, CORP);
    }

    private static Map<String, String> parameters(String query) {
        Map<String, String> parameters = new HashMap<>();
        for (String part : query.split("&")) {
            parameters.put(part.split("=")[0], part.split("=")[1]);
        }
        return parameters;
    }

    @Test
    void theOfficialCheckIsAnswered() throws AesException {
        String query = "msg_signature=" + SIGNATURE + "&timestamp=1409659589&nonce=263014780&echostr=" + ECHO;
        assertEquals("1616140317555161061", app().fixedTime(1_409_659_589_000L).verifyUrl(query));
        WXBizMsgCrypt crypt = new WXBizMsgCrypt(TOKEN, KEY, CORP);
        assertEquals("1616140317555161061", crypt.VerifyURL(SIGNATURE, "1409659589", "263014780", ECHO));
        assertEquals(-40001, assertThrows(AesException.class,
                () -> crypt.VerifyURL(SIGNATURE, "1409659589", "1", ECHO)).getCode());
    }

    @Test
    void aMessageIsOpenedOnce() {
        Callback app = app();
        Sender.Post post = sender().post("<xml><CreateTime>" + NOW
                + "</CreateTime><MsgId>1</MsgId><Content>你好</Content></xml>", NOW, "n");
        Event event = app.open(post.query, post.body);
        assertTrue(event.isFresh());
        assertEquals("你好", event.child("Content"));
        assertNull(event.child("None"));
        assertEquals(NOW, event.timestamp());
        assertArrayEquals(CORP.getBytes(StandardCharsets.UTF_8), event.receiveId());
        assertTrue(app.open(post.query, post.body).isInProgress());
        event.done();
        assertFalse(app.open(post.query, post.body).isFresh());
        assertEquals(305, assertThrows(CallbackException.class, () -> app.open(post.query, post.body).done()).code());
        byte[] reply = sender().openReply(event.reply("<xml>你好</xml>"));
        assertEquals("<xml>你好</xml>", new String(reply, StandardCharsets.UTF_8));
        assertTrue(app.diagnose(post.query, post.body).startsWith("0: "));
        try (Guard guard = Guard.inMemory(10)) {
            Callback one = app().guard(guard, "a");
            one.open(post.query, post.body).done();
            assertFalse(app().guard(guard, "a").open(post.query, post.body).isFresh());
        }
        // Without a sign it would be a window of 136 years.
        assertThrows(IllegalArgumentException.class, () -> app.window(-1));
        assertThrows(IllegalArgumentException.class, () -> app.lease(-1));
        assertThrows(IllegalArgumentException.class, () -> app.fixedTime(-1));
        assertThrows(IllegalArgumentException.class, () -> Guard.inMemory(-1));
        assertTrue(app.withoutGuard().open(post.query, post.body).isFresh());
    }

    @Test
    void everyRefusalIsOneAnswer() {
        Callback app = app();
        Sender.Post good = sender().post("<xml/>", NOW, "n");
        Sender.Post otherId = Sender.of(TOKEN, KEY, "ww1").post("<xml/>", NOW, "n");
        Sender.Post otherKey = Sender.of(TOKEN, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", CORP).post("<xml/>", NOW, "n");
        Set<String> answers = new HashSet<>();
        for (Sender.Post bad : Arrays.asList(good, otherId, otherKey)) {
            answers.add(assertThrows(CallbackException.class, () -> app.open(bad.query, bad.body)).toString());
            String later = bad.query.replace("1409659813", "1409659814");
            answers.add(assertThrows(CallbackException.class, () -> app.open(later, bad.body)).toString());
        }
        assertEquals(1, answers.size());
        assertTrue(app.diagnose(otherId.query, otherId.body).startsWith("-40005: "));
    }

    @Test
    void receiveIdsArePolicies() {
        Sender.Post post = Sender.of(TOKEN, KEY, "").post("{\"msgid\":\"1\"}", NOW, "n");
        for (ReceiveId fits : Arrays.asList(ReceiveId.empty(), ReceiveId.any())) {
            Callback app = Callback.custom(TOKEN, KEY, ReceiveId.empty(), fits).fixedTime(NOW * 1000);
            assertEquals("1", app.open(post.query, post.body).child("msgid"));
        }
        for (ReceiveId wrong : Arrays.asList(ReceiveId.exact("a"), ReceiveId.oneOf("a", "b"))) {
            Callback app = Callback.custom(TOKEN, KEY, ReceiveId.empty(), wrong).fixedTime(NOW * 1000);
            assertThrows(CallbackException.class, () -> app.open(post.query, post.body));
        }
    }

    @Test
    void theClassOfTheOfficialSamples() throws AesException {
        WXBizMsgCrypt crypt = new WXBizMsgCrypt(TOKEN, KEY, CORP);
        Sender.Post post = sender().post("<xml>hi</xml>", NOW, "n");
        Map<String, String> parameters = parameters(post.query);
        String body = new String(post.body, StandardCharsets.UTF_8);
        String signature = parameters.get("msg_signature");
        assertEquals("<xml>hi</xml>", crypt.DecryptMsg(signature, parameters.get("timestamp"), "n", body));
        WXBizMsgCrypt wrong = new WXBizMsgCrypt(TOKEN, KEY, "ww1");
        assertEquals(-40005, assertThrows(AesException.class,
                () -> wrong.DecryptMsg(signature, parameters.get("timestamp"), "n", body)).getCode());
        for (String timestamp : new String[] {null, "", "1409659813"}) {
            byte[] reply = sender().openReply(crypt.EncryptMsg("你好", timestamp, "n"));
            assertEquals("你好", new String(reply, StandardCharsets.UTF_8));
        }
        assertEquals(-40011, assertThrows(AesException.class, () -> crypt.EncryptMsg("x", null, "]]>")).getCode());
        for (String[] bad : new String[][] {{"", KEY}, {TOKEN, KEY + "="}}) {
            assertEquals(303, assertThrows(CallbackException.class, () -> new WXBizMsgCrypt(bad[0], bad[1], CORP)).code());
        }
        crypt.close();
        assertThrows(IllegalStateException.class, () -> crypt.EncryptMsg("x", null, "n"));
    }

    private static Sender.Post post(String token, String receiveId) {
        return Sender.of(token, KEY, receiveId).post("<xml><CreateTime>" + NOW
                + "</CreateTime><MsgId>1</MsgId><A><B>x</B></A></xml>", NOW, "n");
    }

    @Test
    void everyKindOfAppHasItsRulesAndIsFoundBehindOneUrl() {
        List<Callback> all = Arrays.asList(
                Callback.suiteCommands("t0", KEY, "wwprovider", "suite"),
                Callback.suiteData("t1", KEY, "wwprovider", ReceiveId.oneOf("wwa", "wwb")),
                Callback.aiBot("t2", KEY),
                Callback.officialAccount("t3", KEY, "wxapp"),
                Callback.openPlatform("t4", KEY, "wxplatform"));
        String[] ids = {"suite", "wwb", "", "wxapp", "wxplatform"};
        String[] answers = {"success", "", "", "success", "success"};
        for (int at = 0; at < ids.length; at++) {
            all.get(at).fixedTime(NOW * 1000);
        }
        for (int at = 0; at < ids.length; at++) {
            Sender.Post post = post("t" + at, ids[at]);
            Callback.Found<Event> found = Callback.openOneOf(all, post.query, post.body);
            assertEquals(at, found.place);
            try (Event event = found.value) {
                assertEquals(answers[at], event.acknowledgement());
                assertEquals("x", event.nested("A", "B"));
                assertNull(event.nested("A", "C"));
                assertEquals(302, assertThrows(CallbackException.class, () -> event.nested("C", "B")).code());
                Event.Reply reply = event.replyWithType("hello");
                assertEquals("application/xml", reply.contentType);
                byte[] opened = Sender.of("t" + at, KEY, ids[at]).openReply(reply.body);
                assertEquals("hello", new String(opened, StandardCharsets.UTF_8));
                event.done();
            }
            assertFalse(all.get(at).open(post.query, post.body).isFresh());
            List<Callback> others = new ArrayList<>(all);
            others.remove(at);
            assertThrows(CallbackException.class, () -> Callback.openOneOf(others, post.query, post.body));
        }
        String check = Sender.of("t1", KEY, "wwprovider").get("echo", NOW, "n");
        Callback.Found<String> echo = Callback.verifyUrlOneOf(all, check);
        assertEquals(1, echo.place);
        assertEquals("echo", echo.value);
        assertThrows(CallbackException.class, () -> Callback.verifyUrlOneOf(Collections.emptyList(), check));
        assertThrows(InvalidException.class,
                () -> Callback.verifyUrlOneOf(Collections.nCopies(9, all.get(0)), check));
        all.get(2).close();
        assertThrows(IllegalStateException.class, () -> Callback.verifyUrlOneOf(all, check));
    }

    @Test
    void aFileThatWasCutIsRefused() throws Exception {
        byte[] key = Base64.getDecoder().decode(KEY.substring(0, 42) + "A=");
        byte[] file = new byte[200_000];
        new Random(7).nextBytes(file);
        int pad = 32 - file.length % 32;
        byte[] padded = Arrays.copyOf(file, file.length + pad);
        Arrays.fill(padded, file.length, padded.length, (byte) pad);
        Cipher cipher = Cipher.getInstance("AES/CBC/NoPadding");
        cipher.init(Cipher.ENCRYPT_MODE, new SecretKeySpec(key, "AES"), new IvParameterSpec(key, 0, 16));
        byte[] sealed = cipher.doFinal(padded);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (MediaInputStream media = new MediaInputStream(new ByteArrayInputStream(sealed), KEY)) {
            assertEquals(file[0] & 0xff, media.read());
            assertEquals(10, media.skip(10));
            assertTrue(media.available() > 0 && !media.markSupported());
            byte[] piece = new byte[5000];
            for (int count = media.read(piece); count >= 0; count = media.read(piece, 0, piece.length)) {
                out.write(piece, 0, count);
            }
            assertThrows(IndexOutOfBoundsException.class, () -> media.read(piece, 1, piece.length));
        }
        assertArrayEquals(Arrays.copyOfRange(file, 11, file.length), out.toByteArray());
        for (int cut : new int[] {1, 16, 32}) {
            byte[] part = Arrays.copyOf(sealed, sealed.length - cut);
            MediaInputStream media = new MediaInputStream(new ByteArrayInputStream(part), KEY);
            byte[] room = new byte[sealed.length];
            for (int again = 0; again < 2; again++) {
                assertEquals(301, assertThrows(CallbackException.class, () -> {
                    while (media.read(room) >= 0) {
                        continue;
                    }
                }).code());
            }
            media.close();
            assertThrows(IllegalStateException.class, media::read);
        }
        assertEquals(303, assertThrows(CallbackException.class,
                () -> new MediaInputStream(new ByteArrayInputStream(sealed), "short")).code());
    }

    @Test
    void anAddressIsSigned() throws Exception {
        try (JsTicket ticket = JsTicket.of("sM4AOVdWfPE4DxkXGEs8VMCPGGVi4C3VM0P37wVUCFvkVAy_90u5h9nbSlYy3")) {
            JsTicket.Config config = ticket.sign("https://app.example.com/?page=2#top");
            String text = "jsapi_ticket=sM4AOVdWfPE4DxkXGEs8VMCPGGVi4C3VM0P37wVUCFvkVAy_90u5h9nbSlYy3&noncestr="
                    + config.nonceStr + "&timestamp=" + config.timestamp + "&url=https://app.example.com/?page=2";
            byte[] digest = MessageDigest.getInstance("SHA-1").digest(text.getBytes(StandardCharsets.UTF_8));
            assertEquals(config.signature, String.format("%040x", new BigInteger(1, digest)));
            assertTrue(Math.abs(System.currentTimeMillis() / 1000 - config.timestamp) < 60);
            assertThrows(InvalidException.class, () -> ticket.sign("javascript:alert(1)"));
        }
        assertThrows(InvalidException.class, () -> JsTicket.of("a=b"));
    }

    @Test
    void aLoginIsAcceptedOnceInItsBrowser() {
        byte[] secret = new byte[32];
        assertThrows(InvalidException.class, () -> LoginStates.fromSecret(secret));
        secret[0] = 1;
        byte[] context = "t-1001".getBytes(StandardCharsets.UTF_8);
        try (Guard guard = Guard.inMemory(100);
                LoginStates one = LoginStates.fromSecret(secret).guard(guard, "crm").lifetime(60);
                LoginStates two = LoginStates.fromSecret(secret).guard(guard, "crm");
                Browser browser = Browser.generate();
                Browser again = Browser.fromCookie(browser.toCookie())) {
            String state = one.issue(browser, context);
            assertTrue(state.matches("[0-9a-f]{112}"));
            assertThrows(OpenException.class, () -> two.accept(state, Browser.generate(), context));
            assertThrows(OpenException.class, () -> two.accept(state, again, new byte[0]));
            assertThrows(OpenException.class, () -> LoginStates.generate().accept(state, again, context));
            two.accept(state, again, context);
            assertThrows(OpenException.class, () -> one.accept(state, browser, context));
            assertThrows(OpenException.class, () -> Browser.fromCookie("0"));
            assertThrows(IllegalArgumentException.class, () -> one.lifetime(-1));
        }
    }

    @Test
    void credentialsAreDerivedAndRotate() {
        byte[] kek = new byte[32];
        kek[0] = 1;
        Keyring keys = Keyring.fromKek(kek);
        Tenant tenant = keys.createTenant("t-1001");
        Tenant.Credentials old = tenant.callbackCredentials("contacts").get(0);
        keys.rotateTenant("t-1001");
        List<Tenant.Credentials> all = tenant.callbackCredentials("contacts");
        assertEquals(2, all.size());
        assertEquals(2, all.get(0).generation);
        assertEquals(1, all.get(1).generation);
        assertEquals(old.token + old.encodingAesKey, all.get(1).token + all.get(1).encodingAesKey);
        Callback app = Callback.companyApp(all.get(0).token, all.get(0).encodingAesKey, CORP)
                .previous(old.token, old.encodingAesKey).fixedTime(NOW * 1000);
        Sender.Post post = Sender.of(old.token, old.encodingAesKey, CORP)
                .post("<xml><CreateTime>" + NOW + "</CreateTime></xml>", NOW, "n");
        assertTrue(app.open(post.query, post.body).isFresh());
        assertThrows(InvalidException.class, () -> tenant.callbackCredentials(""));
    }
}
