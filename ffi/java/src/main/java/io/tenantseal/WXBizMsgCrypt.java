package io.tenantseal;

/**
 * The class of Tencent's samples, with its method names and its codes.
 *
 * <p>Incoming times are compared with no clock and nothing is remembered: a request that was recorded is accepted again. What
 * holds is the form of every parameter and of the echo, the exact lengths, the receiveid, and the message's own time, which
 * must be within 300 seconds of the timestamp where the message states one. New code uses {@link Callback}. Share it freely
 * between threads.
 */
public final class WXBizMsgCrypt extends Handle {
    /**
     * Takes the callback's credentials.
     *
     * @param receiveid the CorpID or suite id; it may be empty
     * @throws CallbackException for an unusable token or key
     */
    public WXBizMsgCrypt(String token, String encodingAesKey, String receiveid) {
        super(make(token, encodingAesKey, receiveid), Library::tenantseal_biz_msg_crypt_free);
    }

    /** What the console wants to see. */
    public String VerifyURL(String msgSignature, String timeStamp, String nonce, String echoStr) throws AesException {
        byte[] signature = Calls.utf8(msgSignature);
        byte[] time = Calls.utf8(timeStamp);
        byte[] word = Calls.utf8(nonce);
        byte[] echo = Calls.utf8(echoStr);
        return answer(64, (out, cap, len) -> Library.tenantseal_biz_msg_crypt_verify_url(get(), signature, signature.length,
                time, time.length, word, word.length, echo, echo.length, out, cap, len));
    }

    /** The message in a request's body, XML or JSON. */
    public String DecryptMsg(String msgSignature, String timeStamp, String nonce, String postData) throws AesException {
        byte[] signature = Calls.utf8(msgSignature);
        byte[] time = Calls.utf8(timeStamp);
        byte[] word = Calls.utf8(nonce);
        byte[] body = Calls.utf8(postData);
        return answer(body.length, (out, cap, len) -> Library.tenantseal_biz_msg_crypt_decrypt_msg(get(), body, body.length,
                signature, signature.length, time, time.length, word, word.length, out, cap, len));
    }

    /** A reply's XML body. A timestamp of null or "" means now. */
    public String EncryptMsg(String replyMsg, String timeStamp, String nonce) throws AesException {
        byte[] reply = Calls.utf8(replyMsg);
        byte[] time = Calls.utf8(timeStamp == null ? "" : timeStamp);
        byte[] word = Calls.utf8(nonce);
        return answer(2L * reply.length + 1024, (out, cap, len) -> Library.tenantseal_biz_msg_crypt_encrypt_msg(get(),
                reply, reply.length, word, word.length, time, time.length, Library.REPLY_XML, out, cap, len));
    }

    private String answer(long capacity, Calls.Bytes call) throws AesException {
        int[] status = new int[1];
        byte[] bytes = Calls.bytesOrStatus(this, capacity, call, status);
        if (status[0] < 0) {
            throw new AesException(status[0]);
        }
        Calls.check(this, status[0]);
        return Calls.text(bytes);
    }

    private static long make(String token, String encodingAesKey, String receiveid) {
        byte[] first = Calls.utf8(token);
        byte[] key = Calls.utf8(encodingAesKey);
        byte[] id = Calls.utf8(receiveid);
        return Calls.number(null, out -> Library.tenantseal_biz_msg_crypt_new(
                first, first.length, key, key.length, id, id.length, out));
    }
}
