package io.tenantseal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
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
}
