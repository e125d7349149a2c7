<?php

declare(strict_types=1);

namespace Tenantseal;

/** One browser, known again by a cookie. It is secret; a new login may keep it. */
final class Browser extends Handle
{
    protected const TYPE = 'browser';

    /** A browser that was not seen before. */
    public static function generate(): self
    {
        return new self('tenantseal_browser_generate');
    }

    /** The browser of a cookie's value; OpenException if it is none. */
    public static function fromCookie(
        #[\SensitiveParameter]
        string $value
    ): self {
        return new self('tenantseal_browser_from_cookie', $value);
    }

    /** The cookie's value. Set it Secure, HttpOnly and SameSite=Lax, under a name that starts with `__Host-`. */
    public function toCookie(): string
    {
        return Native::bytes(32, 'tenantseal_browser_to_cookie', $this->native());
    }
}
