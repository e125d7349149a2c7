"""A vault of sealed, searchable records on SQLite. `tenantseal.aio` is the same for asyncio.

A vault is of the process that opened it: in a child after a fork its calls raise `ForkedError`.
"""

from ._native import Masked, Record, TenantVault, Transaction, Vault

__all__ = ["Masked", "Record", "TenantVault", "Transaction", "Vault"]
