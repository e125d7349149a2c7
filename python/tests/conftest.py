"""Keyrings over one policy."""

from __future__ import annotations

import json
import secrets

import pytest

import tenantseal

POLICY = json.dumps(
    {
        "tenantseal_policy": 1,
        "version": 1,
        "compartments": ["board"],
        "fields": [
            {
                "table": "member",
                "column": "mobile",
                "type": "text",
                "content": "mobile_cn",
                "storage": "cell",
                "class": ["personal"],
                "bind": "row",
                "compartments": ["board"],
                "mask": {"kind": "mobile_cn", "class": "internal"},
                "indexes": [{"label": "exact", "kind": "exact", "normaliser": "mobile_cn/1", "bits": 15}],
            },
            {
                "table": "member",
                "column": "photo",
                "type": "bytes",
                "storage": "cell",
                "class": ["personal"],
                "bind": "row",
            },
            {
                "table": "member",
                "column": "userid",
                "type": "text",
                "storage": "plain",
                "class": ["internal"],
                "bind": "row",
            },
            {
                "table": "member",
                "column": "age",
                "type": "i64",
                "storage": "plain",
                "class": ["internal"],
                "bind": "row",
            },
            {
                "table": "member",
                "column": "note",
                "type": "text",
                "storage": "cell",
                "class": ["personal"],
                "bind": {"natural": ["userid", "age"]},
            },
            {
                "table": "asset",
                "column": "free",
                "type": "bytes",
                "storage": "cell",
                "class": ["public"],
                "bind": "unbound",
            },
        ],
    }
)


@pytest.fixture
def kek() -> bytes:
    return secrets.token_bytes(32)


@pytest.fixture
def keys(kek: bytes) -> tenantseal.Keyring:
    keys = tenantseal.Keyring.from_kek(kek)
    keys.install_policy(POLICY)
    keys.create_tenant("t-1001")
    keys.create_tenant("t-2002")
    return keys
