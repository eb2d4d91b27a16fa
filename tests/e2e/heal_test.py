"""Self-healing: what breaks is repaired, and says why; what people say to it holds."""
from serving import *

own_network()


def config(text):
    return write(os.path.join(folder(), "ops.yaml"), text)


def watched(port, name="web", settle="100ms", more=""):
    """An asset with one check of a port, which is asked often."""
    return f"""
assets:
  - {{name: {name}, settle: {settle}{more}}}
checks:
  - {{name: {name}-port, asset: {name}, every: 100ms, every_failed: 100ms, tcp: {{target: "127.0.0.1:{port}"}}}}
"""


def state(s, name="web"):
    return s.json("GET", f"/v1/assets/{name}")["state"]


def becomes(s, want, name="web", seconds=20):
    eventually(lambda: state(s, name) == want, seconds, f"{name} is not {want}")


def story(s, what, *more):
    return [json.loads(line) for line in s.ok("why", what, "-o", "jsonl", *more).splitlines()]


def types(s, what, *more):
    return [e["type"] for e in story(s, what, *more)]


# ---- why ----

@case
def why_of_what_is_not_there_says_so():
    s = Server(args=["-c", config(watched(free_port()))])
    r = s.run("why", "asset/nobody")
    equal(r.returncode, 1)
    contains(r.stderr, "there is no asset 'nobody'")
    r = s.run("why", "nobody")
    equal(r.returncode, 2)
    contains(r.stderr, "neither KIND/NAME")
    r = s.run("why", "0" * 32)
    equal(r.returncode, 1)
    contains(r.stderr, "no event has the trace id")
    equal(s.run("why", "node/x").returncode, 2)
    equal(s.ask("POST", "/v1/why/asset/web")[0], 405)


@case
def why_tells_in_sentences_and_events():
    l = Listener()
    s = Server(args=["-c", config(watched(l.port))])
    becomes(s, "Healthy")
    text = s.ok("why", "asset/web")
    contains(text, "asset/web  20")
    contains(text, "Pending -> Healthy: settled")
    last = story(s, "asset/web")[-1]
    equal((last["type"], last["to"], last["asset"]), ("state", "Healthy", "web"))
    listed = json.loads(s.ok("why", "asset/web", "--all", "-o", "json"))
    true(len(listed["items"]) >= 2 and listed["revision"] > 0, listed)
    equal(s.ok("why", "asset/web", "-o", "jsonpath={.items[-1:].to}").strip(), "Healthy")
    equal(story(s, "check/web-port"), story(s, "asset/web"))


# ---- what people say ----

@case
def freeze_is_kept_with_who_and_why():
    s = Server(args=["-c", config(watched(free_port()))])
    equal(s.json("GET", "/v1/freeze"), {"frozen": False})
    contains(s.ok("freeze", "--reason", "moving racks"), "frozen")
    said = s.json("GET", "/v1/freeze")
    equal((said["frozen"], said["reason"]), (True, "moving racks"))
    contains(said["by"], "uid ")
    contains(s.ok("unfreeze"), "goes on")
    equal(s.json("GET", "/v1/freeze"), {"frozen": False})
    equal(s.ask("POST", "/v1/freeze", '{"reason": 7}')[0], 400)
    equal(s.ask("DELETE", "/v1/freeze")[0], 405)


@case
def silences_are_added_listed_and_removed():
    s = Server(args=["-c", config(watched(free_port()))])
    name = s.ok("silence", "add", "-l", "env=test", "--for", "2h", "--reason", "new switch").strip()
    listed = json.loads(s.ok("silence", "list", "-o", "json"))["items"]
    equal([(i["name"], i["selector"], i["reason"]) for i in listed], [(name, "env=test", "new switch")])
    contains(s.ok("silence", "list"), "env=test")
    equal(s.ok("silence", "list", "-o", "name").strip(), name)
    equal(s.ok("silence", "remove", name).strip(), name)
    equal(s.run("silence", "remove", name).returncode, 1)
    for bad in (("add", "-l", "env=test"), ("add", "--for", "1h"), ("add", "-l", "", "--for", "1h"),
                ("add", "-l", "env in (", "--for", "1h"), ("remove",), ("list", name), ("list", "--for", "1h")):
        equal(s.run("silence", *bad).returncode, 2, bad)
    equal(s.ask("POST", "/v1/silences", '{"selector": "a=b", "for_ms": 0}')[0], 400)
    equal(s.ask("PUT", "/v1/silences")[0], 405)


@case
def asset_commands_want_what_they_need():
    s = Server(args=["-c", config(watched(free_port()))])
    r = s.run("asset", "maintain", "web")
    equal(r.returncode, 2)
    contains(r.stderr, "for how long?")
    equal(s.run("asset", "recover", "web", "--for", "1h").returncode, 2)
    r = s.run("asset", "maintain", "nobody", "--for", "1h")
    equal(r.returncode, 1)
    contains(r.stderr, "there is no asset")
    becomes(s, "Failed")
    equal(s.ask("POST", "/v1/assets/web/maintain", '{"for_ms": -1}')[0], 400)
    equal(s.ask("POST", "/v1/assets/web/dance", "{}")[0], 404)


@case
def only_what_failed_is_recovered():
    l = Listener()
    s = Server(args=["-c", config(watched(l.port))])
    becomes(s, "Healthy")
    r = s.run("asset", "recover", "web")
    equal(r.returncode, 1)
    contains(r.stderr, "is Healthy")


main()
