# fault_server.py: an HTTP server on this machine that serves files, and misbehaves as it is told to.
# SPDX-License-Identifier: Apache-2.0
"""server.files["/name"] = bytes; server.script("/name", fault, …): one fault per request, then good answers again.

A fault is a function (handler, body) that answers by itself. Every request is kept in server.requests as
(path, headers).
"""
import collections
import hashlib
import re
import socket
import struct
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *words):
        pass

    def do_GET(self):
        with self.server.lock:
            self.server.requests.append((self.path, dict(self.headers.items())))
            faults = self.server.faults[self.path.split("?")[0]]
            fault = faults.popleft() if faults else serve
        body = self.server.files.get(self.path, self.server.files.get(self.path.split("?")[0]))
        try:
            if body is None and fault is serve:
                status(404)(self, b"")
            else:
                fault(self, body)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def head(self, code, length, **headers):
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(length))
        self.end_headers()


def tag(body):
    return '"%s"' % hashlib.sha256(body).hexdigest()[:16]


def wanted_range(handler, body):
    """(first byte, code) of the answer that RFC 9110 asks for."""
    found = re.fullmatch(r"bytes=(\d+)-", handler.headers.get("Range", ""))
    if not found or handler.headers.get("If-Range", tag(body)) != tag(body):
        return 0, 200
    return int(found.group(1)), 206 if int(found.group(1)) < len(body) else 416


def head_of(handler, body):
    start, code = wanted_range(handler, body)
    if code == 416:
        handler.head(416, 0, Content_Range=f"bytes */{len(body)}")
        return b""
    more = {"Content_Range": f"bytes {start}-{len(body) - 1}/{len(body)}"} if code == 206 else {}
    handler.head(code, len(body) - start, ETag=tag(body), **more)
    return body[start:]


def serve(handler, body):
    handler.wfile.write(head_of(handler, body))


def status(code, **headers):
    """An answer without the file."""

    def answer(handler, _):
        text = b"an explanation that is not the file"
        handler.head(code, len(text), **headers)
        handler.wfile.write(text)

    return answer


def drop(handler):
    """Resets the connection, as a machine that goes away does."""
    handler.wfile.flush()
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()
    handler.close_connection = True


def dropped_after(count, politely=False):
    def answer(handler, body):
        handler.wfile.write(head_of(handler, body)[:count])
        if politely:
            handler.close_connection = True
        else:
            time.sleep(0.1)  # a reset takes bytes along that were not read yet
            drop(handler)

    return answer


def dropped_at_once(handler, _):
    drop(handler)


def stalled_after(count):
    """Sends no more until the client is gone."""

    def answer(handler, body):
        handler.wfile.write(head_of(handler, body)[:count])
        handler.wfile.flush()
        handler.connection.settimeout(20)
        try:
            handler.connection.recv(1)
        except OSError:
            pass
        handler.close_connection = True

    return answer


def slow(pieces, pause):
    def answer(handler, body):
        rest = head_of(handler, body)
        size = max(1, len(rest) // pieces)
        for at in range(0, len(rest), size):
            handler.wfile.write(rest[at:at + size])
            handler.wfile.flush()
            time.sleep(pause)

    return answer


def corrupted(handler, body):
    rest = bytearray(head_of(handler, body))
    rest[len(rest) // 2] ^= 0x10
    handler.wfile.write(rest)


def wrong_range(handler, body):
    """206 for other bytes than those asked for."""
    handler.head(206, len(body) - 1, ETag=tag(body), Content_Range=f"bytes 1-{len(body) - 1}/{len(body)}")
    handler.wfile.write(body[1:])


def without_range(handler, body):
    """The whole file, whatever was asked for, and no name for its version."""
    handler.head(200, len(body))
    handler.wfile.write(body)


def without_length(handler, body):
    handler.send_response(200)
    handler.end_headers()
    handler.wfile.write(body)
    handler.close_connection = True


def moved(url):
    return status(302, Location=url)


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.lock = threading.Lock()
        self.files, self.requests, self.faults = {}, [], collections.defaultdict(collections.deque)
        self.url = "http://%s:%d" % self.server_address
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def handle_error(self, request, client_address):
        pass

    def script(self, path, *faults):
        self.faults[path].extend(faults)

    def close(self):
        self.shutdown()
        self.server_close()
