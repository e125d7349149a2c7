<?php

declare(strict_types=1);

namespace Tenantseal;

/** An input, a name or a policy is not of the form that the call accepts, or names what is not there. */
final class InvalidException extends TenantsealException
{
}
