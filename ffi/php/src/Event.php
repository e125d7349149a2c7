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

    private function claim(): int
    {
        return Native::number('int32_t', 'tenantseal_event_claim', $this->native());
    }
}
