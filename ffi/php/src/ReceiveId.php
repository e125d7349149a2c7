<?php

declare(strict_types=1);

namespace Tenantseal;

/** Which receiveids a callback accepts. */
final class ReceiveId
{
    /** @var int */
    private $policy;
    /** @var string */
    private $ids;

    private function __construct(int $policy, string $ids)
    {
        $this->policy = $policy;
        $this->ids = $ids;
    }

    /** Any. Look at Event::receiveId() before you act: another company's message opens too. */
    public static function any(): self
    {
        return new self(Native::ffi()->TENANTSEAL_RECEIVE_ID_ANY, '');
    }

    /** It must be there and empty, as an AI bot's is. */
    public static function none(): self
    {
        return new self(Native::ffi()->TENANTSEAL_RECEIVE_ID_EMPTY, '');
    }

    /** It must be this one, and not empty: that is none(). */
    public static function exact(string $id): self
    {
        return new self(Native::ffi()->TENANTSEAL_RECEIVE_ID_EXACT, $id);
    }

    /** It must be one of these. */
    public static function oneOf(string ...$ids): self
    {
        return new self(Native::ffi()->TENANTSEAL_RECEIVE_ID_ONE_OF, implode("\n", $ids));
    }

    /** @internal @return array{0: int, 1: string} */
    public function arguments(): array
    {
        return [$this->policy, $this->ids];
    }
}
