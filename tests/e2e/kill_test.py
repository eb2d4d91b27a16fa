"""kill -9 in a loop: no put that was acknowledged is ever lost. FIREBREAK_KILLS says how often (30)."""
import random

from serving import *

own_network()

KILLS = int(os.environ.get("FIREBREAK_KILLS", "30"))
SEED = int(os.environ.get("FIREBREAK_KILL_SEED", "11"))


@case
def what_was_acknowledged_outlives_every_kill():
    rng = random.Random(SEED)
    s = Server()
    writers = [Writer(s, n) for n in range(8)]
    for w in writers:
        w.start()
    acked = revision = in_flight = 0
    for n in range(KILLS):
        before = sum(w.acked for w in writers)
        eventually(lambda: sum(w.acked for w in writers) > before + 8, 20, "nobody is answered")
        time.sleep(rng.random() * 0.03)
        floor = {w.key: w.acked for w in writers}
        in_flight += sum(w.tried > w.acked for w in writers)
        s.kill()
        s.start()
        for w in writers:
            got = int(s.json("GET", f"/v1/store/keys?key={w.key}")["items"][0]["value"])
            true(floor[w.key] <= got <= w.tried, f"kill {n}: {w.key}: {floor[w.key]} was acknowledged, {got} is there")
        now = s.json("GET", "/v1/store/status")["revision"]
        true(now >= revision, f"kill {n}: the revision went back from {revision} to {now}")
        revision = now
    for w in writers:
        w.over = True
    for w in writers:
        w.join(20)
    acked = sum(w.acked for w in writers)
    print(f"# {KILLS} kills, {acked} puts tried and acknowledged at least once, {in_flight} under way at a kill", flush=True)
    true(in_flight > 0 and acked > KILLS, "nothing was under way: nothing was tried")


main()
