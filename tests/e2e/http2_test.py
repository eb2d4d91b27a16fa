"""`firebreak probe` over HTTP/2: real servers (nginx, haproxy, Go's), with TLS and by prior knowledge, and
servers that break in every way which the protocol has for that."""
import struct

from certificate import Pair
from harness import *

GO_SERVER = r"""
package main

import ("fmt"; "io"; "net/http"; "os"; "time")

func main() {
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %s %s %d %s %s", r.Method, r.Proto, r.Host, len(b), r.Header.Get("X-Key"), r.Header.Get("Authorization"))
	})
	mux.HandleFunc("/abort", func(w http.ResponseWriter, r *http.Request) { panic(http.ErrAbortHandler) })
	mux.HandleFunc("/half", func(w http.ResponseWriter, r *http.Request) {
		w.Write(make([]byte, 100000))
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	})
	mux.HandleFunc("/fields", func(w http.ResponseWriter, r *http.Request) {
		for i := 0; i < 300; i++ { w.Header().Set(fmt.Sprint("x-", i), "v") }
	})
	mux.HandleFunc("/fat", func(w http.ResponseWriter, r *http.Request) { w.Header().Set("x", fmt.Sprintf("%0100000d", 1)) })
	mux.HandleFunc("/huge", func(w http.ResponseWriter, r *http.Request) {
		b := make([]byte, 65536)
		for i := 0; i < 100; i++ { w.Write(b) }
	})
	mux.HandleFunc("/slow", func(w http.ResponseWriter, r *http.Request) { time.Sleep(time.Minute) })
	mux.HandleFunc("/away", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "http://" + r.Host + "/there", 302) })
	mux.HandleFunc("/trailer", func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(103)
		w.Header().Set("Trailer", "X-T")
		w.Write([]byte("body"))
		w.Header().Set("X-T", "1")
	})
	s := &http.Server{Addr: os.Args[1], Handler: mux, Protocols: new(http.Protocols)}
	s.Protocols.SetUnencryptedHTTP2(true)
	panic(s.ListenAndServe())
}
"""


def nginx_server(text):
    d = folder()
    os.chmod(d, 0o755)
    conf = write(os.path.join(d, "nginx.conf"), f"""
        daemon off; pid {d}/pid; user root; error_log {d}/error.log; events {{}}
        http {{
            access_log off; client_body_temp_path {d}/a; proxy_temp_path {d}/b; fastcgi_temp_path {d}/c;
            uwsgi_temp_path {d}/e; scgi_temp_path {d}/f;
            {text}
        }}""")
    return [need("nginx"), "-e", f"{d}/error.log", "-c", conf]


def go_server():
    d, port = folder(), free_port()
    write(os.path.join(d, "main.go"), GO_SERVER)
    write(os.path.join(d, "go.mod"), "module server\ngo 1.24\n")
    subprocess.run([need("go"), "build", "-o", "server", "."], cwd=d, check=True, env={**os.environ, "GOFLAGS": ""})
    server([os.path.join(d, "server"), f"127.0.0.1:{port}"], port)
    return port


@case
def nginx_with_and_without_tls():
    pair, tls, plain, old = Pair(), free_port(), free_port(), free_port()
    server(nginx_server(f"""
        ssl_certificate {pair.cert}; ssl_certificate_key {pair.key};
        server {{
            listen 127.0.0.1:{tls} ssl http2; listen 127.0.0.1:{plain} http2;
            location / {{ return 200 "$request_method $server_protocol $http_host"; }}
            location /moved {{ return 302 /there; }} location /no {{ return 503; }}
        }}
        server {{ listen 127.0.0.1:{old} ssl; location / {{ return 200 "$server_protocol"; }} }}"""), tls)
    ask = lambda target, *args: probe_one(target, "--ca", pair.cert, *args)
    # https takes what the server prefers, h2 nothing but HTTP/2.
    for scheme in ("https", "h2"):
        r = ask(f"{scheme}://localhost:{tls}/", "--body", f"^GET HTTP/2.0 localhost:{tls}$")
        true(r["ok"] and r["status"] == 200 and r["tls_ms"] > 0 and r["first_byte_ms"] >= 0, str(r))
        true(r["days_left"] in (29, 30))
    equal(ask(f"https://localhost:{old}/", "--body", "^HTTP/1.1$")["ok"], True)
    equal(ask(f"h2://localhost:{old}/")["reason"], "tls_protocol")
    equal(probe_one(f"h2://localhost:{tls}/")["reason"], "tls_untrusted")
    # Without TLS nothing is negotiated: it must be known.
    h2c = f"h2c://127.0.0.1:{plain}"
    r = probe_one(h2c + "/", "--method", "PUT", "--body", "^PUT HTTP/2.0")
    equal((r["ok"], r["status"], r["tls_ms"], r["address"]), (True, 200, None, f"127.0.0.1:{plain}"), str(r))
    equal(probe_one(h2c + "/moved", "--body", "HTTP/2.0")["ok"], True)
    equal(probe_one(h2c + "/moved", "--redirects", "0", "--status", "302")["ok"], True)
    equal(probe_one(h2c + "/", "--method", "HEAD")["ok"], True)
    r = probe_one(h2c + "/no")
    equal((r["reason"], r["status"]), ("http_status", 503))
    r = probe_one(f"http://127.0.0.1:{plain}/")
    equal(r["reason"], "protocol")
    contains(r["detail"], "speaks HTTP/2")


@case
def haproxy_with_and_without_tls():
    pair, plain, tls, d = Pair(), free_port(), free_port(), folder()
    both = write(os.path.join(d, "both.pem"), open(pair.cert).read() + open(pair.key).read())
    conf = write(os.path.join(d, "haproxy.cfg"), f"""
defaults
    mode http
    timeout connect 5s
    timeout client 5s
    timeout server 5s
frontend plain
    bind 127.0.0.1:{plain} proto h2
    http-request return status 200 content-type text/plain lf-string "%HV"
frontend tls
    bind 127.0.0.1:{tls} ssl crt {both} alpn h2,http/1.1
    http-request deny deny_status 429
""")
    server([need("haproxy"), "-db", "-f", conf], plain)
    equal(probe_one(f"h2c://127.0.0.1:{plain}/", "--body", "^HTTP/2.0$")["ok"], True)
    r = probe_one(f"https://localhost:{tls}/", "--ca", pair.cert)
    equal((r["reason"], r["status"]), ("http_status", 429), str(r))


@case
def go_s_server():
    at = f"127.0.0.1:{go_server()}"
    ask = lambda path, *args: unspoilt(lambda: probe_one(f"h2c://{at}{path}", "--timeout", "20s", *args))
    equal(ask("/", "--body", f"^GET HTTP/2.0 {at} 0  $")["ok"], True)
    r = probe_one(f"h2c://me:pw@{at}/", "--method", "POST", "--data", "xyz", "--header", "X-Key: k", "--body",
                  f"^POST HTTP/2.0 {at} 3 k Basic bWU6cHc=$")
    equal(r["ok"], True, str(r))
    large = ["--method", "POST", "--data", "x" * 120000]  # more than the server's first window
    equal(ask("/", *large, "--body", " 120000 ")["ok"], True)
    equal(ask("/trailer", "--body", "^body$")["ok"], True)
    # A redirect to the same place by its whole URL is followed in HTTP/2, too.
    equal(ask("/away", "--body", "^GET HTTP/2.0")["ok"], True)
    for path, reason, words in [("/abort", "reset", "INTERNAL_ERROR"), ("/half", "reset", "body"),
                                ("/fields", "too_large", "fields"), ("/fat", "too_large", "65536")]:
        r = ask(path)
        equal(r["reason"], reason, f"{path}: {r}")
        contains(r["detail"], words)
    equal(ask("/huge")["ok"], True)
    equal(ask("/huge", "--body", "x")["reason"], "too_large")
    equal(ask("/slow", "--timeout", "1s")["reason"], "timeout")
    results = probe(*[f"h2c://{at}/{i}" for i in range(200)], "-j", "50", "--timeout", "20s")
    equal({r["reason"] for r in results}, {"ok"})


# ---- servers that break ----

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, CONTINUATION = 0, 1, 3, 4, 6, 7, 9
END_STREAM, END_HEADERS = 1, 4
OK_HEAD = b"\x88"  # :status 200, of the static table


def frame(kind, flags=0, stream=0, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def literal(name, value):
    """A field as HPACK writes it without a table."""
    return b"\0" + bytes([len(name)]) + name + bytes([len(value)]) + value


def says(*frames, settings=True, wait=0):
    """Hears the preface and the request, says these, and closes."""
    def talk(connection):
        heard = b""
        while frame(HEADERS, 5, 1)[3:9] not in heard:
            part = connection.recv(4096)
            if not part:
                return
            heard += part
        true(heard.startswith(PREFACE))
        connection.sendall((frame(SETTINGS) if settings else b"") + b"".join(frames))
        time.sleep(wait)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(4096):
            pass
    return talk


def goaway(code, last=0, words=b""):
    return frame(GOAWAY, payload=struct.pack(">II", last, code) + words)


def ask(talk, *args):
    return unspoilt(lambda: probe_one(f"h2c://127.0.0.1:{Listener(talk).port}/", "--timeout", "20s", *args))


@case
def every_failure_has_its_reason():
    head = frame(HEADERS, END_HEADERS, 1, OK_HEAD)
    whole = frame(HEADERS, END_HEADERS | END_STREAM, 1, OK_HEAD)
    reset_by = lambda code: frame(RST_STREAM, 0, 1, struct.pack(">I", code))
    for talk, reason, words in [
        (says(whole), "ok", ""),
        (says(goaway(0, last=1), whole), "ok", ""),  # goes, but only after this answer
        (says(frame(HEADERS, END_HEADERS, 1, literal(b":status", b"103")), whole), "ok", ""),
        (says(head, frame(PING, payload=bytes(8)), frame(DATA, END_STREAM, 1, b"x")), "ok", ""),
        (says(head, frame(DATA, 0, 1, b"x"), frame(HEADERS, 5, 1, literal(b"x-t", b"1"))), "ok", ""),
        (says(reset_by(2)), "reset", "INTERNAL_ERROR"),
        (says(reset_by(7)), "reset", "REFUSED_STREAM"),
        (says(reset_by(13)), "protocol", "HTTP_1_1_REQUIRED"),
        (says(head, reset_by(8)), "reset", "body: the server reset the stream: CANCEL"),
        (says(goaway(0)), "closed", "GOAWAY"),
        (says(goaway(11, words=b"too \x1b[31mmany")), "closed", "ENHANCE_YOUR_CALM"),
        (says(goaway(1, words=b"bad client")), "protocol", "bad client"),
        (says(), "closed", "without an answer"),
        (says(settings=False), "closed", "without an answer"),
        (says(head), "closed", "body"),
        (says(head, frame(DATA, 0, 1, b"x")), "closed", "inside the body"),
        (says(b"HTTP/1.1 400 Bad Request\r\n\r\n", settings=False), "protocol", "HTTP/1.1 400"),
        (says(b"-ERR unknown command 'PRI'\r\n", settings=False), "protocol", "-ERR"),
        (says(frame(HEADERS, 5, 1, b"\xff\xff\xff\xff\xff\xff")), "protocol", "HTTP/2"),
        (says(frame(HEADERS, 5, 1, literal(b"server", b"x"))), "protocol", "HTTP/2"),  # no status
        (says(frame(HEADERS, 5, 1, literal(b":status", b"abc"))), "protocol", "HTTP/2"),
        (says(frame(HEADERS, 5, 1, OK_HEAD + literal(b"Upper", b"x"))), "protocol", "HTTP/2"),
        (says(frame(HEADERS, 5, 1, OK_HEAD + literal(b"content-length", b"5"))), "protocol", "HTTP/2"),
        (says(frame(DATA, END_STREAM, 1, b"x")), "protocol", "HTTP/2"),  # a body without a head
        (says(frame(SETTINGS, 0, 1)), "protocol", "HTTP/2"),
        (says(b"\xff\xff\xff" + frame(DATA, 0, 1)[3:]), "protocol", "HTTP/2"),  # larger than allowed
        (says(*[frame(HEADERS, END_HEADERS, 1, literal(b":status", b"103"))] * 20), "protocol", "interim"),
        (says(frame(HEADERS, 0, 1, OK_HEAD), *[frame(CONTINUATION, 0, 1, literal(b"a", b"b" * 100) * 100)] * 20),
         "too_large", "fields"),
    ]:
        r = ask(talk)
        equal(r["reason"], reason, str(r))
        contains(r["detail"], words)
        true("\x1b" not in r["detail"], r["detail"])


@case
def who_wants_http_1_1_after_all_is_asked_in_it():
    import ssl
    pair = Pair()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.cert, pair.key)
    context.set_alpn_protocols(["h2", "http/1.1"])
    agreed = []

    def talk(connection):
        with context.wrap_socket(connection, server_side=True) as tls:
            agreed.append(tls.selected_alpn_protocol())
            if agreed[-1] == "h2":
                says(frame(RST_STREAM, 0, 1, struct.pack(">I", 13)))(tls)
            else:
                http_answer(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nold\n")(tls)
    listener = Listener(talk, port=0)
    r = probe_one(f"https://localhost:{listener.port}/", "--ca", pair.cert, "--body", "^old$", "--timeout", "20s")
    equal((r["ok"], agreed), (True, ["h2", "http/1.1"]), str(r))
    r = probe_one(f"h2://localhost:{listener.port}/", "--ca", pair.cert, "--timeout", "20s")
    equal(r["reason"], "protocol", str(r))
    contains(r["detail"], "HTTP_1_1_REQUIRED")


@case
def silence_is_a_timeout():
    quick = ["--timeout", "1s"]
    r = ask(says(settings=False, wait=3), *quick)
    equal(r["reason"], "timeout", str(r))
    contains(r["detail"], "not done within 1s: no HTTP/2 SETTINGS")
    equal(ask(says(wait=3), *quick)["reason"], "timeout")
    r = ask(says(frame(HEADERS, END_HEADERS, 1, OK_HEAD), wait=3), *quick)
    equal((r["reason"], r["status"]), ("timeout", 200))
    contains(r["detail"], "body")

    def pings(connection):  # says much, and no answer
        connection.sendall(frame(SETTINGS))
        for _ in range(100):
            connection.sendall(frame(PING, payload=bytes(8)))
            time.sleep(0.02)
    equal(ask(pings, *quick)["reason"], "timeout")


main()
