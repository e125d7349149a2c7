<?php

declare(strict_types=1);

namespace Tenantseal;

/** A ticket of WeCom's JS-SDK. It is secret: the page gets signatures, never the ticket. */
final class JsTicket extends Handle
{
    protected const TYPE = 'js_ticket';

    /** Takes a `jsapi_ticket`, or the ticket of type `agent_config`. */
    public function __construct(
        #[\SensitiveParameter]
        string $ticket
    ) {
        parent::__construct('tenantseal_js_ticket_new', $ticket);
    }

    /**
     * Signs the address of a page, for now: what the page passes to `wx.config` or `wx.agentConfig`.
     *
     * Sign only addresses of your own pages: compare what a parameter or `Referer` states with a list before.
     *
     * @return array{timestamp: int, nonceStr: string, signature: string}
     */
    public function sign(string $url): array
    {
        $ffi = Native::ffi();
        [$timestamp, $nonce, $nonceLen] = [$ffi->new('uint64_t'), $ffi->new('uint8_t[32]'), $ffi->new('size_t')];
        $arguments = [$this->native(), $url, \FFI::addr($timestamp), $nonce, 32, \FFI::addr($nonceLen)];
        $signature = Native::bytes(40, 'tenantseal_js_ticket_sign', ...$arguments);
        $nonceStr = \FFI::string($nonce, $nonceLen->cdata);

        return ['timestamp' => $timestamp->cdata, 'nonceStr' => $nonceStr, 'signature' => $signature];
    }
}
