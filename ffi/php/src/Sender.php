<?php

declare(strict_types=1);

namespace Tenantseal;

/** What WeCom's servers send, for tests and simulators. */
final class Sender extends Handle
{
    protected const TYPE = 'sender';

    public function __construct(
        #[\SensitiveParameter]
        string $token,
        #[\SensitiveParameter]
        string $encodingAesKey,
        string $receiveId
    ) {
        parent::__construct('tenantseal_sender_new', $token, $encodingAesKey, $receiveId);
    }

    /**
     * A message as query string and XML body.
     *
     * @return array{0: string, 1: string}
     */
    public function post(string $plaintext, int $timestamp, string $nonce): array
    {
        $ffi = Native::ffi();
        $room = 2 * strlen($plaintext) + 2048;
        [$query, $body] = [$ffi->new("uint8_t[$room]"), $ffi->new("uint8_t[$room]")];
        [$queryLen, $bodyLen] = [$ffi->new('size_t'), $ffi->new('size_t')];
        Native::call(
            'tenantseal_sender_post',
            $this->native(),
            $plaintext,
            $timestamp,
            $nonce,
            $query,
            $room,
            \FFI::addr($queryLen),
            $body,
            $room,
            \FFI::addr($bodyLen)
        );

        return [\FFI::string($query, $queryLen->cdata), \FFI::string($body, $bodyLen->cdata)];
    }

    /** The query string of a URL check. */
    public function get(string $echo, int $timestamp, string $nonce): string
    {
        return Native::bytes(1024, 'tenantseal_sender_get', $this->native(), $echo, $timestamp, $nonce);
    }

    /** Verifies and decrypts a reply's body. */
    public function openReply(string $body): string
    {
        return Native::bytes(strlen($body), 'tenantseal_sender_open_reply', $this->native(), $body);
    }
}
