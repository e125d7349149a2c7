<?php

declare(strict_types=1);

namespace Tenantseal;

/** What was written is seen by the transaction alone until commit(). */
final class Transaction extends Table
{
    protected const TYPE = 'transaction';

    /** Makes everything durable, all at once. */
    public function commit(): void
    {
        Native::call('tenantseal_transaction_commit', $this->native());
    }

    /** Takes everything back. */
    public function rollback(): void
    {
        $this->close();
    }
}
