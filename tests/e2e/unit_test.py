"""Units of a real systemd: what it says of them is heard at once, and a failed one is restarted by it."""
import harness
from serving import *
from systemd import Systemd

SERVE = "ExecStart=/bin/sleep 600"


def config(unit, remedy=True, every="30s"):
    """An asset whose check is hardly ever asked: what is seen soon was pushed."""
    text = f"""
assets: [{{name: web, settle: 100ms}}]
checks: [{{name: unit, asset: web, every: {every}, every_failed: {every}, process: {{unit: {unit}}}}}]
"""
    if remedy:
        text += f"""
remedies: [{{name: restart, asset: web, when: {{state: Failed}}, do: {{restart: {{unit: {unit}}}}}, verify: unit,
            within: 20s, cooldown: 1s}}]
"""
    return write(os.path.join(folder(), "ops.yaml"), text)


def systemd_with(**units):
    systemd = Systemd(**units)
    defer(systemd.remove)
    return systemd


def up(systemd, *args, **kw):
    s = Server(args=["-c", config(*args, **kw)], env={"DBUS_SYSTEM_BUS_ADDRESS": systemd.address})
    defer(s.kill)
    return s


def asset(s):
    status, text = s.ask("GET", "/v1/assets/web")
    return json.loads(text) if status == 200 else {"state": None, "checks": []}


def becomes(s, want):
    eventually(lambda: asset(s)["state"] == want, 20, f"web is not {want}: {asset(s)}")


def story(s):
    return [json.loads(line) for line in s.ok("why", "asset/web", "--all", "-o", "jsonl").splitlines()]


def event_at(events, kind, **fields):
    return next((e for e in events if e["type"] == kind and all(e[k] == v for k, v in fields.items())), None)


@case
def a_unit_that_is_killed_is_seen_and_restarted():
    systemd = systemd_with(web=SERVE)
    systemd.begin("web.service")
    s = up(systemd, "web")
    becomes(s, "Healthy")
    w = s.lines("get", "asset", "web", "-w", "-o", "jsonl")
    eventually(lambda: "\ngateway_watches 1\n" in s.ask("GET", "/metrics")[1], 20, "the watch stands")
    [pid] = systemd.pids("web.service")
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: event_at(w.seen, "state", to="Healthy"), 20, f"{w.seen}")
    failed = event_at(w.seen, "verdict", to="Failed")
    true(failed, w.seen)
    contains(json.dumps(failed), "web.service is failed (signal)")
    equal(event_at(w.seen, "outcome")["reason"], "verified")
    [new] = systemd.pids("web.service")
    true(new != pid)
    told = s.ok("task", "logs", event_at(w.seen, "outcome")["task"])
    contains(told, "restart web.service, which is failed (signal)")
    contains(told, "web.service is active (running)")


@case
def a_unit_without_a_process_is_up_as_well():
    systemd = systemd_with(once="Type=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true")
    systemd.begin("once.service")
    s = up(systemd, "once.service", remedy=False)
    becomes(s, "Healthy")
    systemd.ok("StopUnit", "ss", "once.service", "replace")
    becomes(s, "Failed")
    contains(json.dumps(asset(s)), "not_running")
    systemd.begin("once.service")
    eventually(lambda: asset(s)["checks"][0]["ok"], 20, "its return is told, too")


@case
def a_restart_by_hand_is_no_failure():
    systemd = systemd_with(web=SERVE)
    systemd.begin("web.service")
    s = up(systemd, "web", remedy=False)
    becomes(s, "Healthy")
    for _ in range(10):
        [pid] = systemd.pids("web.service")
        systemd.ok("RestartUnit", "ss", "web.service", "replace")
        eventually(lambda: systemd.pids("web.service") not in ([], [pid]), 20, "it is restarted")
    equal([e["to"] for e in story(s) if e["type"] == "state"], ["Pending", "Healthy"])


@case
def a_restart_that_fails_is_told_with_the_jobs_own_word():
    systemd = systemd_with(bad="Type=oneshot\nExecStart=/bin/false", web=SERVE)
    s = up(systemd, "web", remedy=False)
    action = write(os.path.join(folder(), "restart.yaml"), "restart: {unit: bad}\n")
    r = s.run("task", "run", "--wait", "-f", action)
    true(r.returncode != 0, r.stdout + r.stderr)
    contains(s.ok("task", "logs", r.stdout.split()[0]) + s.ok("get", "task", r.stdout.split()[0], "-o", "json"),
             "systemd's job to restart bad.service ended as 'failed'")
    action = write(os.path.join(folder(), "restart.yaml"), "restart: {unit: nobody}\n")
    r = s.run("task", "run", "--wait", "-f", action)
    true(r.returncode != 0, r.stdout + r.stderr)


@case
def the_end_of_systemd_is_no_verdict():
    systemd = systemd_with(web=SERVE)
    systemd.begin("web.service")
    s = up(systemd, "web", remedy=False, every="100ms")
    becomes(s, "Healthy")
    systemd.end()
    becomes(s, "Unknown")
    systemd.start()
    systemd.begin("web.service")
    becomes(s, "Healthy")


@case
def a_daemon_reload_changes_nothing_and_what_it_brings_is_seen():
    systemd = systemd_with()
    s = up(systemd, "late", remedy=False, every="200ms")
    becomes(s, "Failed")
    systemd.unit("late.service", SERVE)
    systemd.ok("Reload")
    systemd.begin("late.service")
    eventually(lambda: asset(s)["checks"][0]["ok"], 20, "its beginning is told")


harness.main()
