<?php

declare(strict_types=1);

namespace Tenantseal;

/** A callback is refused. Answer every one of these alike, but 503 to a guard that is full. */
final class CallbackException extends TenantsealException
{
}
