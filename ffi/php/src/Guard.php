<?php

declare(strict_types=1);

namespace Tenantseal;

/**
 * A memory of callbacks and login states that several of one process share. A request's own process forgets it at its end;
 * it is for servers that stay.
 */
final class Guard extends Handle
{
    protected const TYPE = 'guard';

    /** In memory, for that many live entries: an event takes two, a retry, a reply or a login one. */
    public static function inMemory(int $capacity): self
    {
        return new self('tenantseal_guard_in_memory', Native::unsigned($capacity, PHP_INT_MAX));
    }
}
