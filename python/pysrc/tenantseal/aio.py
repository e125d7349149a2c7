"""The vault for asyncio: the calls of `tenantseal.store`, each awaited in a worker thread."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from types import TracebackType
from typing import TypeVar

from . import store
from ._native import Keyring

T = TypeVar("T")
Value = str | bytes | bytearray | memoryview | int | float | bool | None


class Vault:
    """`tenantseal.store.Vault`, awaited."""

    def __init__(self, vault: store.Vault) -> None:
        """Wrap an open vault; `await Vault.open(...)` opens one."""
        self._vault = vault

    @classmethod
    async def open(
        cls,
        path: str | os.PathLike[str],
        keyring: Keyring,
        *,
        names: Iterable[tuple[str, str]] | None = None,
        busy_timeout: float | None = None,
    ) -> Vault:
        """Open the SQLite file at `path`, and make it if it is not there."""
        opened = await asyncio.to_thread(
            store.Vault.open, path, keyring, names=names, busy_timeout=busy_timeout
        )
        return cls(opened)

    async def tenant(self, tenant_id: str | bytes) -> TenantVault:
        """One tenant's rows."""
        return TenantVault(await asyncio.to_thread(self._vault.tenant, tenant_id))

    async def close(self) -> None:
        """Close the vault; closing it again is no error."""
        await asyncio.to_thread(self._vault.close)

    async def __aenter__(self) -> Vault:
        return self

    async def __aexit__(self, *_exception: object) -> None:
        await self.close()


class TenantVault:
    """`tenantseal.store.TenantVault`, awaited."""

    def __init__(self, rows: store.TenantVault) -> None:
        """Wrap one tenant's rows."""
        self._rows = rows

    async def insert(self, table: str, values: Mapping[str, Value], *, compartment: str | None = None) -> int:
        """Insert a row and return its id."""
        return await asyncio.to_thread(self._rows.insert, table, dict(values), compartment=compartment)

    async def get(self, table: str, row: int) -> store.Record | None:
        """The row of that id, opened; None if this tenant has none."""
        return await asyncio.to_thread(self._rows.get, table, row)

    async def find(self, field: str, index: str, value: str) -> list[store.Record]:
        """The rows of which `field` has this value, by that index."""
        return await asyncio.to_thread(self._rows.find, field, index, value)

    async def list_masked(self, table: str, *, after: int = 0, limit: int = 100) -> list[store.Masked]:
        """Rows as a listing may show them."""
        return await asyncio.to_thread(self._rows.list_masked, table, after=after, limit=limit)

    async def update(self, table: str, row: int, values: Mapping[str, Value]) -> bool:
        """Change columns of a row; return whether it is there."""
        return await asyncio.to_thread(self._rows.update, table, row, dict(values))

    async def delete(self, table: str, row: int) -> bool:
        """Delete a row; return whether it was there."""
        return await asyncio.to_thread(self._rows.delete, table, row)

    def begin(self) -> Transaction:
        """A transaction, for `async with`: committed at the end, taken back by an exception.

        While it is open every other write to this vault waits, those within the `async with` for ever: write through it.
        """
        return Transaction(self._rows)


class Transaction:
    """`tenantseal.store.Transaction`, awaited, within `async with`.

    A task that is cancelled in the middle takes everything back. Cancelled while it commits, it may have committed.
    """

    def __init__(self, rows: store.TenantVault) -> None:
        """Of these rows; it begins with `async with`."""
        self._rows = rows
        self._open: store.Transaction | None = None
        self._thread: ThreadPoolExecutor | None = None

    async def __aenter__(self) -> Transaction:
        # A thread of its own: those that asyncio shares may all be waiting for this very transaction to end.
        self._thread = ThreadPoolExecutor(1, "tenantseal-transaction")
        try:
            self._open = await self._call(self._rows.begin)
        except BaseException:
            self._end_thread()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Not to be cancelled: it may have to wait its turn, and would then be left out.
        ending = asyncio.shield(self._call(self._begun().__exit__, kind, error, trace))
        self._end_thread()
        await ending

    async def insert(self, table: str, values: Mapping[str, Value], *, compartment: str | None = None) -> int:
        """As `TenantVault.insert`."""
        return await self._call(partial(self._begun().insert, table, dict(values), compartment=compartment))

    async def get(self, table: str, row: int) -> store.Record | None:
        """As `TenantVault.get`; sees what this transaction wrote."""
        return await self._call(self._begun().get, table, row)

    async def find(self, field: str, index: str, value: str) -> list[store.Record]:
        """As `TenantVault.find`; sees what this transaction wrote."""
        return await self._call(self._begun().find, field, index, value)

    async def update(self, table: str, row: int, values: Mapping[str, Value]) -> bool:
        """As `TenantVault.update`."""
        return await self._call(self._begun().update, table, row, dict(values))

    async def delete(self, table: str, row: int) -> bool:
        """As `TenantVault.delete`."""
        return await self._call(self._begun().delete, table, row)

    def _call(self, call: Callable[..., T], *arguments: object) -> asyncio.Future[T]:
        return asyncio.get_running_loop().run_in_executor(self._thread, call, *arguments)

    def _end_thread(self) -> None:
        if self._thread is not None:
            self._thread.shutdown(wait=False)
            self._thread = None

    def _begun(self) -> store.Transaction:
        if self._open is None:
            raise RuntimeError("use the transaction within `async with`")
        return self._open


__all__ = ["TenantVault", "Transaction", "Vault"]
