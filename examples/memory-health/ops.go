// Package ops tells services whose memory is sick from one that is merely full, and from one that is
// busy. There are three signs, and each of the sick ones has one of them: it is restarted.
//
//	./run -- -c examples/memory-health    starts all five, and watches
//	firebreak get asset leaking -w        (in another terminal) says what is done, again and again
//	firebreak why asset/thrashing         says why; hoarding takes half a minute
package ops

import (
	"strings"
	"time"

	"ops/firebreak" // made by `firebreak config init`, for editors; firebreak itself does not need it
)

var here = firebreak.Var("HERE", firebreak.Env("PWD", "")+"/examples/memory-health")

type service struct{ name, port string }

var services = []service{
	{"leaking", "19101"},
	{"steady", "19102"},
	{"busy", "19103"},
	{"thrashing", "19104"},
	{"hoarding", "19105"},
}

// Its windows are seconds, for you are waiting; where nobody is, they are minutes and hours.
type sign struct{ name, query string }

var signs = []sign{
	// Nearly at its limit, and rising: full alone is no trouble.
	{"memory", "process_resident_memory_bytes{A} / memory_limit_bytes{A} > 0.9" +
		" and trend(process_resident_memory_bytes{A}, 10s) > 1000000"},
	// The oldest generation is collected three times as often as usual, while answers became slow.
	{"collections", "rate(gc_collections_total{A,generation=\"2\"}, 4s)" +
		" / rate(gc_collections_total{A,generation=\"2\"}, 30s) > 3" +
		" and step(request_seconds{A,quantile=\"0.99\"}, 4s) > 2"},
	// What is allocated grows, and not because more is asked for.
	{"allocations", "trend(allocated_bytes{A}, 15s) > 500000" +
		" and corr(allocated_bytes{A}, requests_per_second{A}, 15s) < 0.3 for 10s"},
}

// Config is what firebreak reads.
var Config = config()

func config() firebreak.Config {
	var c firebreak.Config
	for _, s := range services {
		start := []string{here + "/service", s.name, s.port}
		c.Assets = append(c.Assets, firebreak.Asset{Name: s.name, Settle: time.Second})
		c.Scrapes = append(c.Scrapes, firebreak.Scrape{
			Name: s.name, Asset: s.name, Every: time.Second, URL: "http://127.0.0.1:" + s.port + "/metrics",
		})
		c.Checks = append(c.Checks, firebreak.Check{
			Name: s.name + "-port", Asset: s.name, Every: time.Second,
			TCP: &firebreak.TCP{Target: "127.0.0.1:" + s.port},
		})
		for _, g := range signs {
			c.Checks = append(c.Checks, firebreak.Check{
				Name: s.name + "-" + g.name, Asset: s.name, Every: time.Second,
				Expr: &firebreak.Expr{Query: strings.ReplaceAll(g.query, "{A", "{asset=\""+s.name+"\"")},
			})
		}
		c.Remedies = append(c.Remedies,
			firebreak.Remedy{
				Name: "start-" + s.name, Asset: s.name, When: firebreak.When{Check: s.name + "-port"},
				Verify: s.name + "-port", Cooldown: time.Second,
				Do: firebreak.Action{Run: &firebreak.Run{Argv: start}},
			},
			firebreak.Remedy{
				Name: "restart-" + s.name, Asset: s.name, When: firebreak.When{State: "Degraded"},
				Cooldown: 5 * time.Second,
				Do: firebreak.Action{Run: &firebreak.Run{Argv: []string{
					"sh", "-c", "kill -9 $(pidof demo-$1); exec \"$0\" \"$@\"", start[0], start[1], start[2],
				}}},
			})
	}
	return c
}
