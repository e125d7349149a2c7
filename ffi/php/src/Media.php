<?php

declare(strict_types=1);

namespace Tenantseal;

/**
 * A file that an AI bot received, decrypted piece by piece.
 *
 * The format has no signature: fetch the file over TLS, from the address in a message that was verified. What update() gave
 * is worth nothing unless finish() returns.
 */
final class Media extends Handle
{
    protected const TYPE = 'media';

    /** Takes the callback's EncodingAESKey, or the `aeskey` beside the address. */
    public function __construct(
        #[\SensitiveParameter]
        string $key
    ) {
        parent::__construct('tenantseal_media_new', $key);
    }

    /** What can be decrypted of the next piece; the last 32 bytes are kept back. */
    public function update(string $piece): string
    {
        $room = Native::ffi()->tenantseal_media_update_len(strlen($piece));

        return Native::bytes($room, 'tenantseal_media_update', $this->native(), $piece);
    }

    /** The end of the file, after its padding was looked at. An exception means: throw away what was written. */
    public function finish(): string
    {
        return Native::bytes(32, 'tenantseal_media_finish', $this->native());
    }
}
