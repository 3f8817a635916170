#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The receiver of a test RTCC: takes hits, checks them against the schema, keeps them; offers the hotlist; asks for evidence.

  rtcc.py --socket PATH --folder DIR

It stands behind a door (nginx) that has verified the client certificate and passes its subject on. In DIR it
keeps events/<id>.json, events/<id>/<n>-<role>.jpg, heartbeats.jsonl and requests.jsonl (one line a request); it reads hotlist.bin (what
/v1/hotlist gives), deltas/<from>-<to> (see tests/rtcc/hotlist.py) and fault.json (how to misbehave: see FAULTS), all of which may change at any time.

  POST /v1/hits     201 kept; 200 kept before (same id); 400, 413, 422 + application/problem+json: this event, never
  POST /v1/heartbeat  204 kept; 400, 413, 422 + application/problem+json
  GET /v1/evidence/requests, POST /v1/evidence/answers/<digest>  see tests/rtcc/evidence.py
  GET /v1/hotlist   200 with ETag, 304, 404; 206, 226; kept until there is news when asked so (tests/rtcc/hotlist.py)

A refusal is application/problem+json (RFC 9457): only so a box can tell it from a 400 of the door, which does not like its certificate.
"""
import argparse
import base64
import binascii
import hashlib
import http.server
import json
import os
import re
import socketserver
import sys
import threading
import time
from pathlib import Path

import jsonschema

from evidence import ANSWER_MAX, ANSWERS, REQUESTS, SIP, SIP_S, Evidence
from hotlist import Hotlist

HERE = Path(__file__).resolve().parent
BODY_MAX = 8 << 20
HANG_S = 600
SLOW_S = 10

# {"mode": one of these or an HTTP status, "left": so many requests (absent: until told otherwise), "path": "/v1/hits",
#  "then": what the one request after them gets (absent: no fault)}
FAULTS = {
    "hang": "read the request and say nothing",
    "drip": "begin the answer and send one byte of it a second",
    "drop": "read the request and close",
    "acklost": "keep the event, then close without an answer",
    "huge": "answer with 64 MiB",
    "redirect": "send the box elsewhere",
    "page": "a 400 that is not ours: an HTML page",
    "cut": "of the hotlist: close after half of what should come",
    "slow": "of the hotlist: wait for SLOW_S after half of what should come",
    "range:…": "of the hotlist: with this Content-Range",
    "plain": "of the hotlist: answer like a server that knows of ETags and nothing more",
    "again": "of evidence requests: the first, also when it has an answer",
    "type:…": "of evidence requests: with this Content-Type",
    "longer": "of evidence requests: with a byte more than a request may have",
    "noparts": "of evidence answers: answer like a server that does not know of Content-Range",
    "sip": "of evidence answers: read them slowly, then take them",
    "forget": "of evidence answers: lose the parts that have come",
}


class Refused(Exception):
    """This event, as it is, never."""

    def __init__(self, status: int, reason: str):
        super().__init__(reason)
        self.status = status


def validator(name: str) -> jsonschema.Draft202012Validator:
    schema = json.loads((HERE / name).read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def conform(body: bytes, schema: jsonschema.Draft202012Validator) -> dict:
    """The document. Reasons name places in it, never what stands there."""
    try:
        document = json.loads(body)
    except ValueError as e:
        raise Refused(400, "not JSON") from e
    wrong = sorted({"/".join(map(str, e.absolute_path)) + f" ({e.validator})" for e in schema.iter_errors(document)})
    if wrong:
        raise Refused(422, "against the schema: " + ", ".join(wrong[:10]))
    return document


class Rtcc:
    """What is kept; one lock, since the server has threads."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.events = folder / "events"
        self.events.mkdir(parents=True, exist_ok=True)
        self.lock = threading.Lock()
        self.hotlist = Hotlist(folder)
        self.evidence = Evidence(folder)
        self.hit, self.heartbeat = validator("hit.schema.json"), validator("heartbeat.schema.json")

    def log(self, line: dict) -> None:
        now = time.time_ns()
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now // 10**9)) + f".{now // 10**6 % 1000:03d}Z"
        with self.lock, (self.folder / "requests.jsonl").open("a") as f:
            f.write(json.dumps({"received": stamp, "received_ns": now, **line}) + "\n")

    def fault(self, path: str) -> str:
        """The fault to commit on a request to `path`, '' for none; counts it."""
        file = self.folder / "fault.json"
        with self.lock:
            try:
                fault = json.loads(file.read_text())
            except FileNotFoundError:
                return ""
            if fault.get("path", "/v1/hits") != path or fault.get("left", 1) <= 0:
                return ""
            if "left" in fault:
                fault["left"] -= 1
                later = {"mode": fault["then"], "path": path, "left": 1} if fault["left"] == 0 and "then" in fault else fault
                aside = file.with_suffix(".new")
                aside.write_text(json.dumps(later))
                aside.replace(file)
            return str(fault["mode"])

    def check(self, body: bytes) -> tuple[dict, list[bytes]]:
        """The event and its pictures."""
        event = conform(body, self.hit)
        pictures = []
        for i, image in enumerate(event["data"]["images"]):
            try:
                picture = base64.b64decode(image["data_base64"], validate=True)
            except binascii.Error as e:
                raise Refused(422, f"data/images/{i}: not base64") from e
            if len(picture) != image["bytes"] or hashlib.sha256(picture).hexdigest() != image["sha256"]:
                raise Refused(422, f"data/images/{i}: not the picture it says")
            if not picture.startswith(b"\xff\xd8\xff"):
                raise Refused(422, f"data/images/{i}: not a JPEG")
            pictures.append(picture)
        return event, pictures

    def keep(self, body: bytes) -> tuple[str, bool]:
        """Check and keep an event: (id, whether it was there before)."""
        event, pictures = self.check(body)
        with self.lock:
            file = self.events / f"{event['id']}.json"
            if file.exists():
                return event["id"], True
            folder = self.events / event["id"]
            folder.mkdir(exist_ok=True)
            for i, (image, picture) in enumerate(zip(event["data"]["images"], pictures)):
                (folder / f"{i}-{image['role']}.jpg").write_bytes(picture)
            aside = file.with_suffix(".new")
            aside.write_bytes(body)
            aside.replace(file)
        return event["id"], False


    def keep_heartbeat(self, body: bytes) -> None:
        line = json.dumps({"received_ns": time.time_ns(), "heartbeat": conform(body, self.heartbeat)})
        with self.lock, (self.folder / "heartbeats.jsonl").open("a") as f:
            f.write(line + "\n")


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 120
    rtcc: Rtcc  # set by main
    line: dict  # what is logged of this request

    def log_message(self, *_):
        pass

    def address_string(self):
        return "door"

    def answer(self, status: int, body: bytes = b"", kind: str = "application/json", **headers: str) -> None:
        self.rtcc.log({**self.line, "status": status}) # first: who has the answer must find the line
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if status not in (204, 304):
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if body:
            self.wfile.write(body)

    def misbehave(self, mode: str) -> None:
        self.line["fault"] = mode
        if mode in ("hang", "drop", "acklost"):
            self.rtcc.log(self.line)
            self.close_connection = True
            if mode == "hang":
                wait_until_gone(self.connection, HANG_S)
        elif mode == "drip":
            self.rtcc.log(self.line)
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            for _ in range(1000):
                self.wfile.write(b" ")
                time.sleep(1)
        elif mode == "huge":
            self.answer(200, bytes(64 << 20))
        elif mode == "redirect":
            self.answer(302, Location="/v1/elsewhere")
        elif mode == "page":
            self.answer(400, b"<html>no</html>", "text/html")
        else:
            self.answer(int(mode), b"{}", **({"Retry-After": "1"} if mode == "429" else {}))

    def read_body(self, most: int = BODY_MAX, slowly: bool = False) -> bytes:
        length = self.headers.get("Content-Length", "")
        if not re.fullmatch(r"[0-9]{1,10}", length):
            self.close_connection = True
            raise Refused(400, "no length")
        if int(length) > most:
            self.close_connection = True
            raise Refused(413, "too large")
        body = b""
        while slowly and len(body) < int(length):
            piece = self.rfile.read(min(SIP, int(length) - len(body)))
            if not piece:
                raise ConnectionResetError
            body += piece
            time.sleep(SIP_S)
        return body or self.rfile.read(int(length))

    def from_device(self) -> bool:
        subject = self.headers.get("X-Client-Subject", "")
        return self.headers.get("X-Client-Verify") == "SUCCESS" and "OU=DEVICE" in subject.split(",")

    def do_POST(self):
        self.line = {"method": "POST", "path": self.path, "subject": self.headers.get("X-Client-Subject", "")}
        try:
            if self.path.startswith(f"{ANSWERS}/"):
                self.take_evidence()
                return
            body = self.read_body()
            self.line["bytes"] = len(body)
            fault = self.rtcc.fault(self.path)
            if fault == "acklost":
                self.line["id"], self.line["duplicate"] = self.rtcc.keep(body)
            if fault:
                self.misbehave(fault)
            else:
                self.take(body)
        except Refused as e:
            self.line["refused"] = str(e)
            self.answer(e.status, json.dumps({"title": str(e), "status": e.status}).encode(), "application/problem+json")

    def take(self, body: bytes) -> None:
        if not self.from_device():
            self.answer(403, b'{"title": "not a device"}')
        elif self.path == "/v1/heartbeat":
            self.take_heartbeat(body)
        elif self.path != "/v1/hits":
            self.answer(404, b"{}")
        elif self.headers.get("Content-Type") != "application/cloudevents+json":
            raise Refused(400, "not a CloudEvent in structured mode")
        else:
            self.line["id"], self.line["duplicate"] = self.rtcc.keep(body)
            self.answer(200 if self.line["duplicate"] else 201, json.dumps({"id": self.line["id"]}).encode())

    def take_evidence(self) -> None:
        fault = self.rtcc.fault(ANSWERS)
        for name in ("Content-Type", "Content-Range"):
            self.line[name] = self.headers.get(name)
        body = self.read_body(ANSWER_MAX, slowly=fault == "sip")
        self.line["bytes"] = len(body)
        if len(body) < int(self.headers["Content-Length"]):
            raise ConnectionResetError
        digest = self.path.rpartition("/")[2]
        if fault == "forget":
            (self.rtcc.evidence.folder / f"parts/{digest}").unlink(missing_ok=True)
        if fault and fault not in ("sip", "noparts", "forget", "acklost"):
            self.misbehave(fault)
        elif not self.from_device():
            self.answer(403, b'{"title": "not a device"}')
        else:
            status = self.rtcc.evidence.take(digest, self.headers.get("Content-Type"), self.headers.get("Content-Range"), body, fault != "noparts")
            if fault == "acklost":
                self.misbehave(fault)
            else:
                self.answer(status, b"{}")

    def ask_evidence(self, fault: str) -> None:
        request = self.rtcc.evidence.offer(again=fault == "again")
        if fault == "longer":
            request = b"x" * 16385
        if request is None:
            self.answer(204)
        else:
            self.answer(200, request, fault.removeprefix("type:") if fault.startswith("type:") else "application/jose")

    def take_heartbeat(self, body: bytes) -> None:
        if self.headers.get("Content-Type") != "application/json":
            raise Refused(400, "not JSON by its type")
        self.rtcc.keep_heartbeat(body)
        self.answer(204)

    def do_GET(self):
        self.line = {"method": "GET", "path": self.path, "subject": self.headers.get("X-Client-Subject", "")}
        fault = self.rtcc.fault(self.path)
        if fault and fault not in ("cut", "slow", "plain", "again", "longer") and not fault.startswith(("range:", "type:")):
            self.misbehave(fault)
        elif not self.from_device():
            self.answer(403, b'{"title": "not a device"}')
        elif self.path == "/v1/hotlist":
            self.line["fault"] = fault
            self.give_hotlist(fault)
        elif self.path == REQUESTS:
            self.line["fault"] = fault
            self.ask_evidence(fault)
        else:
            self.answer(404, b"{}")

    def give_hotlist(self, fault: str) -> None:
        for name in ("If-None-Match", "Prefer", "A-IM", "Range"):
            if name in self.headers:
                self.line[name] = self.headers[name]
        known = self.headers.get("If-None-Match", "")
        status, headers, body = self.rtcc.hotlist.plain(known) if fault == "plain" else self.rtcc.hotlist.answer(self.headers, known, self.connection)
        if fault.startswith("range:"):
            headers["Content_Range"] = fault.removeprefix("range:")
        if fault not in ("cut", "slow"):
            self.answer(status, body, "application/octet-stream", **headers)
            return
        self.rtcc.log({**self.line, "status": status})
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body[:len(body) // 2])
        if fault == "slow":
            wait_until_gone(self.connection, SLOW_S)
            self.wfile.write(body[len(body) // 2:])
        self.close_connection = True


def wait_until_gone(connection, seconds: float) -> None:
    connection.settimeout(seconds)
    try:
        while connection.recv(4096):
            pass
    except OSError:
        pass


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], (BrokenPipeError, ConnectionResetError, TimeoutError)):
            super().handle_error(request, client_address)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--socket", type=Path, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    options = parser.parse_args()
    Handler.rtcc = Rtcc(options.folder)
    options.socket.unlink(missing_ok=True)
    os.umask(0o077)
    with Server(str(options.socket), Handler) as server:
        server.serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())
