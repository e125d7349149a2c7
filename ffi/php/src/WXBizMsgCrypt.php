<?php

declare(strict_types=1);

/**
 * The class of Tencent's samples, with its method names and its return codes, on tenantseal.
 *
 * Every method returns 0 or Tencent's code, which is for your log: never send it to the peer, answer every refusal alike.
 * Incoming times are compared with no clock and nothing is remembered: a request that was recorded is accepted again. What
 * holds is the form of every parameter and of the echo, the exact lengths, the receiveid, and the message's own time, which
 * must be within 300 seconds of the timestamp where the message states one. New code uses Tenantseal\Callback.
 */
final class WXBizMsgCrypt
{
    /** @var \Tenantseal\BizMsgCrypt */
    private $crypt;

    /**
     * @param string $receiveId The CorpID or suite id; it may be empty.
     * @throws \Tenantseal\CallbackException for an unusable token or key
     */
    public function __construct(
        #[\SensitiveParameter]
        string $token,
        #[\SensitiveParameter]
        string $encodingAesKey,
        string $receiveId
    ) {
        $this->crypt = new \Tenantseal\BizMsgCrypt($token, $encodingAesKey, $receiveId);
    }

    /** Writes what the console wants to see to $sReplyEchoStr. */
    public function VerifyURL(string $sMsgSignature, string $sTimeStamp, string $sNonce, string $sEchoStr, ?string &$sReplyEchoStr): int
    {
        return $this->crypt->run('verify_url', 64, [$sMsgSignature, $sTimeStamp, $sNonce, $sEchoStr], $sReplyEchoStr);
    }

    /** Writes the message in a request's body, XML or JSON, to $sMsg. */
    public function DecryptMsg(string $sMsgSignature, ?string $sTimeStamp, string $sNonce, string $sPostData, ?string &$sMsg): int
    {
        $arguments = [$sPostData, $sMsgSignature, (string) $sTimeStamp, $sNonce];

        return $this->crypt->run('decrypt_msg', strlen($sPostData), $arguments, $sMsg);
    }

    /** Writes a reply's XML body to $sEncryptMsg. A timestamp of null or '' means now. */
    public function EncryptMsg(
        #[\SensitiveParameter]
        string $sReplyMsg,
        ?string $sTimeStamp,
        string $sNonce,
        ?string &$sEncryptMsg
    ): int {
        $arguments = [$sReplyMsg, $sNonce, (string) $sTimeStamp, \Tenantseal\Native::ffi()->TENANTSEAL_REPLY_XML];

        return $this->crypt->run('encrypt_msg', 2 * strlen($sReplyMsg) + 1024, $arguments, $sEncryptMsg);
    }

    /** @return array<string, string> */
    public function __debugInfo(): array
    {
        return [];
    }
}
