<?php

declare(strict_types=1);

namespace Tenantseal;

/**
 * The `state` of WeCom's OAuth login: for one browser, good once, and for ten minutes.
 *
 * "Once" is what this process has seen. Where requests have processes of their own, keep a state that was accepted in a
 * table with a unique column, too.
 */
final class LoginStates extends Handle
{
    protected const TYPE = 'login_states';

    /** States of this process alone, under a random key. */
    public static function generate(): self
    {
        return new self('tenantseal_login_states_generate');
    }

    /** States of every process that has the same 32 random bytes, which serve nothing else. */
    public static function fromSecret(
        #[\SensitiveParameter]
        string $secret
    ): self {
        return new self('tenantseal_login_states_from_secret', $secret);
    }

    /** Sets for how long a state is good, in seconds; 600 unless set. */
    public function lifetime(int $seconds): self
    {
        Native::call('tenantseal_login_states_set_lifetime', $this->native(), Native::unsigned($seconds));

        return $this;
    }

    /** Shares a guard; $name is your own, never changes, and is no callback's. */
    public function guard(Guard $guard, string $name): self
    {
        Native::call('tenantseal_login_states_set_guard', $this->native(), $guard->native(), $name);

        return $this;
    }

    /** Makes a state for a browser. $context is what else must be the same when it comes back: the tenant, the page. */
    public function issue(Browser $browser, string $context): string
    {
        return Native::bytes(112, 'tenantseal_login_states_issue', $this->native(), $browser->native(), $context);
    }

    /** Accepts a state that came back, once. OpenException: begin the login anew. */
    public function accept(
        #[\SensitiveParameter]
        string $state,
        Browser $browser,
        string $context
    ): void {
        Native::call('tenantseal_login_states_accept', $this->native(), $state, $browser->native(), $context);
    }
}
