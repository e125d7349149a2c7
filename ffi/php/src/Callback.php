<?php

declare(strict_types=1);

namespace Tenantseal;

/**
 * One callback URL: its credentials, whom it is for, and what it remembers.
 *
 * The guard that recognises replays and retries lives in the process. PHP's request workers do not share it: what must not
 * be done twice needs a check of its own, by the message's id, where several workers serve one callback.
 */
final class Callback extends Handle
{
    protected const TYPE = 'callback';

    /** A company's own app: XML, its CorpID as the receiveid, every message states its time. */
    public static function companyApp(
        #[\SensitiveParameter]
        string $token,
        #[\SensitiveParameter]
        string $encodingAesKey,
        string $corpId
    ): self {
        return new self('tenantseal_callback_company_app', $token, $encodingAesKey, $corpId);
    }

    /** Any other kind of app. */
    public static function custom(
        #[\SensitiveParameter]
        string $token,
        #[\SensitiveParameter]
        string $encodingAesKey,
        ReceiveId $urlCheck,
        ReceiveId $messages
    ): self {
        [$checks, $checkIds] = $urlCheck->arguments();
        [$accepts, $messageIds] = $messages->arguments();

        return new self('tenantseal_callback_custom', $token, $encodingAesKey, $checks, $checkIds, $accepts, $messageIds);
    }

    /** Adds a pair that was in use before, so that what is still on its way opens. */
    public function previous(
        #[\SensitiveParameter]
        string $token,
        #[\SensitiveParameter]
        string $encodingAesKey
    ): self {
        Native::call('tenantseal_callback_add_previous', $this->native(), $token, $encodingAesKey);

        return $this;
    }

    /** Sets how far a timestamp may be from the clock, in seconds; 300 unless set. */
    public function window(int $seconds): self
    {
        Native::call('tenantseal_callback_set_window', $this->native(), Native::unsigned($seconds));

        return $this;
    }

    /** Sets how long a claim on an event is held, in milliseconds; 4000 unless set. */
    public function lease(int $milliseconds): self
    {
        Native::call('tenantseal_callback_set_lease', $this->native(), Native::unsigned($milliseconds));

        return $this;
    }

    /** Stops the clock, for tests: milliseconds since 1970. */
    public function fixedTime(int $milliseconds): self
    {
        Native::call('tenantseal_callback_set_fixed_time', $this->native(), Native::unsigned($milliseconds, PHP_INT_MAX));

        return $this;
    }

    /** Remembers nothing: every event is fresh, and replays are yours to recognise. */
    public function withoutGuard(): self
    {
        Native::call('tenantseal_callback_remove_guard', $this->native());

        return $this;
    }

    /** Verifies, decrypts and recognises a message. $rawQuery is `$_SERVER['QUERY_STRING']`, not decoded. */
    public function open(string $rawQuery, string $body): Event
    {
        return new Event('tenantseal_callback_open', $this->native(), $rawQuery, $body);
    }

    /** The body of the answer to the console's URL check. */
    public function verifyUrl(string $rawQuery): string
    {
        return Native::bytes(64, 'tenantseal_callback_verify_url', $this->native(), $rawQuery);
    }

    /**
     * Why a request is refused, for your log and never for the peer.
     *
     * @return array{code: int, cause: string}
     */
    public function diagnose(string $rawQuery, string $body = ''): array
    {
        $code = Native::ffi()->new('int32_t');
        $arguments = [$this->native(), $rawQuery, $body, \FFI::addr($code)];
        $cause = Native::bytes(256, 'tenantseal_callback_diagnose', ...$arguments);

        return ['code' => $code->cdata, 'cause' => $cause];
    }
}
