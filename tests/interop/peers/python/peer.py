"""wechatpy, behind the line protocol of ../../README.md."""

import base64
import importlib.metadata
import json
import sys
import time
import urllib.parse

import xmltodict
from wechatpy.exceptions import InvalidSignatureException
from wechatpy.utils import WeChatSigner
from wechatpy.work.crypto import PrpCrypto, WeChatCrypto
from wechatpy.work.exceptions import InvalidCorpIdException


def crypto(request):
    return WeChatCrypto(request["token"], request["key"], request["id"])


def read(request):
    """The query's fields, and the body as decrypt_message takes it: XML as text, JSON as a dict."""
    query = dict(urllib.parse.parse_qsl(request.get("query", "")))
    if "body" not in request:
        return query, None
    body = base64.b64decode(request["body"]).decode()
    is_json = body.startswith("{")
    if not query:
        reply = json.loads(body) if is_json else xmltodict.parse(body)["xml"]
        names = ("msgsignature", "timestamp", "nonce") if is_json else ("MsgSignature", "TimeStamp", "Nonce")
        query = dict(zip(("msg_signature", "timestamp", "nonce"), (str(reply[name]) for name in names)))
    return query, {"Encrypt": json.loads(body)["encrypt"]} if is_json else body


def open_message(request):
    query, body = read(request)
    heading = query["msg_signature"], query["timestamp"], query["nonce"]
    try:
        if body is None:
            text = crypto(request).check_signature(*heading, query["echostr"])
        else:
            text = crypto(request).decrypt_message(body, *heading)
    except InvalidSignatureException:
        return {"refused": "signature"}
    except InvalidCorpIdException:
        return {"refused": "receiveid"}
    return {"text": base64.b64encode(text.encode()).decode()}


def seal(request):
    text = base64.b64decode(request["text"]).decode()
    if request["form"] == "reply":
        body = crypto(request).encrypt_message(text, request["nonce"], request["timestamp"])
        return {"body": base64.b64encode(body.encode()).decode()}
    encrypt = PrpCrypto(crypto(request).key).encrypt(text, request["id"]).decode()
    signer = WeChatSigner()
    signer.add_data(request["token"], request["timestamp"], request["nonce"], encrypt)
    signature = signer.signature
    if request["form"] == "ciphertext":
        return {"encrypt": encrypt, "signature": signature}
    query = {"msg_signature": signature, "timestamp": request["timestamp"], "nonce": request["nonce"]}
    return {"query": urllib.parse.urlencode({**query, "echostr": encrypt})}


def bench(request):
    query, body = read(request)
    heading = query["msg_signature"], query["timestamp"], query["nonce"]
    callee = crypto(request)
    for _ in range(request["count"] // 4):
        callee.decrypt_message(body, *heading)
    start = time.perf_counter_ns()
    for _ in range(request["count"]):
        callee.decrypt_message(body, *heading)
    return {"ns": time.perf_counter_ns() - start}


def hello(_request):
    return {"name": "wechatpy", "version": importlib.metadata.version("wechatpy")}


OPERATIONS = {"hello": hello, "open": open_message, "seal": seal, "bench": bench}

for line in sys.stdin:
    try:
        request = json.loads(line)
        answer = OPERATIONS[request["op"]](request)
    except Exception as error:
        answer = {"error": repr(error)}
    print(json.dumps(answer), flush=True)
