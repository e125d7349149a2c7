<?php

declare(strict_types=1);

namespace Tenantseal;

/** A message from WeCom: authentic, fresh, for this receiver, and claimed by this worker if it is new. */
final class Event extends Handle
{
    protected const TYPE = 'event';

    /** @internal @param mixed ...$arguments */
    public function __construct(
        string $function,
        #[\SensitiveParameter]
        ...$arguments
    ) {
        parent::__construct($function, ...$arguments);
    }

    /** The decrypted message, as it was sent. */
    public function message(): string
    {
        return Native::bytes(2048, 'tenantseal_event_message', $this->native());
    }

    /** The text of the message's first child of that name; null if there is none. */
    public function child(string $name): ?string
    {
        return Native::optional(256, 'tenantseal_event_child', $this->native(), $name);
    }

    /** The text of a child of an element that has children; null if that has none of that name. */
    public function nested(string $element, string $name): ?string
    {
        return Native::optional(256, 'tenantseal_event_nested_child', $this->native(), $element, $name);
    }

    /** Whom the message is for. */
    public function receiveId(): string
    {
        return Native::bytes(256, 'tenantseal_event_receive_id', $this->native());
    }

    /** The timestamp of the request, in seconds since 1970. */
    public function timestamp(): int
    {
        return Native::number('uint64_t', 'tenantseal_event_timestamp', $this->native());
    }

    /** Whether this worker is to act on the event. */
    public function isFresh(): bool
    {
        return $this->claim() === Native::ffi()->TENANTSEAL_CLAIM_FRESH;
    }

    /** Whether another worker holds the event: answer 503, the sender comes back. */
    public function isInProgress(): bool
    {
        return $this->claim() === Native::ffi()->TENANTSEAL_CLAIM_IN_PROGRESS;
    }

    /** The body of an answer of 200 that says nothing: `success` where the product wants to read that, else empty. */
    public function acknowledgement(): string
    {
        return Native::bytes(16, 'tenantseal_event_acknowledgement', $this->native());
    }

    /** Settles the event, after its effects are safe. An exception means: take them back. */
    public function done(): void
    {
        Native::call('tenantseal_event_done', $this->native());
    }

    /** The body of an encrypted passive reply. */
    public function reply(
        #[\SensitiveParameter]
        string $plaintext
    ): string {
        $room = 2 * strlen($plaintext) + 1024;

        return Native::bytes($room, 'tenantseal_event_reply', $this->native(), $plaintext, Native::ffi()->TENANTSEAL_REPLY_SAME);
    }

    /**
     * As reply(), with the media type that the response has then.
     *
     * @return array{0: string, 1: string} The body, and the value of Content-Type.
     */
    public function replyWithType(
        #[\SensitiveParameter]
        string $plaintext
    ): array {
        $ffi = Native::ffi();
        $room = $ffi->tenantseal_event_reply_len(strlen($plaintext));
        [$body, $bodyLen] = [$ffi->new("uint8_t[$room]"), $ffi->new('size_t')];
        $arguments = [$this->native(), $plaintext, $body, $room, \FFI::addr($bodyLen)];
        $type = Native::bytes(32, 'tenantseal_event_reply_with_type', ...$arguments);

        return [\FFI::string($body, $bodyLen->cdata), $type];
    }

    private function claim(): int
    {
        return Native::number('int32_t', 'tenantseal_event_claim', $this->native());
    }
}
