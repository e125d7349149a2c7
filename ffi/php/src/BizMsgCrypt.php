<?php

declare(strict_types=1);

namespace Tenantseal;

/**
 * What WXBizMsgCrypt is made of.
 *
 * @internal
 */
final class BizMsgCrypt extends Handle
{
    protected const TYPE = 'biz_msg_crypt';

    public function __construct(
        #[\SensitiveParameter]
        string $token,
        #[\SensitiveParameter]
        string $encodingAesKey,
        string $receiveId
    ) {
        parent::__construct('tenantseal_biz_msg_crypt_new', $token, $encodingAesKey, $receiveId);
    }

    /**
     * Tencent's code; with 0, $out is what was asked for.
     *
     * @param array<mixed> $arguments
     */
    public function run(
        string $verb,
        int $room,
        #[\SensitiveParameter]
        array $arguments,
        ?string &$out
    ): int {
        $function = 'tenantseal_biz_msg_crypt_' . $verb;
        $out = Native::bytesOrStatus($room, $function, array_merge([$this->native()], $arguments), $status);
        if ($status > 0) {
            throw TenantsealException::of($status);
        }

        return $status;
    }
}
