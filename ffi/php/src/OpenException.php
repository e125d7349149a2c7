<?php

declare(strict_types=1);

namespace Tenantseal;

/** Sealed data does not open here: altered, of another place, under an unknown key, or in another format. */
final class OpenException extends TenantsealException
{
}
