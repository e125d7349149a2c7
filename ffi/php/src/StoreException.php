<?php

declare(strict_types=1);

namespace Tenantseal;

/** The database refused, is busy, is closed, or does not fit the policy. */
final class StoreException extends TenantsealException
{
}
