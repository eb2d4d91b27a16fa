"""`firebreak probe` through proxies that the environment names: tinyproxy, and such as refuse."""
from harness import *
from certificate import Pair, tls_server


def tinyproxy(*lines):
    port, d = free_port(), folder()
    conf = write(os.path.join(d, "conf"), "\n".join(
        [f"Port {port}", "Listen 127.0.0.1", "Allow 127.0.0.1", "Timeout 10", "MaxClients 20", *lines]) + "\n")
    server([need("tinyproxy"), "-d", "-c", conf], port)
    return port


def web(seen):
    def talk(connection):
        head = b""
        while b"\r\n\r\n" not in head:
            part = connection.recv(4096)
            if not part:
                return
            head += part
        seen.append(head)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
    return Listener(talk).port


def through(port, *args, **more):
    env = {"http_proxy": f"http://127.0.0.1:{port}", "https_proxy": f"127.0.0.1:{port}", **more}
    return probe_one(*args, env=env)


@case
def http_and_https_go_through_tinyproxy():
    seen, proxy, pair = [], tinyproxy(), Pair()
    port = web(seen)
    r = through(proxy, f"http://localhost:{port}/a?b", "--body", "hello")
    equal((r["ok"], r["address"], r["status"]), (True, f"127.0.0.1:{proxy}", 200), str(r))
    contains(seen[0], b"GET /a?b HTTP")
    contains(seen[0].lower(), b"via:")
    tls = tls_server(pair)
    r = through(proxy, f"https://localhost:{tls}/", "--ca", pair.cert)
    equal((r["ok"], r["address"]), (True, f"127.0.0.1:{proxy}"), str(r))
    true(r["tls_ms"] > 0)
    equal(through(proxy, f"https://localhost:{tls}/")["reason"], "tls_untrusted")
    # what is excluded goes straight
    for none in ("localhost", ".localhost", "*", f"localhost:{port}", "x.test, localhost"):
        r = through(proxy, f"http://localhost:{port}/", no_proxy=none)
        equal((r["ok"], r["address"]), (True, f"127.0.0.1:{port}"), f"{none}: {r}")
    for none in ("127.0.0.0/8", "127.0.0.1", f"127.0.0.1:{port}"):
        equal(through(proxy, f"http://127.0.0.1:{port}/", no_proxy=none)["address"], f"127.0.0.1:{port}", none)
    for none in ("alhost", "localhost:1", "127.0.0.1", "10.0.0.0/8", ""):
        equal(through(proxy, f"http://localhost:{port}/", no_proxy=none)["address"], f"127.0.0.1:{proxy}", none)
    # other kinds have nothing to do with it
    equal(through(1, f"127.0.0.1:{port}")["ok"], True)


@case
def http2_goes_through_a_tunnel():
    proxy, pair, port, plain, d = tinyproxy(), Pair(), free_port(), free_port(), folder()
    write(os.path.join(d, "index.html"), "hello")
    server([need("nghttpd"), "-a", "127.0.0.1", "-d", d, str(port), pair.key, pair.cert], port)
    server([need("nghttpd"), "-a", "127.0.0.1", "-d", d, "--no-tls", str(plain)], plain)
    for target in (f"h2://localhost:{port}/", f"https://localhost:{port}/", f"h2c://localhost:{plain}/"):
        r = through(proxy, target, "--ca", pair.cert, "--body", "hello")
        equal((r["ok"], r["address"], r["status"]), (True, f"127.0.0.1:{proxy}", 200), str(r))


@case
def the_way_through_a_proxy_is_explained():
    proxy, pair, d, port = tinyproxy(), Pair(), folder(), free_port()
    write(os.path.join(d, "index.html"), "hello")
    server([need("nghttpd"), "-a", "127.0.0.1", "-d", d, str(port), pair.key, pair.cert], port)
    env = {"https_proxy": f"127.0.0.1:{proxy}"}
    text = firebreak("probe", "--explain", f"https://localhost:{port}/", "--ca", pair.cert, env=env).stdout
    for part in (f"through 127.0.0.1:{proxy}", f"127.0.0.1:{proxy} answered", "ALPN h2", "HTTP/2 200", "verdict   ok"):
        contains(text, part)
    text = firebreak("probe", "--explain", f"https://localhost:{port}/", env={"https_proxy": "127.0.0.1:1"}).stdout
    for part in ("through 127.0.0.1:1", "Connection refused", "proxy_refused", "no_proxy=HOST goes around it"):
        contains(text, part)


@case
def a_proxy_may_want_a_login():
    seen, proxy = [], tinyproxy("BasicAuth me pass1")
    port = web(seen)
    r = through(proxy, f"http://localhost:{port}/")
    equal(r["reason"], "proxy_refused", str(r))
    contains(r["detail"], "407")
    r = through(proxy, f"https://localhost:{port}/")
    equal(r["reason"], "proxy_refused", str(r))
    contains(r["detail"], "407")
    r = probe_one(f"http://localhost:{port}/", env={"http_proxy": f"http://me:p%61ss1@127.0.0.1:{proxy}/"})
    equal(r["ok"], True, str(r))
    true(b"Proxy-Authorization" not in seen[-1] and b"pass1" not in seen[-1])


@case
def a_proxy_that_refuses_says_so():
    seen, proxy = [], tinyproxy("ConnectPort 1")
    r = through(proxy, "https://localhost:2/")
    equal((r["reason"], r["address"]), ("proxy_refused", f"127.0.0.1:{proxy}"), str(r))
    contains(r["detail"], "403")
    closed = free_port()
    for url in ("http://localhost/", "https://localhost/", "ws://localhost/"):
        r = through(closed, url)
        equal(r["reason"], "proxy_refused", str(r))
        contains(r["detail"], "refused")
    r = probe_one("http://localhost/", env={"http_proxy": "socks5://127.0.0.1:1"})
    equal(r["reason"], "proxy_refused", str(r))
    contains(r["detail"], "socks5")


@case
def what_is_no_proxy():
    for answer, reasons in [(b"SSH-2.0-x\r\n", {"proxy_refused"}), (b"HTTP/1.1 200", {"proxy_refused"}), (b"", {"proxy_refused"}),
                            (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 20000 + b"\r\n\r\n", {"proxy_refused"}),
                            (b"HTTP/1.1 302 Found\r\nLocation: http://evil.test/\r\n\r\n", {"proxy_refused"}),
                            (b"HTTP/1.1 200 OK\r\n\r\nplain", {"tls_protocol"})]:
        def talk(connection, answer=answer):
            connection.recv(4096)
            connection.sendall(answer)
            time.sleep(0.3)
        r = through(Listener(talk).port, "https://localhost:9/", "--timeout", "1s")
        true(r["reason"] in reasons, f"{answer[:30]}: {r}")
        true(r["detail"])
    r = unspoilt(lambda: through(Listener(lambda c: time.sleep(2)).port, "https://localhost:9/", "--timeout", "300ms"))
    equal(r["reason"], "timeout", str(r))


@case
def websockets_go_through_a_tunnel():
    seen = []

    def talk(connection):  # a proxy of the test's own, to see the request
        head = b""
        while b"\r\n\r\n" not in head:
            head += connection.recv(1)
        seen.append(head)
        host, port = head.split()[1].decode().rsplit(":", 1)
        with socket.create_connection((host, int(port))) as up:
            connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            threading.Thread(target=pump, args=(up, connection), daemon=True).start()
            pump(connection, up)

    def pump(a, b):
        with contextlib.suppress(OSError):
            while data := a.recv(65536):
                b.sendall(data)
    port = free_port()
    script = ("import asyncio, sys, websockets\nasync def talk(ws, path):\n    async for _ in ws: pass\n"
              "async def main():\n    async with websockets.serve(talk, '127.0.0.1', int(sys.argv[1])):\n"
              "        await asyncio.Future()\nasyncio.run(main())\n")
    server([python_with("websockets"), write(os.path.join(folder(), "ws.py"), script), str(port)], port)
    proxy = Listener(talk).port
    r = through(proxy, f"ws://127.0.0.1:{port}/x")
    equal((r["ok"], r["address"], r["target"]), (True, f"127.0.0.1:{proxy}", f"ws://127.0.0.1:{port}/x"), str(r))
    contains(seen[0], f"CONNECT 127.0.0.1:{port} HTTP/1.1".encode())


main()
