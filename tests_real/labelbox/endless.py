"""A server with an export as large as one likes: made while it is read, and never held.

    python tests_real/labelbox/endless.py 1000   # megabytes; prints its address

It answers what a pull asks, and nothing else.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

ROW_BYTES = 16 << 10
FILE_ROWS = 512
OPTION = {"label": "ham", "value": "ham", "featureSchemaId": "c-ham"}
RADIO = {"type": "radio", "name": "kind", "featureSchemaId": "q", "options": [OPTION]}


def row(number: int) -> bytes:
    """Return a row of exactly ``ROW_BYTES``, with its line end."""
    head = f'{{"data_row":{{"id":"id-{number:09}","global_key":"key-{number:09}","row_data":"'
    tail = '","details":{"last_activity_at":"2026-01-01T00:00:00.000+00:00"}}}\n'
    words = "some words that somebody wrote, ünïcode too. "
    room = ROW_BYTES - len(head) - len(tail)
    text = (words * (room // len(words.encode()))).encode()
    return head.encode() + text + b"." * (room - len(text)) + tail.encode()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    rows = 0

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        match = re.search(r"(?:query|mutation) (\w+?)PyApi", body["query"])
        data = self.data(match[1] if match else "", body["variables"])
        answer = json.dumps({"data": data}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def data(self, name: str, variables: Any) -> Any:
        match name:
            case "GetProjectOntology":
                normalized = {"tools": [], "classifications": [RADIO]}
                return {"project": {"ontology": {"id": "o", "normalized": normalized}}}
            case "GetProjectBenchmarks":
                return {"project": {"benchmarks": []}}
            case "exportDataRowsInCatalog" | "exportDataRowsInProject":
                return {name: {"taskId": name, "isStreamable": True}}
            case "GetUser":
                return {"user": {"id": "u", "email": "me@example.com"}}
            case "GetUserCreatedTasks":
                return {"user": {"createdTasks": [{"id": "t", "status": "COMPLETE"}]}}
            case "GetExportMetadataHeader":
                whole = {"totalSize": self.rows * ROW_BYTES, "totalLines": self.rows}
                full = variables["where"]["id"] == "exportDataRowsInCatalog"
                return {"task": {"exportMetadataHeader": whole if full else None}}
            case "GetExportFileFromOffset":
                return {"task": {"exportFileFromOffset": self.file(int(variables["offset"]))}}
            case _:
                raise ValueError(f"unexpected operation {name}")

    def file(self, offset: int) -> dict[str, Any]:
        first = offset // ROW_BYTES
        count = min(FILE_ROWS, self.rows - first)
        address = f"http://127.0.0.1:{self.server.server_address[1]}/{first}/{count}"
        ends = {"start": first * ROW_BYTES, "end": (first + count) * ROW_BYTES - 1}
        return {
            "offsets": ends,
            "lines": {"start": first, "end": first + count - 1},
            "file": address,
        }

    def do_GET(self) -> None:
        first, count = map(int, self.path.strip("/").split("/"))
        self.send_response(200)
        self.send_header("Content-Length", str(count * ROW_BYTES))
        self.end_headers()
        for line in self.lines(first, count):
            self.wfile.write(line)

    def lines(self, first: int, count: int) -> Iterator[bytes]:
        return (row(number) for number in range(first, first + count))

    def log_message(self, format: str, *args: Any) -> None:
        return


def main() -> None:
    Handler.rows = int(sys.argv[1]) * 1_000_000 // ROW_BYTES
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(f"http://127.0.0.1:{server.server_address[1]}/graphql", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
