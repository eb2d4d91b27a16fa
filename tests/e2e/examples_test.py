"""The examples do what they say, each in a folder and a network of its own."""
import harness
from serving import *

own_network()


def example(name):
    """As ./run -- -c examples/NAME starts it."""
    d = folder()
    here = os.path.join(ROOT, "examples", name)
    s = Server.__new__(Server)
    s.data, s.logs = data_folder(), None
    s.env = {"FIREBREAK_DATA": s.data, "FIREBREAK_VAR_HERE": here, "FIREBREAK_VAR_DIR": d}
    s.socket, s.args = os.path.join(s.data, "firebreak.sock"), ["-c", here]
    s.start()
    return s, d


def becomes(s, name, want, seconds=40):
    eventually(lambda: s.ask("GET", f"/v1/assets/{name}")[1].count(f'"state":"{want}"'), seconds, f"{name}: {want}")


def types(s, name):
    return [json.loads(line)["type"] for line in s.ok("why", f"asset/{name}", "-o", "jsonl").splitlines()]


def kill(*names):
    subprocess.run(["pkill", "-9", "-x", "|".join(names)])


@case
def web_and_db():
    harness._cleanup.callback(kill, "demo-web", "demo-db")
    s, _ = example("web-and-db")
    becomes(s, "db", "Healthy"), becomes(s, "web", "Healthy")  # it has started them itself
    kill("demo-web")
    becomes(s, "web", "Failed"), becomes(s, "web", "Healthy")
    equal(types(s, "web"), ["observation", "verdict", "decision", "task", "outcome", "state"])
    # The database goes: the web server has nothing to be repaired for.
    kill("demo-db")
    becomes(s, "db", "Failed"), becomes(s, "db", "Healthy"), becomes(s, "web", "Healthy")


@case
def config_drift():
    s, d = example("config-drift")
    becomes(s, "app-config", "Healthy")
    meant = open(f"{d}/app.conf").read()
    with open(f"{d}/app.conf", "a") as f:
        f.write("port = 666\n")
    eventually(lambda: open(f"{d}/app.conf").read() == meant, 20, "put back")
    becomes(s, "app-config", "Healthy")
    true("outcome" in types(s, "app-config"))


main()
