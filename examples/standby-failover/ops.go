// Package ops has a database with a standby, and a front that hands its clients to whichever has the
// work: where that is, stands in Firebreak's store.
//
//	./run -- -c examples/standby-failover      starts all three, and watches
//	kill -9 $(pidof demo-db-1)                 (in another terminal) the standby takes over
//	curl http://127.0.0.1:19200/               says who answers
//	firebreak why asset/db-1                   says why
package ops

import (
	"time"

	"ops/firebreak" // made by `firebreak config init`, for editors; firebreak itself does not need it
)

var (
	here = firebreak.Var("HERE", firebreak.Env("PWD", "")+"/examples/standby-failover")
	data = firebreak.Env("FIREBREAK_DATA", "/var/lib/firebreak")
)

func port(name, address string) firebreak.Check {
	return firebreak.Check{
		Name: name + "-port", Asset: name, Every: time.Second, TCP: &firebreak.TCP{Target: address},
	}
}

func start(name string, words ...string) firebreak.Remedy {
	argv := append([]string{here + "/service"}, words...)
	return firebreak.Remedy{
		Name: "start-" + name, Asset: name, Within: 10 * time.Second, Cooldown: time.Second, MaxPerHour: 60,
		Do: firebreak.Action{Run: &firebreak.Run{Argv: argv}},
	}
}

// Config is what firebreak reads.
var Config = config()

func config() firebreak.Config {
	// The primary is started once an hour. One that dies more often is not trusted: then the
	// standby has the work, until somebody gives it back.
	primary := start("db-1", "backend", "db-1", "19201")
	primary.MaxPerHour = 1
	return firebreak.Config{
		Assets: []firebreak.Asset{
			{Name: "db-1", Standby: "db-2", Settle: time.Second},
			{Name: "db-2", Settle: time.Second},
			{Name: "front", Settle: time.Second},
		},
		Checks: []firebreak.Check{
			port("db-1", "127.0.0.1:19201"), port("db-2", "127.0.0.1:19202"), port("front", "127.0.0.1:19200"),
		},
		Remedies: []firebreak.Remedy{
			primary,
			{
				Name: "take-over", Asset: "db-1", Within: 10 * time.Second, Cooldown: time.Minute,
				Do:       firebreak.Action{Failover: &firebreak.Failover{}},
				Rollback: &firebreak.Action{Failover: &firebreak.Failover{To: "db-1"}},
			},
			start("db-2", "backend", "db-2", "19202"),
			start("front", "front", "19200", data, "db-1", "19201", "19202"),
		},
	}
}
