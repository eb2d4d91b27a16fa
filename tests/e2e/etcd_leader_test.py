"""`up` begins while an etcd says that its leader moves, or that there is none: from its first call on, or from one behind.

A proxy that speaks gRPC stands before a real etcd and says so, for a while, as a member of a cluster does: of a leader
that changed behind a request nobody knows whether it was done, so of two one was; without a leader nothing is done, and
a member still tells how it is."""
from peers import *
from serving import *

own_network()

PROXY = r"""
import sys, threading, time
from concurrent import futures
import grpc
port, etcd, says, at, seconds, said = sys.argv[1:]
raw = {"request_serializer": None, "response_deserializer": None}
channel = grpc.insecure_channel("127.0.0.1:" + etcd)
lock, calls, until = threading.Lock(), 0, 0
def number(request):
    # Of the calls from the first one that has these bytes on, for so long; 0: none of them.
    global calls, until
    with lock:
        if not until and at.encode() in request:
            until = time.monotonic() + float(seconds)
        calls += time.monotonic() < until
        return calls if time.monotonic() < until else 0
def meta(context):
    return [(k, v) for k, v in context.invocation_metadata() if not k.startswith((":", "grpc-", "user-agent"))]
def refuse(context):
    with open(said, "a") as f:
        f.write(".")
    context.abort(grpc.StatusCode.UNAVAILABLE, "etcdserver: " + says)
class Proxy(grpc.GenericRpcHandler):
    def service(self, details):
        name = details.method
        def one(request, context):
            n = 0 if "Maintenance" in name else number(request)
            if n and (says == "no leader" or n % 2):
                refuse(context)
            try:
                answer = channel.unary_unary(name, **raw)(request, metadata=meta(context), timeout=20)
            except grpc.RpcError as e:
                context.abort(e.code(), e.details())
            if n:
                refuse(context)
            return answer
        def many(requests, context):
            if number(b""):
                refuse(context)
            call = channel.stream_stream(name, **raw)(requests, metadata=meta(context))
            context.add_callback(call.cancel)
            try:
                yield from call
            except grpc.RpcError as e:
                context.abort(e.code(), e.details())
        if name.endswith(("/Watch", "/LeaseKeepAlive", "/Snapshot")):
            return grpc.stream_stream_rpc_method_handler(many)
        return grpc.unary_unary_rpc_method_handler(one)
server = grpc.server(futures.ThreadPoolExecutor(64))
server.add_generic_rpc_handlers((Proxy(),))
server.add_insecure_port("127.0.0.1:" + port)
server.start()
server.wait_for_termination()
"""


class Begins:
    def __init__(self, etcd, node, says, at, seconds):
        self.said, port = os.path.join(folder(), "said"), free_port()
        server([python_with("grpc"), write(os.path.join(folder(), "proxy.py"), PROXY), str(port), str(etcd.port), says,
                at, str(seconds), self.said], port)
        self.node, self.server = node, None
        self.url = f"etcd://127.0.0.1:{port}"

    def begin(self):
        self.server = Server(args=["--store", self.url, "--node", self.node])


def begins(says, seconds):
    etcd = Etcd()
    # The first call; the name's key; what was found of the assets.
    all = [Begins(etcd, f"n{i}", says, at, seconds) for i, at in enumerate(("", "/leader/node/", "/state/"))]
    threads = [threading.Thread(target=b.begin) for b in all]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    for b in all:
        true(b.server, f"{b.node} did not begin")
        true(os.path.getsize(b.said) > 1, f"{b.node} was never told that: {says}")
    s = all[0].server
    eventually(lambda: [n["state"] for n in s.json("GET", "/v1/nodes")["items"]] == ["Ready"] * len(all), 30)
    for b in all:
        r = b.server.run("task", "run", "--wait", "--node", b.node, "--", "true")
        equal((r.returncode, r.stderr), (0, ""), b.node)
    for b in all:
        status = b.server.end()
        equal(status, 130, b.server.p.stderr.read())


@case
def up_begins_while_the_leader_moves():
    begins("leader changed", 3.6)  # longer than a call asks again by itself


@case
def up_begins_while_there_is_no_leader():
    begins("no leader", 0.8)


main()
