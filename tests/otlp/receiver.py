"""Takes OTLP over HTTP as a collector does, by OpenTelemetry's own Python messages.

    receiver.py PORT FILE [busy=N] [reject=N] [brief]

Each message that is taken becomes a JSON object in a line of FILE. The first `busy` messages are
answered 503 with Retry-After; of the first message of spans that is taken, `reject` are rejected.
With `brief` a line holds only how many spans or series came, and how many spans there were in all,
each counted once. Prints "ready" when it listens.
"""

import gzip
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

PATH, OPTIONS = sys.argv[2], dict(word.partition("=")[::2] for word in sys.argv[3:])
LOCK = threading.Lock()
LEFT = {name: int(OPTIONS.get(name, 0)) for name in ("busy", "reject")}
BRIEF = "brief" in OPTIONS
SEEN = set()


def values(attributes):
    """Attributes as an object."""
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in attributes}


def span(one, resource):
    return {
        "trace_id": one.trace_id.hex(),
        "span_id": one.span_id.hex(),
        "parent_span_id": one.parent_span_id.hex(),
        "flags": one.flags,
        "name": one.name,
        "kind": Span.SpanKind.Name(one.kind),
        "start_ns": one.start_time_unix_nano,
        "end_ns": one.end_time_unix_nano,
        "status": Status.StatusCode.Name(one.status.code),
        "attributes": values(one.attributes),
        "resource": values(resource.attributes),
    }


def point(kind, one):
    told = {"attributes": values(one.attributes), "start_ns": one.start_time_unix_nano, "at_ns": one.time_unix_nano}
    if kind != "histogram":
        return told | {"value": getattr(one, one.WhichOneof("value"))}
    return told | {
        "count": one.count,
        "sum": one.sum,
        "max": one.max,
        "buckets": list(one.bucket_counts),
        "bounds": list(one.explicit_bounds),
    }


def metric(one):
    kind = one.WhichOneof("data")
    data = getattr(one, kind)
    return {
        "name": one.name,
        "unit": one.unit,
        "description": one.description,
        "kind": kind,
        "temporality": getattr(data, "aggregation_temporality", None),
        "monotonic": getattr(data, "is_monotonic", None),
        "points": [point(kind, each) for each in data.data_points],
    }


def told(path, body):
    """What a message says, as an object."""
    if path == "/v1/traces":
        message = ExportTraceServiceRequest.FromString(body)
        scopes = [(r.resource, s) for r in message.resource_spans for s in r.scope_spans]
        if BRIEF:
            ids = [each.trace_id + each.span_id for _, s in scopes for each in s.spans]
            SEEN.update(ids)
            return {"signal": "traces", "spans": len(ids), "different": len(SEEN)}
        return {"signal": "traces", "spans": [span(each, r) for r, s in scopes for each in s.spans]}
    message = ExportMetricsServiceRequest.FromString(body)
    metrics = [each for r in message.resource_metrics for s in r.scope_metrics for each in s.metrics]
    return {"signal": "metrics", "metrics": len(metrics) if BRIEF else [metric(each) for each in metrics]}


class Collector(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.body()
        with LOCK:
            if LEFT["busy"] > 0:
                LEFT["busy"] -= 1
                return self.answer(503, b"", {"Retry-After": "1"})
            if self.path not in ("/v1/traces", "/v1/metrics"):
                return self.answer(404, b"", {})
            line = told(self.path, body)
            answer = ExportMetricsServiceResponse()
            if line["signal"] == "traces":
                answer = ExportTraceServiceResponse()
                answer.partial_success.rejected_spans, LEFT["reject"] = LEFT["reject"], 0
            line["headers"] = {name.lower(): value for name, value in self.headers.items()}
            with open(PATH, "a") as file:
                file.write(json.dumps(line) + "\n")
        self.answer(200, answer.SerializeToString(), {"Content-Type": "application/x-protobuf"})

    def body(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        return gzip.decompress(body) if self.headers["Content-Encoding"] == "gzip" else body

    def answer(self, status, body, headers):
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Collector)
print("ready", flush=True)
server.serve_forever()
