"""A small S3 server over sockets that is as old, or as odd, as it is told. It checks no signature."""

import hashlib
import ssl
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit
from xml.etree import ElementTree


class OldS3:
    """The server, with one bucket. It keeps the bodies of requests as they come: the frame of ``aws-chunked`` too.

    Attributes:
        bucket: its name.
        objects: content by key.
        uploads: key and parts by id.
        requests: how many of each method came in.
        etag: makes an object's etag of its content; None: there is none.
        lists_uploads: else it answers 501.
        knows_ranges: else it sends the whole object.
        knows_tokens: else it sends the first page of a list for ever.
        page: keys of a page.
        virtual: the bucket stands in the host name, else in the path.
        refusal: status and code of every answer.
        refuses: methods that the key may not use.
        hangs: seconds before every answer.
        amid_body: called when half of an object's body is sent.
        then: status and code after a completion that was carried out, as of an answer that comes too late.
    """

    def __init__(self, scheme: str) -> None:
        self.bucket = "bucket"
        self.objects: dict[str, bytes] = {}
        self.uploads: dict[str, tuple[str, dict[int, bytes]]] = {}
        self.requests: Counter[str] = Counter()
        self.etag: Callable[[bytes], str | None] = lambda content: hashlib.md5(content).hexdigest()
        self.lists_uploads = True
        self.knows_ranges = True
        self.knows_tokens = True
        self.page = 1000
        self.virtual = False
        self.refusal: tuple[int, str] | None = None
        self.refuses: set[str] = set()
        self.hangs = 0.0
        self.amid_body: Callable[[], None] | None = None
        self.then: tuple[int, str] | None = None
        self.port = 0
        self._scheme = scheme

    @property
    def url(self) -> str:
        """Its endpoint."""
        return f"{self._scheme}://127.0.0.1:{self.port}"


@contextmanager
def old_s3(certificate: Path | None = None) -> Iterator[OldS3]:
    """A running one.

    Args:
        certificate: with its key, as PEM: over TLS, where clients send ``aws-chunked`` with a checksum behind it.
    """
    old = OldS3("https" if certificate else "http")
    server = _Server(("127.0.0.1", 0), type("Request", (_Request,), {"old": old}))
    server.daemon_threads = True
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    old.port = server.server_port
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield old
    finally:
        server.shutdown()
        server.server_close()


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """A connection that breaks off is no error of the test."""


class _Request(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    old: OldS3

    def handle_any(self) -> None:
        old = self.old
        self.body = self.content()
        old.requests[self.command] += 1
        time.sleep(old.hangs)
        url = urlsplit(self.path)
        self.query = dict(parse_qsl(url.query, keep_blank_values=True))
        path = unquote(url.path).lstrip("/")
        host = url.netloc or self.headers["Host"]  # a client that takes this server for its proxy sends whole URLs
        bucket, key = (host.split(".")[0], path) if old.virtual else (path.partition("/")[0], path.partition("/")[2])
        if old.refusal:
            return self.refuse(*old.refusal)
        if bucket != old.bucket:
            return self.refuse(404, "NoSuchBucket")
        if self.command in old.refuses:
            return self.refuse(403, "AccessDenied")
        handle = {"PUT": self.put, "POST": self.post, "DELETE": self.remove}.get(self.command, self.get)
        return handle(key)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = handle_any

    def content(self) -> bytes:
        """The body, out of the chunks of HTTP; those of ``aws-chunked`` stay in it."""
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        content = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            content += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return content

    def put(self, key: str) -> None:
        if "uploadId" in self.query:
            if self.query["uploadId"] not in self.old.uploads:
                return self.refuse(404, "NoSuchUpload")
            self.old.uploads[self.query["uploadId"]][1][int(self.query["partNumber"])] = self.body
        else:
            self.old.objects[key] = self.body
        return self.answer(200, b"", self.etag_of(self.body))

    def post(self, key: str) -> None:
        if "uploads" in self.query:
            upload_id = uuid.uuid4().hex
            self.old.uploads[upload_id] = (key, {})
            return self.answer(200, _xml("InitiateMultipartUploadResult", f"<UploadId>{upload_id}</UploadId>"))
        _, parts = self.old.uploads.pop(self.query["uploadId"], (key, None))
        if parts is None:
            return self.refuse(404, "NoSuchUpload")
        numbers = [int(each.text or 0) for each in ElementTree.fromstring(self.body).iter() if "PartNumber" in each.tag]
        self.old.objects[key] = b"".join(parts[number] for number in numbers)
        if self.old.then:
            return self.refuse(*self.old.then)
        etag = self.etag_of(self.old.objects[key]).get("ETag", "")
        return self.answer(200, _xml("CompleteMultipartUploadResult", f"<ETag>{etag}</ETag>"))

    def remove(self, key: str) -> None:
        if "uploadId" in self.query:
            self.old.uploads.pop(self.query["uploadId"], None)
        else:
            self.old.objects.pop(key, None)
        self.answer(204, b"")

    def get(self, key: str) -> None:
        if not key:
            return self.answer(200, b"") if self.command == "HEAD" else self.list()
        content = self.old.objects.get(key)
        if content is None:
            return self.refuse(404, "NoSuchKey")
        headers = self.etag_of(content)
        if disposition := self.query.get("response-content-disposition"):
            headers["Content-Disposition"] = disposition
        begin, end, status = 0, len(content), 200
        if self.old.knows_ranges and "Range" in self.headers:
            first, last = self.headers["Range"].removeprefix("bytes=").split("-")
            begin, end, status = int(first), min(int(last) + 1, end), 206
            if begin >= len(content):
                return self.refuse(416, "InvalidRange")
        if self.command == "HEAD" or self.old.amid_body is None:
            return self.answer(status, content[begin:end], headers)
        middle = (begin + end) // 2
        self.head(status, end - begin, headers)
        self.wfile.write(content[begin:middle])
        self.old.amid_body()
        # As of a store that writes an object in its place, under those who read it.
        return self.wfile.write(self.old.objects[key][middle:end]) and None

    def list(self) -> None:
        prefix = self.query.get("prefix", "")
        if "uploads" in self.query:
            if not self.old.lists_uploads:
                return self.refuse(501, "NotImplemented")
            found = [(key, upload_id) for upload_id, (key, _) in self.old.uploads.items() if key.startswith(prefix)]
            words = "".join(f"<Upload><Key>{key}</Key><UploadId>{each}</UploadId></Upload>" for key, each in found)
            return self.answer(200, _xml("ListMultipartUploadsResult", words))
        after = self.query.get("continuation-token", "") if self.old.knows_tokens else ""
        keys = sorted(key for key in self.old.objects if key.startswith(prefix) and key > after)
        words = "".join(f"<Contents><Key>{key}</Key></Contents>" for key in keys[: self.old.page])
        if more := len(keys) > self.old.page:
            words += f"<NextContinuationToken>{keys[self.old.page - 1]}</NextContinuationToken>"
        return self.answer(200, _xml("ListBucketResult", f"<IsTruncated>{str(more).lower()}</IsTruncated>{words}"))

    def etag_of(self, content: bytes) -> dict[str, str]:
        etag = self.old.etag(content)
        return {} if etag is None else {"ETag": f'"{etag}"'}

    def refuse(self, status: int, code: str) -> None:
        self.answer(status, _xml("Error", f"<Code>{code}</Code><Message>{code} it is</Message>"))

    def answer(self, status: int, content: bytes, headers: dict[str, str] | None = None) -> None:
        self.head(status, len(content), headers or {})
        if self.command != "HEAD":
            self.wfile.write(content)

    def head(self, status: int, length: int, headers: dict[str, str]) -> None:
        self.send_response_only(status)
        for name, value in {**headers, "Content-Length": str(length)}.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Keeps the test's output clean."""


def _xml(name: str, content: str) -> bytes:
    return f"<?xml version='1.0'?><{name}>{content}</{name}>".encode()
