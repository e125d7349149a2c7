<?php

declare(strict_types=1);

namespace Tenantseal;

/** One tenant's keys: from Keyring::tenant(). */
final class Tenant extends Handle
{
    protected const TYPE = 'tenant';

    /** @internal @param mixed ...$arguments */
    public function __construct(
        string $function,
        #[\SensitiveParameter]
        ...$arguments
    ) {
        parent::__construct($function, ...$arguments);
    }

    /** Whose keys these are. */
    public function id(): string
    {
        return Native::bytes(128, 'tenantseal_tenant_id', $this->native());
    }

    /** The field of that permanent label, `table.column`. */
    public function field(string $label): Field
    {
        return new Field('tenantseal_tenant_field', $this->native(), $label);
    }

    /**
     * The credentials of one application's callback, derived from the tenant's root: the newest generation's first, then what
     * the console may still have, for Callback::previous(). $application is your own permanent name for it.
     *
     * @return array<array{generation: int, token: string, encodingAesKey: string}>
     */
    public function callbackCredentials(string $application): array
    {
        $ffi = Native::ffi();
        $generation = $ffi->new('uint32_t');
        [$token, $tokenLen] = [$ffi->new('uint8_t[32]'), $ffi->new('size_t')];
        $all = [];
        for ($below = 0xffffffff; ; $below = $generation->cdata) {
            $arguments = [$this->native(), $application, $below, \FFI::addr($generation), $token, 32, \FFI::addr($tokenLen)];
            $key = Native::optional(43, 'tenantseal_tenant_callback_credentials', ...$arguments);
            if ($key === null) {
                return $all;
            }
            $text = \FFI::string($token, $tokenLen->cdata);
            \FFI::memset($token, 0, 32);
            $all[] = ['generation' => $generation->cdata, 'token' => $text, 'encodingAesKey' => $key];
        }
    }
}
