// Package ops tells a service that leaks from one that is merely full, and from one that is busy: it
// is restarted where its memory is above 90 % of its limit and still rises.
//
//	./run -- -c examples/memory-health    starts all three, and watches
//	firebreak get asset leaking -w        (in another terminal) says what is done, again and again
package ops

import (
	"time"

	"ops/firebreak" // made by `firebreak config init`, for editors; firebreak itself does not need it
)

var here = firebreak.Var("HERE", firebreak.Env("PWD", "")+"/examples/memory-health")

type service struct{ name, port, step string }

var services = []service{
	{"leaking", "19101", "0.02"},
	{"steady", "19102", "0"},
	{"busy", "19103", "-1"},
}

// Config is what firebreak reads.
var Config = config()

func config() firebreak.Config {
	var c firebreak.Config
	for _, s := range services {
		start := []string{here + "/service", s.name, s.port, s.step}
		of := "{asset=\"" + s.name + "\"}"
		c.Assets = append(c.Assets, firebreak.Asset{Name: s.name, Settle: time.Second})
		c.Scrapes = append(c.Scrapes, firebreak.Scrape{
			Name: s.name, Asset: s.name, Every: time.Second, URL: "http://127.0.0.1:" + s.port + "/metrics",
		})
		c.Checks = append(c.Checks,
			firebreak.Check{
				Name: s.name + "-port", Asset: s.name, Every: time.Second,
				TCP: &firebreak.TCP{Target: "127.0.0.1:" + s.port},
			},
			firebreak.Check{
				Name: s.name + "-memory", Asset: s.name, Every: time.Second,
				Expr: &firebreak.Expr{Query: "process_resident_memory_bytes" + of + " / memory_limit_bytes" + of +
					" > 0.9 and trend(process_resident_memory_bytes" + of + ", 10s) > 1000000"},
			})
		c.Remedies = append(c.Remedies,
			firebreak.Remedy{
				Name: "start-" + s.name, Asset: s.name, When: firebreak.When{Check: s.name + "-port"},
				Verify: s.name + "-port", Cooldown: time.Second,
				Do: firebreak.Action{Run: &firebreak.Run{Argv: start}},
			},
			firebreak.Remedy{
				Name: "restart-" + s.name, Asset: s.name, When: firebreak.When{Check: s.name + "-memory"},
				Cooldown: 5 * time.Second,
				Do: firebreak.Action{Run: &firebreak.Run{Argv: []string{
					"sh", "-c", "kill -9 $(pidof demo-$1); exec \"$0\" \"$@\"",
					start[0], start[1], start[2], start[3],
				}}},
			})
	}
	return c
}
