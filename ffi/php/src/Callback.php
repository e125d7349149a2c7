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

    /** The command URL of a third-party suite: tickets, authorisations, changes of contacts. */
    public static function suiteCommands(
        #[\SensitiveParameter]
        string $token,
        #[\SensitiveParameter]
        string $encodingAesKey,
        string $providerCorpId,
        string $suiteId
    ): self {
        return new self('tenantseal_callback_suite_commands', $token, $encodingAesKey, $providerCorpId, $suiteId);
    }

    /** The data URL of a third-party suite: what the members of every client company send. */
    public static function suiteData(
        #[\SensitiveParameter]
        string $token,
        #[\SensitiveParameter]
        string $encodingAesKey,
        string $providerCorpId,
        ReceiveId $clients
    ): self {
        [$policy, $ids] = $clients->arguments();

        return new self('tenantseal_callback_suite_data', $token, $encodingAesKey, $providerCorpId, $policy, $ids);
    }

    /** An AI bot in API mode: JSON, an empty receiveid. */
    public static function aiBot(
        #[\SensitiveParameter]
        string $token,
        #[\SensitiveParameter]
        string $encodingAesKey
    ): self {
        return new self('tenantseal_callback_ai_bot', $token, $encodingAesKey);
    }

    /** A WeChat Official Account or mini-program, in secure or compatible mode. What comes in clear is never read. */
    public static function officialAccount(
        #[\SensitiveParameter]
        string $token,
        #[\SensitiveParameter]
        string $encodingAesKey,
        string $appId
    ): self {
        return new self('tenantseal_callback_official_account', $token, $encodingAesKey, $appId);
    }

    /** A third-party platform of WeChat's, with its own AppID as the receiveid. */
    public static function openPlatform(
        #[\SensitiveParameter]
        string $token,
        #[\SensitiveParameter]
        string $encodingAesKey,
        string $componentAppId
    ): self {
        return new self('tenantseal_callback_open_platform', $token, $encodingAesKey, $componentAppId);
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

    /** Shares a guard with other callbacks of this process; $callbackId is your own name for this one, and never changes. */
    public function guard(Guard $guard, string $callbackId): self
    {
        Native::call('tenantseal_callback_set_guard', $this->native(), $guard->native(), $callbackId);

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

    /**
     * As open(), where several callbacks share a URL and exactly one of them may open the message: its key in the array, and
     * the event.
     *
     * @param array<self> $callbacks Eight at most.
     * @return array{0: int|string, 1: Event}
     */
    public static function openOneOf(array $callbacks, string $rawQuery, string $body): array
    {
        $place = Native::ffi()->new('size_t');
        $handles = self::handles($callbacks);
        $arguments = [$handles, count($callbacks), $rawQuery, $body, \FFI::addr($place)];
        $event = new Event('tenantseal_callback_open_one_of', ...$arguments);

        return [array_keys($callbacks)[$place->cdata], $event];
    }

    /**
     * As verifyUrl(), where several callbacks share a URL: the key of the one that is checked, and the body of the answer.
     *
     * @param array<self> $callbacks Eight at most.
     * @return array{0: int|string, 1: string}
     */
    public static function verifyUrlOneOf(array $callbacks, string $rawQuery): array
    {
        $place = Native::ffi()->new('size_t');
        $handles = self::handles($callbacks);
        $arguments = [$handles, count($callbacks), $rawQuery, \FFI::addr($place)];
        $echo = Native::bytes(64, 'tenantseal_callback_verify_url_one_of', ...$arguments);

        return [array_keys($callbacks)[$place->cdata], $echo];
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

    /** @param array<self> $callbacks */
    private static function handles(array $callbacks): \FFI\CData
    {
        $native = static function (self $callback): int {
            return $callback->native();
        };

        return Native::numbers('uintptr_t', array_map($native, array_values($callbacks)));
    }
}
