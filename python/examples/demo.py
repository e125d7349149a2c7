"""From a WeCom callback to a sealed, searchable contact: the steps of `make demo`, from Python.

A real HTTP server and client on loopback, an SQLite file, two tenants. Every step says what it expects and what it got; the
exit code is 1 if one differs.
"""

from __future__ import annotations

import secrets
import subprocess
import sys
import tempfile
import threading
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import tenantseal
from tenantseal.store import Vault
from tenantseal.wecom import Callback, Sender

POLICY = Path(__file__).parents[2] / "examples/contacts.policy.json"
NOW = 1_750_000_000
CLIENTS = {
    "t-1001": ("zTokenOfAcme", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG", "ww1000000000000001"),
    "t-2002": ("aTokenOfOther", "GFEDCBA9876543210zyxwvutsrqponmlkjihgfedcba", "ww2000000000000002"),
}
OFFICIAL = ("QDG6eK", "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C", "wx5823bf96d3bd56c7")
OFFICIAL_GET = (
    "msg_signature=5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3&timestamp=1409659589&nonce=263014780"
    "&echostr=P9nAzCzyDtyTWESHep1vC5X9xho%2FqYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp%2B4RPcs8TgAE7OaBO%2BFZXvnaqQ%3D%3D"
)
OFFICIAL_POST = "msg_signature=477715d11cdb4164915debcba66cb864d751f3e6&timestamp=1409659813&nonce=1372623149"
OFFICIAL_BODY = (
    "<xml><ToUserName><![CDATA[wx5823bf96d3bd56c7]]></ToUserName><Encrypt><![CDATA["
    "RypEvHKD8QQKFhvQ6QleEB4J58tiPdvo+rtK1I9qca6aM/wvqnLSV5zEPeusUiX5L5X/0lWfrf0QADHHhGd3QczcdCUpj911L3vg3W/sYYvu"
    "JTs3TUUkSUXxaccAS0qhxchrRYt66wiSpGLYL42aM6A8dTT+6k4aSknmPj48kzJs8qLjvd4Xgpue06DOdnLxAUHzM6+kDZ+HMZfJYuR+LtwG"
    "c2hgf5gsijff0ekUNXZiqATP7PF5mZxZ3Izoun1s4zG4LUMnvw2r+KqCKIw+3IQH03v+BCA9nMELNqbSf6tiWSrXJB3LAVGUcallcrw8V2t9"
    "EL4EhzJWrQUax5wLVMNS0+rUPA3k22Ncx4XXZS9o0MBH27Bo6BpNelZpS+/uh9KsNlY6bHCmJU9p8g7m3fVKn28H3KDYA5Pl/T8Z1ptDAVe0"
    "lXdQ2YoyyH2uyPIGHBZZIs2pDBS8R07+qN+E7Q==]]></Encrypt><AgentID><![CDATA[218]]></AgentID></xml>"
)
failed = 0


def step(what: str, expected: object, got: object) -> None:
    """Print a line of the table."""
    global failed
    same = expected == got
    failed += not same
    print(f"{'ok  ' if same else 'FAIL'} {what:<58} {got!r}" + ("" if same else f", not {expected!r}"))


class Service:
    """What a provider writes: a callback and a vault for each client."""

    def __init__(self, vault: Vault) -> None:
        self.time = NOW
        self.dies_next = False
        clock = lambda: self.time  # noqa: E731
        self.vault = vault
        self.callbacks = {t: Callback.company_app(*c, clock=clock) for t, c in CLIENTS.items()}
        self.official = Callback.company_app(*OFFICIAL, clock=clock)

    def receive(self, client: str, raw_query: str, body: bytes) -> tuple[int, str]:
        """`POST`: a message comes in. Settled is 200, in progress 503, refused 403."""
        try:
            event = self.callbacks[client].open(raw_query, body)
        except tenantseal.CallbackError:
            return 403, ""
        if event.claim == "in_progress":
            return 503, ""
        if not event.is_fresh:
            return 200, "known"
        if self.dies_next:
            self.dies_next = False
            return 500, "the worker died"
        with self.vault.tenant(client).begin() as transaction:
            contact = {"name": event.get("Name"), "mobile": event.get("Mobile"), "email": event.get("Email")}
            transaction.insert("member", {**contact, "userid": event.get("UserID")})
            event.done()
        return 200, event.reply("<xml><Content>welcome</Content></xml>")


def serve(service: Service) -> ThreadingHTTPServer:
    """A real HTTP server on loopback."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # noqa: N802
            client, _, raw_query = self.path.removeprefix("/callback/").partition("?")
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.answer(*service.receive(client, raw_query, body))

        def do_GET(self) -> None:  # noqa: N802
            try:
                self.answer(200, service.official.verify_url(self.path.partition("?")[2]).decode())
            except tenantseal.CallbackError:
                self.answer(403, "")

        def answer(self, status: int, body: str) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body.encode())))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def ask(url: str, body: bytes | None = None) -> tuple[int, str]:
    """A real HTTP client."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data=body), timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode()


def create_user(name: str, mobile: str) -> str:
    """The event that WeCom sends for a new contact."""
    return (
        f"<xml><CreateTime>{NOW}</CreateTime><MsgType><![CDATA[event]]></MsgType><Event><![CDATA[change_contact]]></Event>"
        f"<ChangeType>create_user</ChangeType><UserID><![CDATA[{mobile[-4:]}]]></UserID><Name><![CDATA[{name}]]></Name>"
        f"<Mobile>{mobile}</Mobile><Email><![CDATA[{mobile}@example.com]]></Email></xml>"
    )


def main() -> None:
    """Run every step."""
    keys = tenantseal.Keyring.from_kek(secrets.token_bytes(32))
    keys.install_policy(POLICY.read_bytes())
    for client, (_, _, corp) in CLIENTS.items():
        keys.create_tenant(client)
        keys.add_alias(corp, client)
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "contacts.db"
        with Vault.open(database, keys) as vault:
            service = Service(vault)
            server = serve(service)
            run(keys, vault, database, service, f"http://127.0.0.1:{server.server_port}/callback")
            server.shutdown()


def run(keys: tenantseal.Keyring, vault: Vault, database: Path, service: Service, base: str) -> None:
    """The steps, in the order of `make demo`."""
    service.time = 1_409_659_589
    step("official sample, URL check", (200, "1616140317555161061"), ask(f"{base}/t-1001?{OFFICIAL_GET}"))
    body = OFFICIAL_BODY.encode()
    service.time = 1_409_659_813
    official = service.official.open(OFFICIAL_POST, body)
    step("official sample, message", "hello", official.get("Content"))
    service.time = NOW
    step("the same, years later", (403, ""), ask(f"{base}/t-1001?{OFFICIAL_GET}"))

    posts = {}
    for client, (name, mobile) in {"t-1001": ("张三", "13800138000"), "t-2002": ("李四", "13900139000")}.items():
        posts[client] = Sender(*CLIENTS[client]).post(create_user(name, mobile), NOW, "1372623149")
        query, body = posts[client]
        status, reply = ask(f"{base}/{client}?{query}", body)
        step(f"create_user for {client}", 200, status)
        opened = Sender(*CLIENTS[client]).open_reply(reply)
        step("its passive reply, opened as Tencent would", b"<xml><Content>welcome</Content></xml>", opened)

    acme, other = vault.tenant("t-1001"), vault.tenant("t-2002")
    # In a process of its own: one that has a vault open must not open the vault's files in any other way.
    read = (
        "import pathlib, sqlite3, sys; path = pathlib.Path(sys.argv[1])\n"
        "print(sqlite3.connect(path).execute('SELECT mobile FROM member').fetchone()[0].hex())\n"
        "print(b'13800138000' in b''.join(file.read_bytes() for file in path.parent.iterdir()))"
    )
    cell, shown = subprocess.check_output([sys.executable, "-c", read, database], text=True).split()
    raw = bytes.fromhex(cell)
    step("the raw row starts as a cell does", (0xF8, 1), tuple(raw[:2]))
    step("no number is in the database or its log", "False", shown)
    step("masked listing", ["138****8000"], [row.get("mobile") for row in acme.list_masked("member")])
    found = acme.find("member.mobile", "exact", "+86 138 0013 8000")
    step("found by mobile, in another spelling", ["张三"], [row["name"] for row in found])
    step("the other tenant finds nothing", [], other.find("member.mobile", "exact", "13800138000"))
    try:
        keys.tenant("t-2002").field("member.mobile").open(raw, row=1)
        step("the other tenant opens a stolen row", "OpenError", "opened")
    except tenantseal.OpenError as refused:
        step("the other tenant opens a stolen row", "OpenError", type(refused).__name__)

    query, body = posts["t-1001"]
    url = f"{base}/t-1001"
    encrypt = body.split(b"<Encrypt><![CDATA[")[1].split(b"]]")[0].decode()
    refusals = {
        "tampered": (query, body.replace(b"<Encrypt><![CDATA[", b"<Encrypt><![CDATA[AAAA")),
        "spliced": (query + encrypt[:64], body.replace(encrypt.encode(), encrypt[64:].encode())),
        "swapped": (query.replace(str(NOW), "1372623149", 1).replace("nonce=1372623149", f"nonce={NOW}"), body),
        "of another client": posts["t-2002"],
    }
    for how, (bad_query, bad_body) in refusals.items():
        step(f"{how}: refused with one answer", (403, ""), ask(f"{url}?{bad_query}", bad_body))
    as_get = f"{url}?{query}&echostr={encrypt.replace('+', '%2B')}"
    step("POST replayed as GET: refused with that answer", (403, ""), ask(as_get))
    step("a byte-for-byte replay is known", (200, "known"), ask(f"{url}?{query}", body))
    again = Sender(*CLIENTS["t-1001"]).post(create_user("张三", "13800138000"), NOW, "99")
    step("a re-encrypted retry is known", (200, "known"), ask(f"{url}?{again[0]}", again[1]))
    second = Sender(*CLIENTS["t-1001"]).post(create_user("王五", "13700137000"), NOW, "98")
    step("another create_user of that second", 200, ask(f"{url}?{second[0]}", second[1])[0])
    third = Sender(*CLIENTS["t-1001"]).post(create_user("赵六", "13600136000"), NOW, "97")
    service.dies_next = True
    ask(f"{url}?{third[0]}", third[1])
    step("a worker dies: in progress meanwhile", 503, ask(f"{url}?{third[0]}", third[1])[0])
    service.time = NOW + 4
    step("and processed after the lease", 200, ask(f"{url}?{third[0]}", third[1])[0])
    step("contacts of t-1001", 3, len(acme.list_masked("member")))


main()
print(f"\n{failed} steps differ" if failed else "\nevery step as expected")
sys.exit(failed > 0)
